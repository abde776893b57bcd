"""The accounts of the simulated venue: keys, opening balances, and what the venue says about the key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum

from deskbot.simulator.numbers import finite


class Trait(StrEnum):
    """What makes an account unlike the ordinary one: unified, one-way, cross margin, a key that trades only.

    `revoked` keys are refused, `foreignip` ones are bound to addresses that are not the client's; `dcp` is
    Bybit's disconnection protection, which its account managers switch on.
    """

    WITHDRAW = "withdraw"
    READ_ONLY = "readonly"
    HEDGE = "hedge"
    CLASSIC = "classic"
    ISOLATED = "isolated"
    NO_TRADING = "notrading"
    REVOKED = "revoked"
    FOREIGN_IP = "foreignip"
    DISCONNECTION_PROTECTION = "dcp"


@dataclass(frozen=True, slots=True)
class Account:
    """One API key and the account behind it."""

    key: str
    secret: str = field(repr=False)
    balances: Mapping[str, Decimal]
    traits: frozenset[Trait] = frozenset()
    ips: tuple[str, ...] = ("127.0.0.1",)


def changed(account: Account, trait: Trait, *, undo: bool = False) -> Account:
    """The account with a trait more, or less."""
    return replace(account, traits=account.traits - {trait} if undo else account.traits | {trait})


def parse_account(text: str) -> Account:
    """`KEY:SECRET:USDT=10000,BTC=1` or `KEY:SECRET:USDT=10000:withdraw,hedge`.

    Raises ValueError with one line that never repeats the secret.
    """
    parts = text.split(":")
    if len(parts) not in (3, 4) or not parts[0] or not parts[1]:
        raise ValueError("an account is KEY:SECRET:COIN=AMOUNT[,COIN=AMOUNT...][:TRAIT,...]")
    return Account(
        key=parts[0],
        secret=parts[1],
        balances=dict(_parse_balance(parts[0], item) for item in parts[2].split(",") if item),
        traits=frozenset(_parse_trait(parts[0], item) for item in parts[3].split(","))
        if len(parts) == 4
        else frozenset(),
    )


def _parse_balance(key: str, item: str) -> tuple[str, Decimal]:
    coin, _, amount = item.partition("=")
    value = finite(amount)
    if not coin.isalnum() or value is None or value < 0:
        raise ValueError(f"account {key}: {item!r} is no balance; write COIN=AMOUNT, such as USDT=10000")
    return coin.upper(), value


def _parse_trait(key: str, item: str) -> Trait:
    try:
        return Trait(item)
    except ValueError:
        raise ValueError(f"account {key}: {item!r} is no trait; one of {', '.join(Trait)}") from None
