"""The gate: every check by name at its boundary, and what counts as exposure."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskbot.core import gate
from deskbot.core.commands import Cancel, Place, QueryOrder
from deskbot.core.decisions import Decision
from deskbot.core.events import REJECTED, PlaceResult, StreamChange
from deskbot.core.gate import OrderRate
from deskbot.core.instrument import BUY, SELL
from deskbot.core.limits import Limits
from deskbot.core.money import to_units
from deskbot.core.orders import CANCELLED
from deskbot.core.strategy import Target
from tests.core.builds import interpreted_only
from tests.core.desk import LIMITS, MARKET, SECOND, Desk, Wants, instrument, target


def limits(**changes: Any) -> Limits:
    return replace(LIMITS, **changes)


def outcome(
    *targets: Target, limit: Limits = LIMITS, bid: str = "60000", ask: str = "60000.1", **more: Any
) -> tuple[int, dict[str, int]]:
    """How many orders leave for these targets, and what was refused."""
    desk = Desk(strategy=Wants(), market=instrument(**more))
    desk.settings["limits"] = limit
    desk.trading()
    desk.strategy.wanted = list(targets)  # type: ignore[attr-defined]
    desk.book(bid, ask)
    return len(desk.placed()), desk.engine.summary().rejections


@pytest.mark.control("R6-08")
def test_every_check_of_the_envelope_is_there_in_order_and_in_the_table() -> None:
    source = Path(str(gate.__file__)).with_name("gate.py").read_text(encoding="utf-8")
    assert re.findall(r'^    p\.check = "(\w+)"$', source, re.MULTILINE) == CHECKS
    assert re.findall(r"^\| (\w+) +\|", source, re.MULTILINE) == ["check", *CHECKS]


CHECKS = [
    "mode",
    "market",
    "data_age",
    "outcome_unknown",
    "whole_steps",
    "amount",
    "price_collar",
    "would_cross",
    "minimum_notional",
    "order_notional",
    "position_notional",
    "open_orders",
    "order_rate",
]
FINEST_COLLAR = (
    2499997916669  # units of 1: 3 half ticks of 1,200,001, rounded up; finer than the parts of 10^-9 looked at first
)

CASES: list[tuple[str, Target, dict[str, Any]]] = [
    ("amount", target(lots=3), {"min_lots": 3}),
    ("amount", target(lots=3), {"max_lots": 3}),
    ("price_collar", target("59999.9"), {"limit": limits(price_collar=to_units("0.0000025"))}),
    ("price_collar", target("59999.9"), {"limit": limits(price_collar=FINEST_COLLAR)}),
    (
        "price_collar",
        target("63999.9"),
        {"limit": limits(price_collar=2 * 10**18 // 1_280_000), "bid": "63999.9", "ask": "64000.1"},
    ),
    ("price_collar", target("60000.2", SELL), {"limit": limits(price_collar=to_units("0.0000025"))}),
    ("would_cross", target("60000"), {}),
    ("would_cross", target("60000.1", SELL), {}),
    ("minimum_notional", target(lots=1), {"min_notional": to_units(60)}),
    ("minimum_notional", target(lots=2), {"min_notional": to_units(120)}),
    ("order_notional", target(lots=2), {"limit": limits(max_order_notional=to_units(120))}),
    ("position_notional", target(lots=2), {"limit": limits(max_position_notional=to_units("120.0002"))}),
    ("position_notional", target("59990", lots=2), {"limit": limits(max_position_notional=to_units("120.0002"))}),
    (
        "position_notional",
        target("59990", lots=2),
        {"limit": limits(max_position_notional=to_units("120.0002")), "ask": "60000.2"},
    ),
    ("position_notional", target("60000.1", SELL), {"limit": limits(max_position_notional=to_units("120.0002"))}),
    ("position_notional", target("60010", SELL), {"limit": limits(max_position_notional=to_units("120.02"))}),
    ("price_collar", Target(BUY, 1, 2), {"limit": limits(price_collar=to_units(1)), "min_notional": 0}),
    ("would_cross", target("60000.1", post_only=False), {}),
    ("would_cross", target("60000", SELL, post_only=False), {}),
    ("open_orders", target(), {"limit": limits(max_open_orders=1)}),
    ("order_rate", target(), {"limit": limits(orders_per_second=1)}),
]
BEYOND: list[tuple[str, Target, dict[str, Any]]] = [
    ("amount", target(lots=2), {"min_lots": 3}),
    ("amount", target(lots=4), {"max_lots": 3}),
    ("price_collar", target("59999.8"), {"limit": limits(price_collar=to_units("0.0000025"))}),
    ("price_collar", target("59999.9"), {"limit": limits(price_collar=FINEST_COLLAR - 1)}),
    (
        "price_collar",
        target("63999.9"),
        {"limit": limits(price_collar=2 * 10**18 // 1_280_000 - 1), "bid": "63999.9", "ask": "64000.1"},
    ),
    ("price_collar", target("60000.3", SELL), {"limit": limits(price_collar=to_units("0.0000025"))}),
    ("would_cross", target("60000.1"), {}),
    ("would_cross", target("60000", SELL), {}),
    ("minimum_notional", target(lots=1), {"min_notional": to_units(60) + 1}),
    ("order_notional", target(lots=2), {"limit": limits(max_order_notional=to_units(120) - 1)}),
    ("position_notional", target(lots=2), {"limit": limits(max_position_notional=to_units(120))}),
    ("position_notional", target(lots=2), {"limit": limits(max_position_notional=to_units("120.0002") - 1)}),
    ("position_notional", target("59990", lots=2), {"limit": limits(max_position_notional=to_units("120.0001"))}),
    ("position_notional", target("60000.1", SELL), {"limit": limits(max_position_notional=to_units("120.0001"))}),
    ("position_notional", target("60010", SELL), {"limit": limits(max_position_notional=to_units("120.02") - 1)}),
    ("open_orders", target(), {"limit": limits(max_open_orders=0)}),
    ("order_rate", target(), {"limit": limits(orders_per_second=0)}),
    ("whole_steps", Target(BUY, 600_000, 0), {"min_lots": 0, "min_notional": 0}),
    ("whole_steps", Target(BUY, 600_000, -2), {}),
    ("whole_steps", Target(0, 600_000, 2), {}),
    ("price_collar", Target(BUY, 0, 2), {"limit": limits(price_collar=to_units(1))}),
]


@pytest.mark.control("R6-15b")
@pytest.mark.parametrize(("check", "wanted", "setting"), CASES)
def test_a_value_at_the_limit_passes(check: str, wanted: Target, setting: dict[str, Any]) -> None:
    assert outcome(wanted, **setting) == (1, {})


@pytest.mark.control("R6-15b")
@pytest.mark.parametrize(("check", "wanted", "setting"), BEYOND)
def test_one_step_beyond_is_refused_by_name(check: str, wanted: Target, setting: dict[str, Any]) -> None:
    assert outcome(wanted, **setting) == (0, {check: 1})


@pytest.mark.control("MA-3")
@pytest.mark.parametrize(("ticks", "lots"), [(599_999.5, 2), (600_000, float("nan"))])
def test_what_is_no_whole_number_is_refused_by_the_gate_or_where_it_is_made(ticks: Any, lots: Any) -> None:
    try:
        wanted = Target(BUY, ticks, lots)
    except TypeError:  # compiled, the type itself refuses
        return
    assert outcome(wanted) == (0, {"whole_steps": 1})


def test_a_dry_run_decides_and_sends_nothing() -> None:
    desk = Desk(strategy=Wants(target()))
    desk.settings["mode"] = "DryRun"
    desk.trading()
    assert not desk.placed()
    assert desk.engine.summary().rejections["mode"] >= 1


@pytest.mark.parametrize(("age", "placed"), [(5.0, 1), (5.1, 0)])
def test_data_may_be_as_old_as_the_envelope_says(age: float, placed: int) -> None:
    desk = Desk(strategy=Wants()).trading()
    desk.strategy.wanted = [target()]  # type: ignore[attr-defined]
    desk.wait(age, step=age)
    assert len(desk.placed()) == placed


@pytest.mark.parametrize(("bid", "ask"), [("60000.1", "60000.1"), ("60001", "60000")], ids=["locked", "crossed"])
def test_an_unsound_book_pulls_quotes_and_places_none(bid: str, ask: str) -> None:
    desk = Desk(strategy=Wants(target())).trading()
    order = desk.resting()
    desk.book(bid, ask)
    assert [c.client_id for c in desk.out if isinstance(c, Cancel)] == [order.client_id]
    assert not desk.placed()


def test_a_broken_market_stream_pulls_quotes() -> None:
    desk = Desk(strategy=Wants(target())).trading()
    desk.resting()
    out = desk.say(StreamChange, stream="market", market=MARKET, healthy=False)
    assert any(isinstance(c, Cancel) for c in out)


def test_an_unknown_order_blocks_new_risk_on_its_market_and_leaves_what_rests() -> None:
    desk = Desk(strategy=Wants(target(), target("59990", level=1))).trading()
    first, second = desk.placed()
    desk.accept(first)
    desk.say(PlaceResult, client_id=second.client_id, outcome="unknown")
    desk.strategy.wanted = [target(), target("60000.1", SELL)]  # type: ignore[attr-defined]
    desk.book()
    assert not desk.placed()
    assert not any(isinstance(c, Cancel) and c.client_id == first.client_id for c in desk.out)
    assert desk.engine.summary().rejections["outcome_unknown"] >= 1


@pytest.mark.control("R6-17a")
def test_orders_being_cancelled_and_fills_not_booked_yet_count_as_exposure() -> None:
    tight = limits(max_position_notional=to_units(240))
    desk = Desk(strategy=Wants(target(lots=3)))
    desk.settings["limits"] = tight
    order = desk.trading().resting()
    desk.strategy.wanted = [target("59999", lots=2, level=1)]  # type: ignore[attr-defined]
    desk.book()
    assert not desk.placed(), "3 lots are being cancelled and may still fill"
    desk.handle(desk.report(order, CANCELLED, filled=3))
    desk.book()
    assert not desk.placed(), "3 lots have filled and are not in the ledger yet"
    assert desk.engine.summary().rejections["position_notional"] >= 2


def test_what_rests_keeps_its_place_in_the_limits_against_what_is_listed_before_it() -> None:
    desk = Desk(strategy=Wants(target("59990", lots=3, level=1)))
    desk.settings["limits"] = limits(max_position_notional=to_units(240), max_open_orders=1)
    order = desk.trading().resting()
    desk.strategy.wanted = [target("60000", lots=3), target("59990", lots=3, level=1)]  # type: ignore[attr-defined]
    desk.book()
    assert not desk.placed()
    assert [one.client_id for one in desk.live] == [order.client_id]
    assert not desk.questions(Cancel)


def test_a_tightened_envelope_takes_down_what_it_no_longer_allows() -> None:
    desk = Desk(strategy=Wants(target(lots=4))).trading()
    order = desk.resting()
    desk.control(limits=limits(max_order_notional=to_units(100)))
    assert [c.client_id for c in desk.out if isinstance(c, Cancel)] == [order.client_id]


@pytest.mark.control("R6-15h")
def test_a_market_that_leaves_the_spec_is_pulled() -> None:
    desk = Desk(strategy=Wants(target())).trading()
    order = desk.resting()
    desk.control(markets=("ETH/USDT:USDT",), strategies={})
    assert [c.client_id for c in desk.out if isinstance(c, Cancel)] == [order.client_id]


def test_nothing_is_placed_where_an_order_is_still_on_its_way_out() -> None:
    desk = Desk(strategy=Wants(target())).trading()
    order = desk.resting()
    desk.strategy.wanted = [target("59999")]  # type: ignore[attr-defined]
    desk.book()
    assert not desk.placed()
    desk.handle(desk.report(order, CANCELLED))
    assert len(desk.placed()) == 1


@pytest.mark.control("R6-15e")
def test_what_is_decided_in_one_pass_counts_for_what_comes_after_it_on_its_side() -> None:
    buys = [target("60000", level=level) for level in range(3)]
    sells = [target("60000.1", SELL, level=level) for level in range(3)]
    tight = limits(max_position_notional=to_units(250))
    assert outcome(*buys, sells[0], limit=tight) == (3, {"position_notional": 1})
    assert outcome(*sells, buys[0], limit=tight) == (3, {"position_notional": 1})
    assert outcome(*buys, limit=limits(max_open_orders=2)) == (2, {"open_orders": 1})
    assert outcome(*buys, limit=limits(orders_per_second=2)) == (2, {"order_rate": 1})


@pytest.mark.parametrize(("held", "side"), [("0.002", SELL), ("-0.002", BUY)])
def test_what_only_reduces_a_position_passes_an_envelope_without_room(held: str, side: int) -> None:
    price = {BUY: "60000", SELL: "60000.1"}[side]
    for lots, placed in ((2, 1), (3, 0)):
        desk = Desk(strategy=Wants(target(price, side, lots))).begun_with(held)
        desk.control(limits=limits(max_position_notional=0))
        desk.book()
        assert len(desk.placed()) == placed


@pytest.mark.parametrize(("held", "side"), [("0.002", BUY), ("-0.002", SELL)])
def test_what_adds_to_a_position_counts_beside_it(held: str, side: int) -> None:
    price = {BUY: "60000", SELL: "60000.1"}[side]
    for room, placed in (("240.0004", 1), ("240.0003", 0)):
        desk = Desk(strategy=Wants(target(price, side, 2))).begun_with(held)
        desk.control(limits=limits(max_position_notional=to_units(room)))
        desk.book()
        assert len(desk.placed()) == placed


def test_what_rests_stays_when_the_book_has_come_to_it_and_needs_no_place_in_the_rate() -> None:
    desk = Desk(strategy=Wants(target("60000")))
    desk.settings["limits"] = limits(orders_per_second=1)
    desk.trading().resting()
    desk.book("59999", "60000")
    assert not [command for command in desk.out if isinstance(command, Cancel)]
    assert desk.engine.summary().rejections == {}


def test_a_bucket_begins_empty_and_holds_one_order_after_exactly_its_time() -> None:
    assert not OrderRate().allows(SECOND - 1, 1)
    assert OrderRate().allows(SECOND, 1)
    assert not OrderRate().allows(SECOND // 5 - 1, 5)
    assert OrderRate().allows(SECOND // 5, 5)


def test_a_held_bucket_is_empty_until_then_and_never_filled_from_an_earlier_time() -> None:
    rate = OrderRate()
    assert rate.allows(10 * SECOND, 1)
    rate.hold(20 * SECOND)
    assert not rate.allows(20 * SECOND, 1)
    rate.hold(5 * SECOND)
    assert not rate.allows(21 * SECOND - 1, 1)
    assert rate.allows(21 * SECOND, 1)


def test_the_rate_is_a_bucket_of_one_second() -> None:
    rate, sent = OrderRate(), 0
    at = 1_790_000_000 * SECOND
    for step in range(1001):
        if rate.allows(at + step * SECOND // 100, 5):
            rate.take()
            sent += 1
    assert sent == 5 + 50


@pytest.mark.parametrize(("wrong", "said"), [(1.5, "float"), (float("nan"), "float"), ("2", "str"), (None, "None")])
@pytest.mark.parametrize("place", range(4))
def test_a_target_of_fractions_cannot_be_made_and_both_builds_say_so_in_the_same_words(
    wrong: Any, said: str, place: int
) -> None:
    numbers: list[Any] = [BUY, 600_000, 2, 0]
    numbers[place] = wrong
    with pytest.raises(TypeError, match=rf"^int object expected; got {said}$"):
        Target(*numbers)


class Writes(Wants):
    """A strategy that writes into the view it is shown."""

    touch = (599_000, 601_000)

    def targets(self, view: Any) -> list[Target] | None:
        view.bid, view.ask = self.touch
        return self.wanted


@pytest.mark.control("MA-1")
@pytest.mark.parametrize("crossing", [target("60000.1"), target("60000", SELL)], ids=["buy", "sell"])
def test_what_a_strategy_writes_into_its_view_moves_no_touch_but_its_own(crossing: Target) -> None:
    decisions: list[Decision] = []
    desk = Desk(strategy=Writes(crossing)).trading()
    desk.engine._state.decision_sink = decisions.append
    desk.strategy.wanted = [crossing, target("59999", level=1)]  # type: ignore[attr-defined]
    for _ in range(2):
        desk.book()
        desk.wait(0.1)
    assert [place.price_ticks for place in desk.placed()] == [599_990]
    assert desk.engine.summary().rejections["would_cross"] > 0
    assert {(one.bid, one.ask) for one in decisions} == {(600_000, 600_001)}
    (shown,) = desk.engine.summary().positions
    assert (shown.bid, shown.ask) == (to_units("60000"), to_units("60000.1"))


def test_what_a_strategy_writes_into_its_view_hides_no_order_that_should_be_in_the_book() -> None:
    strategy = Writes(target("60000"))
    desk = Desk(strategy=strategy).trading()
    desk.accept(desk.placed()[0])
    strategy.wanted, strategy.touch = None, (600_000, 600_001)
    desk.wait(5.2)
    desk.book("59990", "60010")
    desk.show(*map(desk.report, desk.live))
    assert len(desk.questions(QueryOrder)) == 1


def test_a_strategy_that_raises_is_named_pulled_and_asked_again_when_the_object_changes() -> None:
    class Broken(Wants):
        def targets(self, view: Any) -> list[Target] | None:
            if self.wanted is None:
                raise ZeroDivisionError("no mid")
            return super().targets(view)

    desk = Desk(strategy=Broken(target())).trading()
    desk.resting()
    desk.strategy.wanted = None  # type: ignore[attr-defined]
    desk.book()
    assert any(isinstance(c, Cancel) for c in desk.out)
    assert desk.word == "Stalled"
    problem = desk.engine.summary().problem
    assert problem is not None
    assert problem == ("StrategyFailed", f"the strategy on {MARKET} failed: ZeroDivisionError: no mid")
    desk.strategy.wanted = []  # type: ignore[attr-defined]
    desk.control()
    assert desk.word == "Running"


WANTED = st.lists(
    st.builds(
        Target, st.sampled_from((BUY, SELL)), st.integers(599_900, 600_100), st.integers(1, 6), st.integers(0, 3)
    ),
    max_size=6,
)
STEPS = st.lists(st.tuples(st.integers(599_950, 600_050), WANTED, st.integers(0, 6), st.integers(0, 9)), max_size=12)


@pytest.mark.control("R6-15e")
@given(STEPS)
def test_whatever_is_wanted_and_filled_the_worst_case_stays_inside_the_envelope(
    steps: list[tuple[int, list[Target], int, int]],
) -> None:
    desk = Desk(strategy=Wants()).trading()
    trades = 0
    for bid, wanted, fills, fate in steps:
        desk.at += SECOND
        desk.strategy.wanted = wanted  # type: ignore[attr-defined]
        price = str(desk.market.price(bid)), str(desk.market.price(bid + 1))
        before = len(desk.said)
        desk.book(*price)
        for place in [c for c in desk.said[before:] if isinstance(c, Place)]:
            decided = [o for o in desk.durable.orders.values() if o.client_id <= place.client_id]
            worst = sum(o.at_risk_lots for o in decided if o.side == place.side)
            lots = place.side * desk.durable.ledger(MARKET).position // desk.market.lot + worst
            ticks = max(place.price_ticks, bid + 1)
            assert lots <= 0 or desk.market.notional(ticks, lots) <= LIMITS.max_position_notional
            assert len(desk.live) <= LIMITS.max_open_orders
        for number, order in enumerate(desk.live):
            if (number + fate) % 4 == 0:
                desk.handle(desk.report(order))
            elif (number + fate) % 4 == 1 and fills:
                trades += 1
                desk.handle(desk.fill(order, min(fills, order.lots - order.booked_lots), f"t-{trades}"))
            elif (number + fate) % 4 == 2:
                desk.handle(desk.report(order, CANCELLED, filled=order.filled_lots))


@pytest.mark.parametrize(("reason", "pauses"), [("not sent: no room", True), ("the venue says no", False)])
def test_an_order_that_could_not_be_sent_is_not_decided_anew_at_once(reason: str, pauses: bool) -> None:
    desk = Desk(strategy=Wants(target())).trading()
    (place,) = desk.placed()
    desk.wait(0.2)
    desk.say(PlaceResult, client_id=place.client_id, outcome=REJECTED, reason=reason)
    desk.wait(0.9)
    assert bool(desk.placed()) != pauses
    desk.wait(1.5)
    assert bool(desk.placed()) == pauses


def alone(desk: Desk, wanted: Target) -> str:
    """What the gate by itself says, whatever the engine would have kept from it."""
    engine = desk.engine
    proposal = gate.Proposal(engine._state, engine._stands.of[MARKET], OrderRate())
    return gate.failed_check(proposal.of(wanted, wanted.lots, None))


def test_the_gate_alone_refuses_by_name_what_the_engine_does_not_even_ask_it() -> None:
    desk = Desk().trading()
    state = desk.engine._state
    control = state.control
    assert control is not None
    assert alone(desk, target()) == ""
    state.control = replace(control, markets=())
    assert alone(desk, target()) == "market"
    state.control = None
    assert alone(desk, target()) == "mode"
    state.control = control
    state.at += 5 * SECOND
    assert alone(desk, target()) == ""
    state.at += 1
    assert alone(desk, target()) == "data_age"


@interpreted_only
@pytest.mark.parametrize("fraction", [{"ticks": 599_999.5}, {"lots": 2.0}])
def test_a_fraction_that_came_into_a_target_later_is_refused_as_well(fraction: dict[str, float]) -> None:
    desk, wanted = Desk().trading(), target()
    for name, value in fraction.items():
        setattr(wanted, name, value)
    assert alone(desk, wanted) == "whole_steps"
