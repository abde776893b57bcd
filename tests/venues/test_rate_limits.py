"""A venue's limits are kept before it has to say so, and what it says is obeyed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskbot.venues.ccxt_import import load_exchange
from deskbot.venues.pacing import Pacer
from deskbot.venues.rate_limits import NEVER, SECOND, Ask, Bucket, Limit, RateLimits, retry_after_of
from deskbot.venues.rate_tables import RATES

TEN = Limit("orders", 10, 1, ("v5/order/*",), per_path=True, capacity_header="x-limit", left_header="x-left")
WEIGHT = Limit("weight", 100, 60, ("*",), weighted=True, used_header="x-used")
CREATE, CANCEL = Ask("v5/order/create"), Ask("v5/order/cancel", urgent=True)
T0 = 1_790_000_000 * SECOND


def spend(limits: RateLimits, ask: Ask, at: int, most: int = 1000) -> int:
    """Ask as often as one may now."""
    for count in range(most):
        if limits.wait(ask, at):
            return count
        limits.take(ask, at)
    return most


def test_creates_and_questions_stop_at_nine_tenths_and_cancels_go_on_to_the_end() -> None:
    limits = RateLimits([Limit("orders", 10, 1, ("*",))])
    assert limits.tight(T0) == []
    assert spend(limits, CREATE, T0) == 9
    assert limits.tight(T0) == ["orders"]
    assert limits.wait(CREATE, T0) == SECOND
    assert spend(limits, CANCEL, T0) == 1
    assert limits.wait(CANCEL, T0) == SECOND
    assert limits.shares(T0) == {"orders": 1.0}
    assert limits.wait(CREATE, T0 + SECOND) == 0


def test_each_path_has_its_own_bucket_where_the_venue_counts_so() -> None:
    limits = RateLimits([TEN])
    assert spend(limits, CREATE, T0) == 9
    assert spend(limits, Ask("v5/order/realtime"), T0) == 9
    assert limits.shares(T0) == {"orders": 0.9}


def test_a_weight_is_taken_whole_and_one_larger_than_the_limit_waits_for_an_empty_bucket() -> None:
    limits = RateLimits([WEIGHT])
    limits.take(Ask("x", 80), T0)
    assert limits.wait(Ask("x", 10), T0) == 0
    assert limits.wait(Ask("x", 11), T0) == 60 * SECOND
    assert limits.wait(Ask("x", 500), T0) == 60 * SECOND
    assert limits.wait(Ask("x", 500), T0 + 60 * SECOND) == 0


def test_bots_that_share_an_account_keep_each_to_their_part() -> None:
    limits = RateLimits([TEN], shared_by=2)
    assert spend(limits, CREATE, T0) == 4
    assert RateLimits([TEN], shared_by=100).wait(CREATE, T0) == 0, "a part is never nothing"


def test_the_venues_own_count_corrects_ours_upwards() -> None:
    limits = RateLimits([WEIGHT, TEN])
    limits.take(CREATE, T0)
    limits.answered(CREATE, {"x-used": "60", "x-limit": "20", "x-left": "5"}, T0)
    assert limits.shares(T0) == {"weight": 0.6, "orders": 0.75}
    limits.answered(CREATE, {"x-used": "2", "x-limit": "nonsense", "x-left": ""}, T0)
    assert limits.shares(T0) == {"weight": 0.6, "orders": 0.75}


def test_after_too_many_nothing_leaves_for_as_long_as_the_venue_says_but_cancels() -> None:
    limits = RateLimits([WEIGHT])
    limits.refused(CREATE, T0, T0, 3 * SECOND, 0.5)
    assert limits.wait(CREATE, T0) == 3 * SECOND + SECOND // 2
    assert limits.wait(CANCEL, T0) == 0
    assert limits.held_until(T0) == T0 + limits.wait(CREATE, T0)
    assert limits.held_until(T0 + 4 * SECOND) == 0


def test_a_cancel_that_is_refused_too_backs_off_for_much_less() -> None:
    limits = RateLimits([WEIGHT])
    waits = []
    for nanosecond in range(8):
        limits.refused(CANCEL, T0 + nanosecond, T0 + nanosecond, 30 * SECOND, 0.999)
        waits.append(limits.wait(CANCEL, T0))
    assert waits[0] < SECOND // 5
    assert max(waits) < 2 * SECOND
    assert waits == sorted(waits)
    assert limits.wait(CREATE, T0) >= 30 * SECOND


def test_each_refusal_in_a_row_doubles_the_back_off_and_an_answer_ends_it() -> None:
    limits, at = RateLimits([WEIGHT]), T0
    waits = []
    for _ in range(9):
        limits.refused(CREATE, at, at, 0, 0.999)
        waits.append(limits.wait(CREATE, at))
        at += waits[-1]
    assert [round(wait / SECOND) for wait in waits] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    limits.answered(CREATE, {}, at)
    limits.refused(CREATE, at, at, 0, 0.999)
    assert limits.wait(CREATE, at) < SECOND


def test_refusals_of_what_was_asked_together_are_one_refusal() -> None:
    limits = RateLimits([WEIGHT])
    for answer in range(20):
        limits.refused(CREATE, T0, T0 + 1 + answer, 0, 0.999)
    assert limits.wait(CREATE, T0) < SECOND
    limits.refused(CREATE, T0, T0 + 1, 7 * SECOND, 0.999)
    assert limits.wait(CREATE, T0) == 7 * SECOND + 1, "what the venue says is heard all the same"
    assert limits.refusals == 21


def test_an_answer_that_was_under_way_before_the_refusal_does_not_end_the_back_off() -> None:
    limits = RateLimits([WEIGHT])
    limits.refused(CREATE, T0, T0, 0, 0.999)
    limits.answered(CREATE, {}, T0)
    limits.refused(CREATE, T0 + 1, T0 + 1, 0, 0.999)
    assert limits.wait(CREATE, T0) > SECOND


def test_during_a_ban_nothing_leaves_cancels_neither() -> None:
    limits = RateLimits([WEIGHT])
    limits.banned(T0, 120 * SECOND)
    assert limits.wait(CREATE, T0 + 119 * SECOND) == limits.wait(CANCEL, T0 + 119 * SECOND) == NEVER
    assert limits.wait(CANCEL, T0 + 120 * SECOND) == 0
    assert limits.held_until(T0) == T0 + 120 * SECOND


def test_retry_after_is_read_in_seconds_and_nothing_else() -> None:
    assert retry_after_of({"retry-after": "7"}) == 7 * SECOND
    assert retry_after_of({}) == retry_after_of({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}) == 0


@pytest.mark.parametrize(
    ("venue", "markets", "dear"),
    [
        (("bybit", "Swap"), 1, False),
        (("bybit", "Spot"), 20, False),
        (("binance", "Spot"), 1, True),
        (("binance", "Spot"), 12, True),
        (("binance", "Spot"), 13, False),  # 80 + 12 * 13 * 6 against 12 * 80 in a minute
        (("binanceusdm", "Swap"), 36, True),
        (("binanceusdm", "Swap"), 37, False),
    ],
)
def test_open_orders_are_asked_for_in_the_way_that_takes_less(venue: tuple[str, str], markets: int, dear: bool) -> None:
    assert RATES[venue].dear_account(markets) == dear


def test_usdm_counts_orders_in_ten_seconds_and_in_a_minute() -> None:
    """Exchange information of USD-M: ORDERS 300 per 10 seconds and 1200 per minute."""
    limits = RateLimits(RATES["binanceusdm", "Swap"].limits)
    order, at = Ask("POST order", urgent=True), 0
    for number in range(1200):
        at = number * SECOND // 25  # 250 in ten seconds
        assert limits.wait(order, at) == 0
        limits.take(order, at)
    assert 0 < 60 * SECOND - at < limits.wait(order, at) + SECOND * 3
    assert limits.wait(order, 64 * SECOND) == 0


def test_a_steady_stream_within_the_limit_never_waits() -> None:
    bucket = Bucket(100, SECOND)
    for step in range(2000):
        at = T0 + step * SECOND // 90
        assert bucket.wait(1, at, 100) == 0
        bucket.take(1, at)
    assert bucket.used <= 95


@given(st.lists(st.tuples(st.integers(0, 3 * SECOND), st.integers(1, 6)), max_size=80), st.integers(5, 20))
def test_no_window_of_any_kind_ever_holds_more_than_the_limit(asks: list[tuple[int, int]], capacity: int) -> None:
    bucket, at, sent = Bucket(capacity, SECOND), T0, []
    for pause, tokens in asks:
        at += pause
        at += bucket.wait(tokens, at, capacity)
        assert bucket.wait(tokens, at, capacity) == 0
        bucket.take(tokens, at)
        sent.append((at, min(tokens, capacity)))
    for end, _ in sent:
        assert sum(tokens for when, tokens in sent if end - SECOND < when <= end) <= capacity


@given(st.lists(st.tuples(st.integers(0, SECOND), st.booleans()), max_size=60))
def test_a_cancel_never_waits_longer_than_a_create_would(asks: list[tuple[int, bool]]) -> None:
    limits, at = RateLimits([Limit("orders", 10, 1, ("*",))]), T0
    for pause, urgent in asks:
        at += pause
        assert limits.wait(CANCEL, at) <= limits.wait(CREATE, at)
        ask = CANCEL if urgent else CREATE
        if not limits.wait(ask, at):
            limits.take(ask, at)


@pytest.mark.parametrize(
    ("venue", "api", "method", "path", "params", "weight"),
    [
        (("binance", "Spot"), "private", "post", "order", {}, 1),
        (("binance", "Spot"), "private", "get", "order", {}, 4),
        (("binance", "Spot"), "private", "get", "openOrders", {}, 80),
        (("binance", "Spot"), "private", "get", "openOrders", {"symbol": "BTCUSDT"}, 6),
        (("binance", "Spot"), "public", "get", "depth", {"limit": 1000}, 50),
        (("binanceusdm", "Swap"), "fapiPrivate", "get", "openOrders", {}, 40),
        (("binanceusdm", "Swap"), "fapiPrivate", "get", "openOrders", {"symbol": "BTCUSDT"}, 1),
        (("binanceusdm", "Swap"), "fapiPrivate", "get", "openAlgoOrders", {}, 40),
        (("binanceusdm", "Swap"), "fapiPrivate", "get", "openAlgoOrders", {"symbol": "BTCUSDT"}, 1),
        (("binanceusdm", "Swap"), "fapiPublic", "get", "depth", {"limit": 1000}, 20),
    ],
)
def test_a_documented_weight_is_made_of_what_ccxt_states(
    venue: tuple[str, str], api: str, method: str, path: str, params: dict[str, Any], weight: int
) -> None:
    exchange = load_exchange(venue[0])({})
    cost = exchange.calculate_rate_limiter_cost(
        api, method, path, params, exchange.describe()["api"][api][method][path]
    )
    ask = Pacer(RATES[venue], lambda: 0, lambda: 0.5).ask_of(method.upper(), path, api, cost, urgent=False)
    assert ask == Ask(f"{method.upper()} {path}", weight)
