"""`desk kill` decides: what is cancelled, and when a venue counts as proven empty (safety.md 5)."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskbot.core.commands import CancelAll, CancelForeign, QueryOpenOrders
from deskbot.core.events import ACCEPTED, UNKNOWN, CancelAllResult, CancelResult, OpenOrdersAnswer, OrderReport
from deskbot.core.order_life import RECEIVE_WINDOW, SECOND, VISIBILITY_DELAY
from deskbot.core.orders import OPEN
from deskbot.jobs.emptying import Emptying, Request, Scope
from tests.jobs.account import MARKETS, Account

SCOPE = Scope(MARKETS)
SEEDS = st.integers(0, 2**32)
NANOS = st.integers(0, 20 * SECOND)


def _world(seed: int, gone_at: int, trouble: float, orders: int, calm_from: int) -> Account:
    """A bot that sends until it is gone, over a connection as bad as it gets."""
    account, draw = Account(seed, trouble=trouble, calm_from=calm_from), Random(seed)
    for _ in range(orders):
        signed = draw.randrange(gone_at + 1)
        account.bot_sends(signed, draw.randrange(RECEIVE_WINDOW), trigger=draw.random() < 0.3)
    return account


@pytest.mark.control("S5.1")
@settings(max_examples=120)
@given(SEEDS, NANOS, st.floats(0, 0.9), st.integers(0, 12))
def test_s5_confirmed_only_if_the_venue_is_empty_and_nothing_can_arrive_any_more(
    seed: int, gone_at: int, trouble: float, orders: int
) -> None:
    account = _world(seed, gone_at, trouble, orders, calm_from=90 * SECOND)
    kill = Emptying(SCOPE, gone_at)
    account.run(90 * SECOND, kill)
    if kill.confirmed_at:
        assert account.placed == orders
        assert account.open_orders() == []
        assert kill.confirmed_at >= gone_at + RECEIVE_WINDOW + VISIBILITY_DELAY
        assert kill.residual == 0


@settings(max_examples=60)
@given(SEEDS, NANOS, st.floats(0, 1), st.integers(0, 12))
def test_s5_once_the_venue_answers_again_every_kill_is_confirmed(
    seed: int, gone_at: int, trouble: float, orders: int
) -> None:
    account = _world(seed, gone_at, trouble, orders, calm_from=30 * SECOND)
    kill = Emptying(SCOPE, gone_at)
    account.run(80 * SECOND, kill)
    assert kill.confirmed_at > 0, kill.why_not(account.at)
    assert account.open_orders() == []


@pytest.mark.control("S5.8")
@settings(max_examples=40)
@given(SEEDS, st.floats(0, 0.9), st.integers(1, 8), st.integers(0, 30 * SECOND))
def test_s5_two_kills_at_once_and_one_from_half_way_all_come_to_the_same_end(
    seed: int, trouble: float, orders: int, killed_at: int
) -> None:
    """The first is killed somewhere; the second began beside it, the third begins with nothing known."""
    account = _world(seed, 5 * SECOND, trouble, orders, calm_from=30 * SECOND)
    first, second = Emptying(SCOPE, 5 * SECOND), Emptying(SCOPE, 5 * SECOND)
    account.run(killed_at, first, second)
    third = Emptying(SCOPE, 5 * SECOND)
    account.run(120 * SECOND, second, third)
    assert second.done
    assert third.done
    assert account.open_orders() == []


@settings(max_examples=40)
@given(SEEDS, NANOS, st.floats(0, 0.5), st.integers(0, 8))
def test_s5_a_dry_run_cancels_nothing_and_confirms_nothing(
    seed: int, gone_at: int, trouble: float, orders: int
) -> None:
    account = _world(seed, gone_at, trouble, orders, calm_from=30 * SECOND)
    walk = Emptying(SCOPE, gone_at, dry_run=True)
    account.run(60 * SECOND, walk)
    assert all(isinstance(request, QueryOpenOrders) for request in account.sent)
    assert (walk.confirmed_at, walk.walked_at > 0, walk.why_not(account.at)[0]) == (0, True, "DryRun")
    account.run(90 * SECOND)
    assert len(account.open_orders()) == account.placed == orders


# one rule at a time, by hand


def _order(name: str, market: str = MARKETS[0], client_id: str = "", *, trigger: bool = False) -> OrderReport:
    return OrderReport(0, market, client_id, name, 1, 1, 1, 0, OPEN, "", trigger)


def _answer(kill: Emptying, requests: list[Request], at: int, *orders: OrderReport, outcome: str = ACCEPTED) -> None:
    """Answers everything that was asked for."""
    for request in requests:
        if isinstance(request, QueryOpenOrders):
            kill.on_open_orders(OpenOrdersAnswer(at, request.request, True, list(orders)))
        elif isinstance(request, CancelAll):
            kill.on_cancel_all(CancelAllResult(at, request.request, outcome))
        else:
            kill.on_cancel(CancelResult(at, request.venue_id, outcome))


def _drive(kill: Emptying, start: int, end: int, *orders: OrderReport, outcome: str = ACCEPTED) -> list[Request]:
    """Ten steps a second, each answered at once with the same list."""
    sent = []
    for at in range(start, end, SECOND // 10):
        requests = kill.step(at)
        sent += requests
        _answer(kill, requests, at, *orders, outcome=outcome)
    return sent


def test_s5_the_first_step_cancels_everything_and_asks_what_there_is() -> None:
    kill = Emptying(SCOPE, 60 * SECOND)
    assert [type(request) for request in kill.step(SECOND)] == [QueryOpenOrders, CancelAll]


@pytest.mark.control("S5.4")
def test_s5_it_keeps_cancelling_until_the_bots_process_is_gone_however_empty_the_lists_are() -> None:
    kill = Emptying(SCOPE, 60 * SECOND)
    sent = _drive(kill, SECOND, 65 * SECOND)
    cancels = [request for request in sent if isinstance(request, CancelAll)]
    assert (len(cancels) >= 12, kill.done, kill.why_not(64 * SECOND)[0]) == (True, False, "BotMayLive")
    _drive(kill, 65 * SECOND, 70 * SECOND)
    assert kill.confirmed_at >= 68 * SECOND


@pytest.mark.control("S5.1")
def test_s5_two_empty_lists_must_be_a_visibility_delay_apart() -> None:
    kill = Emptying(SCOPE, 0)
    _drive(kill, 6 * SECOND, 6 * SECOND + VISIBILITY_DELAY)
    assert not kill.done
    _drive(kill, 6 * SECOND + VISIBILITY_DELAY, 11 * SECOND)
    assert kill.confirmed_at >= 6 * SECOND + VISIBILITY_DELAY


@pytest.mark.control("S5.1")
def test_s5_an_incomplete_list_counts_for_nothing() -> None:
    kill = Emptying(SCOPE, 0)
    for at in range(6 * SECOND, 40 * SECOND, SECOND // 10):
        for request in kill.step(at):
            if isinstance(request, QueryOpenOrders):
                kill.on_open_orders(OpenOrdersAnswer(at, request.request, False, reason="a page is missing"))
            else:
                _answer(kill, [request], at)
    reason, words = kill.why_not(40 * SECOND)
    assert (kill.done, reason, "a page is missing" in words) == (False, "ListsFailed", True)


def test_s5_a_list_that_was_asked_for_with_a_request_in_flight_counts_for_nothing() -> None:
    kill = Emptying(SCOPE, 0)
    for at in range(6 * SECOND, 20 * SECOND, SECOND // 10):
        _answer(kill, [one for one in kill.step(at) if isinstance(one, QueryOpenOrders)], at)
    assert not kill.done


def test_s5_a_request_of_unknown_outcome_is_void_only_a_receive_window_later() -> None:
    kill = Emptying(SCOPE, 0)
    _answer(kill, kill.step(10 * SECOND), 10 * SECOND, outcome=UNKNOWN)
    _drive(kill, 10 * SECOND + SECOND // 10, 30 * SECOND)
    assert kill.confirmed_at >= 10 * SECOND + RECEIVE_WINDOW + VISIBILITY_DELAY


def test_s5_what_a_cancel_all_leaves_standing_is_cancelled_by_name_trigger_orders_as_such() -> None:
    kill = Emptying(SCOPE, 0)
    sent = _drive(kill, 6 * SECOND, 8 * SECOND, _order("1"), _order("2", trigger=True))
    named = {(one.venue_id, one.trigger, one.emergency) for one in sent if isinstance(one, CancelForeign)}
    assert named == {("1", False, True), ("2", True, True)}
    assert (kill.residual, kill.why_not(8 * SECOND)[0]) == (2, "OrdersLeft")


def test_s5_an_order_on_a_market_that_nobody_named_goes_as_well() -> None:
    kill = Emptying(Scope(("ETH/USDT",)), 0)
    sent = _drive(kill, 6 * SECOND, 8 * SECOND, _order("7", "XRP/USDT"))
    assert any(isinstance(one, CancelForeign) and one.venue_id == "7" for one in sent)
    assert any(isinstance(one, CancelAll) and "XRP/USDT" in one.markets for one in sent)


def test_s5_within_markets_only_those_and_the_bots_own_orders_go() -> None:
    scope = Scope(("ETH/USDT",), whole_account=False, own_prefix="dme")
    foreign, own, there = _order("1", "XRP/USDT"), _order("2", "XRP/USDT", "dme123"), _order("3", "ETH/USDT", "x")
    kill = Emptying(scope, 0)
    sent = _drive(kill, 6 * SECOND, 8 * SECOND, foreign, own, there)
    assert {one.venue_id for one in sent if isinstance(one, CancelForeign)} == {"2", "3"}
    assert all(one.markets == ("ETH/USDT",) for one in sent if isinstance(one, CancelAll))
    _drive(kill, 8 * SECOND, 14 * SECOND, foreign)
    assert (kill.confirmed_at > 0, kill.cancelled) == (True, 2)
