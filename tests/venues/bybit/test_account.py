"""Accounts and keys that must not be used are refused with one line that says what to change."""

from types import SimpleNamespace
from typing import Any

import pytest

from deskbot.core.errors import Blocked
from deskbot.venues.bybit.account import check_position_mode, fee_rates, refuse_account, refuse_key

KEY: dict[str, Any] = {
    "userID": 24600000,
    "readOnly": 0,
    "ips": ["10.0.0.1"],
    "permissions": {"ContractTrade": ["Order", "Position"], "Spot": ["SpotTrade"], "Wallet": []},
}


def test_a_key_that_only_trades_is_fine() -> None:
    refuse_key(KEY, "Swap")
    refuse_key(KEY, "Spot")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"permissions": {**KEY["permissions"], "Wallet": ["AccountTransfer"]}}, "may move money"),
        ({"permissions": {**KEY["permissions"], "Wallet": ["Withdraw", "SubMemberTransfer"]}}, "Withdraw, SubMember"),
        ({"readOnly": 1}, "read-only"),
        (
            {"permissions": {**KEY["permissions"], "ContractTrade": ["Position"]}},
            "lacks the permission ContractTrade/Order",
        ),
        ({"permissions": {}}, "lacks the permission"),
        ({"permissions": None}, "lacks the permission"),
    ],
)
def test_a_key_that_may_do_more_or_less_than_trade_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(Blocked, match=words) as refusal:
        refuse_key({**KEY, **change}, "Swap")
    assert refusal.value.reason == "AccountUnsuitable"
    assert "\n" not in refusal.value.message


def test_spot_needs_the_spot_permission() -> None:
    with pytest.raises(Blocked, match="Spot/SpotTrade"):
        refuse_key({**KEY, "permissions": {**KEY["permissions"], "Spot": []}}, "Spot")


@pytest.mark.parametrize("status", [3, 4, 5, 6])
def test_a_unified_account_is_fine(status: int) -> None:
    refuse_account({"unifiedMarginStatus": status})


@pytest.mark.parametrize("account", [{"unifiedMarginStatus": 1}, {}])
def test_a_classic_account_is_refused(account: dict[str, Any]) -> None:
    with pytest.raises(Blocked, match="not a unified trading account"):
        refuse_account(account)


def _listing(rows: list[dict[str, Any]]) -> Any:
    async def answer(_query: dict[str, Any]) -> dict[str, Any]:
        return {"result": {"list": rows, "nextPageCursor": ""}}

    return SimpleNamespace(privateGetV5PositionList=answer, privateGetV5AccountFeeRate=answer)


async def test_hedge_mode_is_refused_even_with_no_position_in_it() -> None:
    hedged = [{"positionIdx": 1, "side": "", "size": "0"}, {"positionIdx": 2, "side": "", "size": "0"}]
    with pytest.raises(Blocked, match="hedge mode"):
        await check_position_mode(_listing(hedged), "BTC/USDT:USDT", "BTCUSDT")
    await check_position_mode(_listing([{"positionIdx": 0, "leverage": "10"}]), "BTC/USDT:USDT", "BTCUSDT")


async def test_fee_rates_are_the_accounts_own_and_never_guessed() -> None:
    rows = [{"symbol": "BTCUSDT", "makerFeeRate": "0.0001", "takerFeeRate": "0.0004"}]
    assert await fee_rates(_listing(rows), "Swap", "BTCUSDT") == ("0.0001", "0.0004")
    with pytest.raises(Blocked, match="no fee rate"):
        await fee_rates(_listing([]), "Swap", "BTCUSDT")
