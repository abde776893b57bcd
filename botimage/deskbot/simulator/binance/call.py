"""One request as its handler sees it: who asks, on which side of the venue, with which parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from deskbot.matching import Category, Exchange, Listing
from deskbot.simulator.accounts import Account
from deskbot.simulator.binance import codes
from deskbot.simulator.binance.desk import Desk
from deskbot.simulator.numbers import finite

Json = dict[str, Any]
Reply = Json | list[Any]


@dataclass(slots=True)
class Call:
    """A request that passed authentication (`account` is None on public endpoints). `now_ns` is venue time.

    `said_ns` is what the venue's clock says, which a fault can skew. `category` is the side of the venue that was
    asked; spot and futures have symbols of their own.
    """

    exchange: Exchange
    now_ns: int
    category: Category
    parameters: Mapping[str, str]
    desk: Desk
    account: Account | None = None
    said_ns: int = 0
    extra: Json = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The account's API key; only private endpoints may ask."""
        assert self.account is not None  # noqa: S101 - the dialect never calls a private handler without one
        return self.account.key

    @property
    def spot(self) -> bool:
        return self.category is Category.SPOT

    @property
    def now_ms(self) -> int:
        return self.now_ns // 1_000_000

    def text(self, name: str) -> str:
        """A parameter, "" where it is missing."""
        return self.parameters.get(name, "")

    def required(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise codes.MANDATORY.refusal(self.category, name=name)
        return value

    def flag(self, name: str) -> bool:
        return self.text(name).lower() == "true"

    def decimal(self, name: str) -> Decimal | None:
        """None where it is missing. Raises `Refusal` for anything but a plain number."""
        text = self.text(name)
        if not text:
            return None
        value = finite(text)
        if value is None:
            legal = "^([0-9]{1,20})(\\.[0-9]{1,20})?$"
            raise codes.ILLEGAL.refusal(self.category, name=name, legal=legal)
        return value

    def amount(self, name: str) -> Decimal:
        """A number that has to be there."""
        value = self.decimal(name)
        if value is None:
            raise codes.MANDATORY.refusal(self.category, name=name)
        return value

    def integer(self, name: str) -> int | None:
        text = self.text(name)
        if not text:
            return None
        if not text.isascii() or not text.isdigit():
            raise codes.ILLEGAL.refusal(self.category, name=name, legal="^[0-9]{1,20}$")
        return int(text)

    def limit(self, default: int, most: int) -> int:
        """Page size; one that is too large is cut, as spot does, or refused, as futures do."""
        asked = self.integer("limit")
        if asked is None:
            return default
        if asked > most and not self.spot:
            raise codes.INVALID_PARAMETER.refusal(self.category, name="limit")
        return max(1, min(most, asked))

    def listings(self) -> list[Listing]:
        """The markets of this side of the venue."""
        return [one for one in self.exchange.listings.values() if one.category is self.category]

    def listing(self) -> Listing:
        """The market the request names. Raises `Refusal` for one that is missing or not listed."""
        listing = self.exchange.listings.get(f"{self.category}:{self.required('symbol')}")
        if listing is None:
            raise codes.INVALID_SYMBOL.refusal(self.category)
        return listing
