"""Every production assertion, tripped by an engine that was broken on purpose; and what a tripped one does.

Whatever trips: nothing new leaves in that pass, the bot is halted with the evidence in journal, summary and status,
what rests is cancelled, and only a person's acknowledgement lets it trade again.
"""

from collections.abc import Callable

import pytest

from deskbot.core import engine as engine_module
from deskbot.core import gate, halt, order_life, quoting
from deskbot.core.commands import Cancel, CancelAll, Place, QueryFills
from deskbot.core.durable import Durable
from deskbot.core.engine import MOST_FAILURES, Engine
from deskbot.core.events import FillsAnswer, PlaceResult, StreamChange, Timer, VenueLost
from deskbot.core.gate import OrderRate
from deskbot.core.invariants import Invariants
from deskbot.core.limits import Limits
from deskbot.core.money import to_units
from deskbot.core.orders import REJECTED, UNKNOWN
from deskbot.core.records import Intent, Latched, OrderMoved
from deskbot.core.stand import Stand
from deskbot.core.standstill import Standstill
from deskbot.core.state import State
from deskbot.core.strategy import Strategy, Target
from tests.core.desk import LIMITS, MARKET, Desk, Wants, restarted, sent, target

Patch = pytest.MonkeyPatch

# What breaks an engine here is replaced while it runs, which a compiled one does not allow.
if not engine_module.__file__.endswith(".py"):
    pytest.skip("the engine is compiled", allow_module_level=True)


def trading(*targets: Target) -> Desk:
    """A desk that trades and may fail."""
    desk = Desk(strategy=Wants(*targets)).trading()
    desk.may_fail = True
    return desk


def want(desk: Desk, *targets: Target) -> None:
    desk.strategy.wanted = list(targets)  # type: ignore[attr-defined]
    desk.book()


def evidence(desk: Desk, reason: str = "InvariantViolated") -> str:
    """The evidence that the bot is halted with, after looking that it is the same everywhere."""
    latch = desk.durable.latch
    assert latch is not None, "the bot goes on"
    assert (latch.source, latch.reason) == ("Engine", reason)
    assert not [command for command in desk.out if isinstance(command, Place)]
    summary = desk.engine.summary()
    assert summary.problem == (reason, latch.evidence)
    assert summary.halt is not None
    assert summary.halt.evidence == latch.evidence
    assert summary.state == "Halting"
    assert [r.evidence for r in desk.records if isinstance(r, Latched)] == [latch.evidence]
    assert [command for command in desk.said if isinstance(command, CancelAll)]
    return str(latch.evidence)


@pytest.mark.control("MA-3")
def test_i1_an_id_that_was_given_out_before_does_not_leave_again() -> None:
    desk, place = sent()
    desk.may_fail = True
    want(desk)
    desk.say(PlaceResult, client_id=place.client_id, outcome="rejected")
    desk.engine._state.order_ids._next = 1
    want(desk, target("59990"))
    assert evidence(desk).startswith(f"I1: {place.client_id} was given out before")


def test_i1_an_intent_never_takes_the_place_of_another_order() -> None:
    desk, place = sent()
    desk.may_fail = True
    desk.engine._state.order_ids._next = 1
    want(desk, target("60000", lots=3), target("59990", level=1))
    assert evidence(desk).startswith(f"I1: {place.client_id} is an order already")
    assert desk.durable.orders[place.client_id].lots == 3


def test_i1_two_orders_of_the_venue_under_one_id_halt_the_bot() -> None:
    desk, place = sent()
    desk.may_fail = True
    desk.accept(place, "v-1")
    desk.handle(desk.report(place, venue_id="v-2"))
    assert "two orders on the venue, v-1 and v-2" in evidence(desk)


def test_i2_an_execution_is_never_booked_twice(monkeypatch: Patch) -> None:
    desk, place = sent()
    desk.may_fail = True
    desk.accept(place)
    monkeypatch.setattr(Durable, "booked", lambda *_: False)
    desk.handle(desk.fill(place, 1))
    desk.handle(desk.fill(place, 1))
    assert evidence(desk).startswith("I2: execution t-1 on BTC/USDT:USDT is booked already")
    assert desk.durable.ledger(MARKET).fills == 1


def test_i2_an_order_that_fills_beyond_its_size_is_booked_and_halts_the_bot() -> None:
    desk, place = sent()
    desk.may_fail = True
    desk.accept(place)
    desk.handle(desk.fill(place, 2))
    desk.handle(desk.fill(place, 2, "t-2"))
    assert "beyond the 3 lots ordered" in evidence(desk)
    assert desk.durable.ledger(MARKET).position == 4 * desk.market.lot, "money moved"


@pytest.mark.control("R6-17b")
@pytest.mark.parametrize(("lots", "side"), [(2, 1), (1, -1)])
def test_i2_a_list_that_contradicts_what_was_booked_halts_the_bot(lots: int, side: int) -> None:
    desk, place = sent()
    desk.may_fail = True
    desk.accept(place)
    desk.handle(desk.fill(place, 1))
    desk.calm(61)
    listed = desk.fill(place, lots, side=side)
    for asked in desk.questions(QueryFills):
        desk.say(FillsAnswer, request=asked.request, market=MARKET, complete=True, fills=[listed])
    assert "with another side or amount" in evidence(desk)


@pytest.mark.control("K-actuator")
def test_i2_ledgers_that_have_other_fills_than_were_counted_halt_the_bot() -> None:
    desk, place = sent()
    desk.may_fail = True
    desk.durable.fills += 1
    desk.handle(desk.fill(place, 1))
    assert evidence(desk).startswith("I2: 2 fills are not what the ledgers have")


@pytest.mark.control("R6-17b")
def test_i3_a_position_that_its_fills_do_not_explain_halts_the_bot() -> None:
    desk, place = sent()
    desk.may_fail = True
    desk.handle(desk.fill(place, 1))
    desk.durable.ledgers[MARKET].position += 1
    desk.handle(desk.fill(place, 1, "t-2"))
    assert evidence(desk).startswith("I3: 2000000000000001 units")


@pytest.mark.control("K-intent")
def test_i4_an_order_without_its_intent_does_not_leave(monkeypatch: Patch) -> None:
    desk = trading()

    def hasty(state: State, market: str, wanted: Target) -> str:
        client_id = state.order_ids.next()
        state.out.append(Place(client_id, market, wanted.side, wanted.ticks, wanted.lots, True, False))
        return client_id

    monkeypatch.setattr(quoting, "_place", hasty)
    want(desk, target())
    assert evidence(desk).startswith("I4: ")


@pytest.mark.control("K-intent")
def test_i4_an_order_that_is_not_as_its_intent_says_does_not_leave(monkeypatch: Patch) -> None:
    desk = trading()
    record = State.record

    def forgetful(state: State, entry: object) -> None:
        if isinstance(entry, Intent):
            entry.lots += 1
        record(state, entry)  # type: ignore[arg-type]

    monkeypatch.setattr(State, "record", forgetful)
    want(desk, target())
    assert evidence(desk).startswith("I4: ")


def silent_stream(desk: Desk) -> None:
    desk.say(StreamChange, stream="private", market="", healthy=False)


def new_round(desk: Desk) -> None:
    silent_stream(desk)
    desk.say(StreamChange, stream="private", market="", healthy=True)


def paused(desk: Desk) -> None:
    desk.control(paused=True)


def observing(desk: Desk) -> None:
    desk.control(mode="DryRun")


def trouble(desk: Desk) -> None:
    desk.trouble("ClockSkewed")


@pytest.mark.parametrize("shut", [silent_stream, new_round, paused, observing, trouble])
def test_i5_no_order_leaves_through_a_gate_that_should_be_shut(
    shut: Callable[[Desk], None], monkeypatch: Patch
) -> None:
    desk = trading()
    monkeypatch.setattr(engine_module, "why_not", lambda *_: "")
    monkeypatch.setattr(quoting, "failed_check", lambda _: "")
    shut(desk)
    want(desk, target())
    latch = desk.durable.latch
    assert latch is not None
    assert latch.evidence.startswith("I5: ")
    assert not desk.placed()


def test_i5_no_order_leaves_beside_an_unknown_one(monkeypatch: Patch) -> None:
    desk, place = sent()
    desk.may_fail = True
    desk.say(PlaceResult, client_id=place.client_id, outcome="unknown")
    assert desk.state(place) == UNKNOWN
    monkeypatch.setattr(quoting, "failed_check", lambda _: "")
    want(desk, target("59990", level=1))
    assert f"beside {place.client_id}, unknown" in evidence(desk)


def test_i5_no_order_leaves_on_a_book_that_is_not_sound(monkeypatch: Patch) -> None:
    desk = trading()
    monkeypatch.setattr(quoting, "failed_check", lambda _: "")
    monkeypatch.setattr(Engine, "_quote", quote_anything)
    desk.strategy.wanted = [target()]  # type: ignore[attr-defined]
    desk.book("60000", "59999")
    assert "I5: the book is judged book_crossed" in evidence(desk)


def quote_anything(engine: Engine, stand: Stand, _fresh: bool) -> None:
    stand.market.verdict = stand.market.unusable(engine._state.at, 10**18)
    quoting.make_so(engine._state, stand, [target()], OrderRate())


def test_i6_no_order_leaves_while_a_halt_is_in_force(monkeypatch: Patch) -> None:
    desk = trading()
    monkeypatch.setattr(halt, "held", lambda _: False)
    desk.control(halted=True)
    want(desk, target())
    latch = desk.durable.latch
    assert latch.evidence.startswith("I6: ")
    assert latch.source == "Spec", "the halt in force became graver and is proven anew"
    assert not desk.placed()


class Changed(Target):
    """A target whose ticks are no longer whole."""

    def __init__(self) -> None:
        super().__init__(1, 600_000, 2)
        self.ticks = 600_000.5  # type: ignore[assignment]


OUTSIDE: list[tuple[str, list[Target]]] = [
    ("outside the venue's bounds", [target(lots=0)]),
    ("ticks", [Changed()]),
    ("is worth", [target(lots=100)]),
    ("could lead to a position", [target(lots=4, level=level) for level in range(7)]),
    ("open order number 13", [target("60000", lots=1, level=level) for level in range(13)]),
]


@pytest.mark.control("MA-1")
@pytest.mark.parametrize(("words", "wanted"), OUTSIDE, ids=[words for words, _ in OUTSIDE])
def test_i9_no_order_leaves_that_no_gate_should_have_let_through(
    words: str, wanted: list[Target], monkeypatch: Patch
) -> None:
    desk = trading()
    monkeypatch.setattr(quoting, "failed_check", lambda _: "")
    want(desk, *wanted)
    assert words in evidence(desk)
    assert evidence(desk).startswith("I9: ")


@pytest.mark.control("MA-2")
def test_i9_the_envelope_counts_what_may_still_fill_and_what_has(monkeypatch: Patch) -> None:
    desk = trading(target(lots=4))
    place = desk.placed()[0]
    desk.handle(desk.fill(place, 2))
    monkeypatch.setattr(quoting, "failed_check", lambda _: "")
    limits = Limits(**{**vars_of(LIMITS), "max_position_notional": to_units("479.9")})
    desk.control(limits=limits)
    want(desk, target(lots=4), target("59990", lots=4, level=1))
    assert "could lead to a position of 8000000000000000" in evidence(desk)


def vars_of(limits: Limits) -> dict[str, int]:
    return {name: getattr(limits, name) for name in Limits.__dataclass_fields__}


def test_what_was_withheld_never_counts_as_sent(monkeypatch: Patch) -> None:
    desk = trading()
    monkeypatch.setattr(quoting, "failed_check", lambda _: "")
    want(desk, target(lots=4), target(lots=100, level=1))
    intents = [record.client_id for record in desk.records if isinstance(record, Intent)]
    assert len(intents) == 2
    assert not desk.placed()
    assert not desk.live
    moved = [(r.state, r.reason) for r in desk.records if isinstance(r, OrderMoved)]
    assert moved == [(REJECTED, "not sent: InvariantViolated")] * 2


def test_a_violation_is_released_like_any_halt_and_found_again_when_it_lasts() -> None:
    desk, place = sent()
    desk.may_fail = True
    desk.accept(place, "v-1")
    desk.handle(desk.report(place, venue_id="v-2"))
    first = desk.durable.latch.id
    desk.handle(desk.report(place, 7, venue_id="v-1"))
    for _ in range(10):
        desk.wait(1)
        desk.show()
    assert desk.word == "Halted"
    desk.control(acknowledged_halt=first)
    assert desk.durable.latch is None
    desk.reconcile()
    desk.book()
    assert desk.word == "Running"


@pytest.mark.control("K-rollback")
def test_a_restart_remembers_why_the_engine_halted_itself() -> None:
    desk, place = sent()
    desk.may_fail = True
    desk.accept(place, "v-1")
    desk.handle(desk.report(place, venue_id="v-2"))
    told = evidence(desk)
    again = Desk(prior=desk.records)
    again.may_fail = True
    assert again.engine.summary().problem == ("InvariantViolated", told)


# I7: whatever raises while one event is taken in


def raising(*_: object) -> None:
    raise ZeroDivisionError("a bug")


@pytest.mark.control("K-actuator")
def test_i7_an_error_of_the_engine_halts_the_bot_which_cancels_and_goes_on_listening(monkeypatch: Patch) -> None:
    desk, place = sent()
    desk.accept(place)
    desk.may_fail = True
    with monkeypatch.context() as broken:
        broken.setattr(order_life, "on_fill", raising)
        desk.handle(desk.fill(place, 1))
    words = evidence(desk, "EngineFailed")
    assert words.startswith("ZeroDivisionError: a bug (in raising, line ")
    assert words.endswith("while taking in Fill)")
    desk.wait(0.6)
    assert desk.questions(Cancel), "the engine cancels by name as well"
    desk.handle(desk.fill(place, 1))
    desk.handle(desk.report(place, 7, filled=1))
    for _ in range(10):
        desk.wait(1)
        desk.show()
    assert desk.word == "Halted"
    assert desk.durable.ledger(MARKET).position == desk.market.lot


def test_i7_orders_decided_before_the_error_in_the_same_pass_do_not_leave(monkeypatch: Patch) -> None:
    desk = trading()
    monkeypatch.setattr(quoting, "leave_other_markets", raising)
    desk.strategy.wanted = [target()]  # type: ignore[attr-defined]
    desk.say(Timer)
    assert evidence(desk, "EngineFailed")
    assert not desk.placed()
    assert not desk.live


def test_i7_an_error_of_any_kind_in_a_check_refuses_the_order(monkeypatch: Patch) -> None:
    def unheard(*_: object) -> bool:
        raise RuntimeError

    monkeypatch.setattr(gate, "_position_fits", unheard)
    desk = Desk(strategy=Wants(target())).trading()
    assert not desk.placed()
    assert desk.engine.summary().rejections == {
        "position_notional": desk.engine.summary().rejections["position_notional"]
    }
    assert desk.word == "Running"


def test_i7_an_error_of_a_strategy_takes_back_what_others_decided_in_the_same_pass() -> None:
    desk = Desk(strategy=Wants(target())).trading()
    desk.accept(desk.placed()[0])

    class Broken(Strategy):
        def targets(self, _view: object) -> list[Target]:
            raise ZeroDivisionError

    desk.control(strategies={MARKET: Broken()})
    assert desk.word == "Stalled"
    assert desk.durable.latch is None
    assert desk.questions(Cancel)


def test_i7_an_engine_that_cannot_stand_still_leaves_it_to_the_shell(monkeypatch: Patch) -> None:
    desk = trading()
    monkeypatch.setattr(Standstill, "step", raising)
    with pytest.raises(ZeroDivisionError):
        desk.say(VenueLost, reason="gone")


def test_i7_what_a_pass_had_decided_that_failed_altogether_never_leaves(monkeypatch: Patch) -> None:
    """The shell has the word from then on; if it asks the engine again, nothing of before comes out."""
    desk = Desk(strategy=Wants(target()))
    desk.begin()
    desk.may_fail = True
    with monkeypatch.context() as broken:
        broken.setattr(engine_module, "withhold", raising)
        broken.setattr(Invariants, "hold", raising)
        with pytest.raises(ZeroDivisionError):
            desk.book()
    assert not [command for command in desk.say(Timer) if isinstance(command, (Intent, Place))]


def test_i7_an_engine_that_fails_again_and_again_leaves_it_to_the_shell(monkeypatch: Patch) -> None:
    desk, place = sent()
    desk.may_fail = True
    monkeypatch.setattr(order_life, "on_fill", raising)
    for _ in range(MOST_FAILURES):
        desk.handle(desk.fill(place, 1))
    with pytest.raises(ZeroDivisionError):
        desk.handle(desk.fill(place, 1))
    assert len([r for r in desk.records if isinstance(r, Latched)]) == 1


# I11: trouble ends, or is said


def test_i11_a_comparison_that_does_not_end_is_said_with_what_it_waits_for_and_ends_with_it() -> None:
    desk = Desk(strategy=Wants(target()))
    desk.opening()
    desk.wait(121, step=1)
    problem = desk.engine.summary().problem
    assert problem is not None
    assert problem[0] == "ReconciliationStuck"
    assert "no complete answer about balances, fills BTC/USDT:USDT, orders, positions" in problem[1]
    desk.reconcile()
    desk.book()
    assert desk.word == "Running"
    assert desk.engine.summary().problem is None


def test_i11_an_order_that_nobody_knows_anything_of_is_named() -> None:
    first, place = sent()
    desk = restarted(first)
    for _ in range(125):
        desk.reconcile()
        desk.wait(1)
    problem = desk.engine.summary().problem
    assert problem is not None
    assert place.client_id in problem[1]
