"""Whatever a client sends, every handler answers or refuses in Bybit's terms; nothing else comes out of it."""

import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from deskbot.matching import Exchange
from deskbot.simulator.accounts import Account, parse_account
from deskbot.simulator.bybit import codes
from deskbot.simulator.bybit.call import Call
from deskbot.simulator.bybit.dialect import HANDLERS
from tests.simulator.markets import BreathingMarket

NAMES = (
    "category", "symbol", "side", "orderType", "qty", "price", "timeInForce", "orderLinkId", "orderId", "triggerPrice",
    "triggerDirection", "orderFilter", "reduceOnly", "closeOnTrigger", "marketUnit", "positionIdx", "baseCoin",
    "settleCoin", "limit", "cursor", "openOnly", "startTime", "endTime", "execType", "interval", "start", "end",
    "accountType", "coin", "buyLeverage", "sellLeverage", "mode", "status", "request",
)  # fmt: skip
WORDS = (
    "", "linear", "spot", "inverse", "BTCUSDT", "Buy", "Sell", "Limit", "Market", "0.01", "1", "2", "0", "-1", "59000",
    "61000.1", "1e400", "NaN", "GTC", "IOC", "PostOnly", "StopOrder", "Order", "true", "baseCoin", "quoteCoin",
    "UNIFIED",
    "BTC", "USDT", "a:1,b:2", "%3A", "x" * 40, "one", "two", "10", "²",
)  # fmt: skip
VALUES = st.one_of(st.sampled_from(WORDS), st.text(max_size=8), st.integers(-5, 10**18), st.booleans(), st.none())
PARTS = st.lists(st.one_of(VALUES, st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8)), max_size=3)
PLACEHOLDER = re.compile(r"\{(symbol|name|verb|trigger|last|minimum|coin)\}")
LIKELY: dict[str, Any] = {
    "category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.01", "price": "59000",
    "settleCoin": "USDT", "interval": "1", "accountType": "UNIFIED",
}  # fmt: skip


@pytest.fixture(scope="module")
def trading() -> tuple[Exchange, Account]:
    exchange = Exchange(BreathingMarket.listings, seed=1)
    for event in BreathingMarket(steps=5).events():
        exchange.market_event(event)
    account = parse_account("key:secret:USDT=1000000,BTC=10")
    exchange.open_account(account.key, account.balances)
    return exchange, account


@settings(max_examples=300, deadline=None)
@given(
    endpoint=st.sampled_from(sorted(HANDLERS)),
    changes=st.dictionaries(st.sampled_from(NAMES), st.one_of(VALUES, PARTS), max_size=6),
    likely=st.booleans(),
)
def test_every_handler_answers_or_refuses(
    trading: tuple[Exchange, Account], endpoint: tuple[str, str], changes: dict[str, Any], likely: bool
) -> None:
    exchange, account = trading
    call = Call(exchange, exchange.now_ns, (LIKELY if likely else {}) | changes, account)
    answer = _answer(lambda: HANDLERS[endpoint](call))
    exchange.drain_reports()
    if isinstance(answer, codes.Refusal):
        assert answer.code != 0
        assert not PLACEHOLDER.search(answer.message)
    else:
        msgspec.json.encode(answer)


def _answer(work: Callable[[], Any]) -> Any:
    """What comes of it: a result, or the refusal."""
    try:
        return work()
    except codes.Refusal as refusal:
        return refusal


@example(text="²")  # a digit to Python and no number
@given(text=st.text(alphabet="0123456789abc,:%-", max_size=30))
def test_any_cursor_is_a_place_in_the_list_or_refused(trading: tuple[Exchange, Account], text: str) -> None:
    exchange, account = trading
    call = Call(exchange, exchange.now_ns, {"category": "spot", "cursor": text}, account)
    numbers = list(range(30))
    answer = _answer(lambda: call.page(numbers, lambda number: (number, str(number)), 7))
    if isinstance(answer, codes.Refusal):
        assert answer.code == 10001
    else:
        page, cursor = answer
        assert page == sorted(page, reverse=True)
        assert (cursor == "") == (page == [])


@given(count=st.integers(0, 60), size=st.integers(1, 20), seed=st.randoms(use_true_random=False))
def test_pages_join_to_the_whole_list_whatever_ends_in_between(
    trading: tuple[Exchange, Account], count: int, size: int, seed: Any
) -> None:
    exchange, account = trading
    left = {number: f"id-{number}" for number in range(count)}
    seen: list[int] = []
    cursor = ""
    while True:
        call = Call(exchange, 0, {"category": "spot", "cursor": cursor}, account)
        page, cursor = call.page(list(left), lambda number: (number // 3, left.get(number, "")), size)
        if not page:
            break
        seen += page
        gone = seed.sample(sorted(left), min(2, len(left)))
        for number in gone:
            del left[number]
    assert len(seen) == len(set(seen))
    assert set(left) <= set(seen)
