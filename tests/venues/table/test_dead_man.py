"""The dead man's switch of the table on unmodified ccxt: what goes out, and what the venue's answers mean."""

from typing import Any

import pytest

from deskbot.core.events import ACCEPTED, REJECTED, UNKNOWN
from deskbot.venues.ccxt_import import load_errors
from deskbot.venues.dead_man import DeadManSwitch
from deskbot.venues.table import TABLE
from deskbot.venues.table.model import SPOT, SWAP
from tests.venues.table.captured import SYMBOLS, Request, exchange_of, market_of

pytestmark = pytest.mark.component
errors = load_errors()


class Account:
    """One account behind a switch; `answers` are given to its requests in turn."""

    def __init__(self, exchange: str, kind: str, **answers: Any) -> None:
        row = TABLE[exchange, kind]
        self.exchange, self.sent = exchange_of(row, kind)
        self.switch = DeadManSwitch(exchange, kind)
        self.switch.serve({SYMBOLS[kind]: market_of(row, kind)})
        self.answers = answers
        inner = self.exchange.fetch

        async def fetch(url: str, *rest: Any) -> Any:
            usual = await inner(url, *rest)
            found = [answer for part, answer in self.answers.items() if part in url.replace("-", "_")]
            if found and isinstance(found[0], Exception):
                raise found[0]
            return found[0] if found else usual

        self.exchange.fetch = fetch

    async def arm(self, seconds: int) -> tuple[str, str]:
        try:
            return await self.switch.arm(self.exchange, seconds)
        finally:
            await self.exchange.close()

    def last(self) -> Request:
        return self.sent[-1]


async def test_binance_usdm_winds_up_a_countdown_of_milliseconds_on_each_symbol() -> None:
    account = Account("binanceusdm", SWAP)
    account.switch.serve({"BTC/USDT:USDT": "BTCUSDT", "ETH/USDT:USDT": "ETHUSDT"})
    assert await account.arm(30) == (ACCEPTED, "")
    assert [(one.path, one.fields["symbol"], one.fields["countdownTime"]) for one in account.sent] == [
        ("/fapi/v1/countdownCancelAll", "BTCUSDT", "30000"),
        ("/fapi/v1/countdownCancelAll", "ETHUSDT", "30000"),
    ]


async def test_letting_go_is_a_countdown_of_nothing() -> None:
    account = Account("binanceusdm", SWAP)
    assert await account.arm(0) == (ACCEPTED, "")
    assert account.last().fields["countdownTime"] == "0"


async def test_binance_spot_has_none_and_nothing_is_sent() -> None:
    account = Account("binance", SPOT)
    outcome, reason = await account.arm(30)
    assert (outcome, account.sent) == (REJECTED, [])
    assert reason == "binance has no dead man's switch for Spot"


@pytest.mark.parametrize(("exchange", "kind", "asked", "sent"), [("okx", SWAP, 5, 10), ("okx", SWAP, 300, 120)])
async def test_a_time_outside_the_venues_bounds_becomes_the_nearest_inside(
    exchange: str, kind: str, asked: int, sent: int
) -> None:
    account = Account(exchange, kind)
    assert await account.arm(asked) == (ACCEPTED, "")
    assert account.last().fields["timeOut"] == sent


def _dcp(**products: str) -> dict[str, Any]:
    infos = [{"product": name, "dcpStatus": status, "timeWindow": "10"} for name, status in products.items()]
    return {"retCode": 0, "result": {"dcpInfos": infos}}


async def test_bybit_is_set_once_for_an_account_where_it_is_enabled() -> None:
    account = Account("bybit", SWAP, query_dcp_info=_dcp(DERIVATIVES="ON"))
    assert [await account.arm(30), await account.arm(30), await account.arm(0)] == [(ACCEPTED, "")] * 3
    assert [one.path for one in account.sent] == ["/v5/account/query-dcp-info", "/v5/order/disconnected-cancel-all"]
    assert account.last().fields == {"timeWindow": 30, "product": "DERIVATIVES"}


@pytest.mark.parametrize("answer", [_dcp(), _dcp(SPOT="ON"), _dcp(DERIVATIVES="OFF", SPOT="ON")])
async def test_bybit_is_not_taken_for_armed_where_nobody_enabled_it(answer: dict[str, Any]) -> None:
    account = Account("bybit", SWAP, query_dcp_info=answer)
    outcome, reason = await account.arm(30)
    assert outcome == REJECTED
    assert "account manager" in reason
    assert [one.path for one in account.sent] == ["/v5/account/query-dcp-info"]


async def test_a_spot_bot_on_bybit_arms_the_spot_product() -> None:
    account = Account("bybit", SPOT, query_dcp_info=_dcp(SPOT="ON"))
    assert await account.arm(30) == (ACCEPTED, "")
    assert account.last().fields["product"] == "SPOT"


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (errors.RequestTimeout("binanceusdm timed out"), UNKNOWN),
        (errors.RateLimitExceeded('binanceusdm {"code":-1003,"msg":"Too many requests"}'), UNKNOWN),
        (errors.InvalidNonce('binanceusdm {"code":-1021,"msg":"Timestamp"}'), UNKNOWN),
        (errors.PermissionDenied('binanceusdm {"code":-2015,"msg":"Invalid API-key, IP, or permissions"}'), REJECTED),
    ],
)
async def test_only_a_refusal_of_the_account_itself_means_that_there_is_none(error: Exception, outcome: str) -> None:
    account = Account("binanceusdm", SWAP, countdownCancelAll=error)
    assert (await account.arm(30))[0] == outcome
