"""Situations at the start, N-S1 to N-S13, and of a partial window of history, N-W1 to N-W6.

The ids are those of `docs/reconciliation.md`, which states beside each situation what the field does and what we do.
"""

from deskbot.core.commands import Cancel, CancelForeign, Place
from deskbot.core.events import ACCEPTED, UNKNOWN, Fill, OrderReport, PlaceResult
from deskbot.core.instrument import SELL
from deskbot.core.money import to_units
from deskbot.core.orders import CANCELLED, FILLED, OPEN, PARTIALLY_FILLED, REJECTED, SENT
from deskbot.core.orders import UNKNOWN as ORDER_UNKNOWN
from deskbot.core.records import FillCorrected, Filled, Intent, Opened, Orphaned
from tests.core.desk import EPOCH_MS, MARKET, SECOND, Desk, Wants, instrument, problem_of, restarted, target

ETHER = "ETH/USDT:USDT"


def left_behind(lots: int = 3) -> tuple[Desk, Place]:
    """A journal whose last word is an order that the venue had acknowledged."""
    first = Desk(strategy=Wants(target(lots=lots))).trading()
    place = first.placed()[0]
    first.accept(place)
    first.at += 60 * SECOND
    return first, place


def fills_of(desk: Desk, place: Place, count: int) -> list[Fill]:
    return [desk.fill(place, 1, f"t-{n}", sequence=n, venue_ms=EPOCH_MS + 2000 + n) for n in range(count)]


def rounds(desk: Desk, position: str, *orders: OrderReport) -> None:
    """Let the venue say the same until the engine has looked often enough."""
    for _ in range(4):
        desk.reconcile(orders=orders, position=position)
        desk.book()
        desk.wait(1.1)


def test_n_s1_an_order_that_the_venue_refused_ends_as_refused_with_the_venues_words() -> None:
    first = Desk(strategy=Wants(target())).trading()
    place = first.placed()[0]
    desk = restarted(first)
    assert desk.durable.orders[place.client_id].state == ORDER_UNKNOWN
    desk.answer(place, ACCEPTED, desk.report(place, REJECTED, reason="no margin"))
    desk.reconcile()
    assert not desk.live
    assert desk.moves(place)[-1] == (REJECTED, "no margin")


def test_n_s2_a_fill_that_nobody_saw_is_booked_from_the_venues_list() -> None:
    first, place = left_behind()
    desk = restarted(first)
    desk.handle(desk.report(place, FILLED, filled=3))
    desk.reconcile(fills=[desk.fill(place, 3)], position="0.003")
    assert desk.durable.ledger(MARKET).position == 3 * desk.market.lot
    assert desk.engine.summary().missed_fills == 1
    assert desk.word in ("Running", "Starting")


def test_n_s3_missing_partial_fills_are_put_where_they_belong() -> None:
    """Stricter than rebuilding from reports: ours stay booked, the missing ones are folded in at their place."""
    first, place = left_behind()
    early, middle, late = fills_of(first, place, 3)
    first.handle(late)
    desk = restarted(first)
    desk.handle(desk.report(place, FILLED, filled=3))
    desk.reconcile(fills=[early, middle, late], position="0.003")
    ledger = desk.durable.ledger(MARKET)
    assert [booked.fill.trade_id for booked in ledger.window] == ["t-0", "t-1", "t-2"]
    assert ledger.fills == 3


def test_n_s4_an_order_of_an_earlier_journal_is_cancelled_and_audited_a_strangers_is_left_alone() -> None:
    """Stricter: nothing is adopted as external; what has our prefix goes, what has not is reported and untouched."""
    desk = Desk(strategy=Wants(target()))
    desk.opening()
    ours = desk.foreign("o-1", client_id=desk.ids.bot + "00000000100000001")
    desk.reconcile(orders=[ours, desk.foreign("f-1", client_id="a-person")])
    assert [c.venue_id for c in desk.questions(CancelForeign)] == ["o-1"]
    assert [r.venue_id for r in desk.records if isinstance(r, Orphaned)] == ["o-1"]
    assert desk.engine.summary().foreign_orders == 1


def test_n_s5_a_partly_filled_order_that_was_cancelled_ends_with_its_fills_kept() -> None:
    first, place = left_behind()
    desk = restarted(first)
    desk.handle(desk.report(place, CANCELLED, filled=1))
    desk.reconcile(fills=[desk.fill(place, 1)], position="0.001")
    assert not desk.live
    assert desk.durable.ledger(MARKET).position == desk.market.lot
    assert desk.moves(place)[-1][0] == CANCELLED


def test_n_s6_another_price_or_fee_in_the_venues_list_is_booked_as_a_correction() -> None:
    """Stricter than keeping ours: money moved by the venue's figures, so the ledger follows them and both are kept."""
    first, place = left_behind()
    first.handle(first.fill(place, 3, fee=0))
    desk = restarted(first)
    listed = desk.fill(place, 3, ticks=place.price_ticks - 5, fee=to_units("0.07"), venue_ms=first.at // 1_000_000)
    desk.reconcile(fills=[listed], position="0.003")
    ledger = desk.durable.ledger(MARKET)
    assert ledger.fees == {"USDT": to_units("0.07")}
    assert ledger.cost == 3 * desk.market.tick_lot * (place.price_ticks - 5)
    assert sum(isinstance(record, FillCorrected) for record in desk.records) == 1
    assert desk.engine.summary().corrections == 1
    desk.wait(61)
    desk.reconcile(fills=[listed], position="0.003")
    assert desk.engine.summary().corrections == 1, "what agrees is not corrected again"


def test_n_s6_another_fee_on_the_stream_alone_changes_nothing() -> None:
    first, place = left_behind()
    first.handle(first.fill(place, 3))
    first.handle(first.fill(place, 3, fee=0))
    assert first.durable.ledger(MARKET).fees == {"USDT": to_units("0.024")}


def test_n_s7_an_order_on_a_market_that_left_the_spec_is_cancelled_not_skipped() -> None:
    """Stricter: an excluded market is no reason to leave an order of ours resting on it."""
    first, place = left_behind()
    desk = Desk(first.records, first.at, Wants(), instrument(ETHER, base="ETH"))
    desk.opening()
    desk.reconcile(orders=[desk.report(place)])
    assert [c.client_id for c in desk.questions(Cancel)] == [place.client_id]


def test_n_s7_an_execution_on_a_market_that_left_the_spec_is_said() -> None:
    first, place = left_behind()
    desk = Desk(first.records, first.at, Wants(), instrument(ETHER, base="ETH"))
    desk.opening()
    desk.handle(desk.fill(place, 1))
    assert problem_of(desk) == "MarketUnknown"


def test_n_s8_an_order_that_the_list_shows_twice_is_one_order() -> None:
    first, place = left_behind()
    desk = restarted(first, Wants(target(lots=3)))
    desk.book()
    before = len(desk.records)
    desk.reconcile(orders=[desk.report(place), desk.report(place)])
    assert [order.client_id for order in desk.live] == [place.client_id]
    assert not [r for r in desk.records[before:] if getattr(r, "client_id", "") == place.client_id]
    assert not desk.questions(CancelForeign)


def test_n_s9_a_longer_position_on_the_venue_stops_trading_and_nothing_is_made_up() -> None:
    """Stricter: no synthetic order; a position that our own executions do not explain is somebody's doing."""
    position_differs("0.1", "0.15")


def test_n_s10_a_shorter_position_on_the_venue_stops_trading_and_nothing_is_made_up() -> None:
    position_differs("-0.1", "-0.15")


def test_n_s11_a_smaller_position_on_the_venue_stops_trading_and_nothing_is_made_up() -> None:
    position_differs("0.15", "0.1")


def test_n_s12_a_position_of_the_other_side_stops_trading_and_nothing_is_made_up() -> None:
    position_differs("0.1", "-0.05")


def position_differs(ours: str, theirs: str) -> None:
    first = Desk().begun_with(ours)
    desk = restarted(first, Wants(target()))
    before = len(desk.records)
    rounds(desk, theirs)
    assert problem_of(desk) == "PositionMismatch"
    assert f"the journal says {ours}, the venue {theirs}" in desk.engine.summary().problem[1]  # type: ignore[index]
    assert not [r for r in desk.records[before:] if isinstance(r, Filled | Opened | Intent)]
    assert desk.durable.ledger(MARKET).position == to_units(ours)
    assert not desk.placed()


def test_n_s13_nothing_of_ours_is_made_by_reconciliation_so_nothing_has_to_be_attributed() -> None:
    """Stricter: every fill of the ledger is an execution of the venue, every order an intent of a strategy."""
    first, place = left_behind()
    desk = restarted(first)
    desk.reconcile(orders=[desk.report(place, filled=1)], fills=[desk.fill(place, 1)], position="0.001")
    assert {r.trade_id for r in desk.records if isinstance(r, Filled)} == {"t-1"}
    assert {r.client_id for r in desk.records if isinstance(r, Intent)} == {place.client_id}


def test_n_w1_a_window_that_covers_everything_adds_nothing() -> None:
    first, place = left_behind()
    fills = fills_of(first, place, 3)
    for fill in fills:
        first.handle(fill)
    desk = restarted(first)
    before = desk.durable.ledger(MARKET).fills
    desk.reconcile(fills=fills, position="0.003")
    assert desk.durable.ledger(MARKET).fills == before
    assert desk.engine.summary().missed_fills == 0


def test_n_w2_a_new_journal_opens_with_the_position_whose_fills_it_cannot_see() -> None:
    """The opening stands for them, at the venue's own average price; it is no fill."""
    desk = Desk().begun_with("0.1")
    ledger = desk.durable.ledger(MARKET)
    assert (ledger.position, ledger.cost, ledger.fills) == (to_units("0.1"), to_units(6000), 0)


def test_n_w3_earlier_life_cycles_of_a_position_are_not_booked() -> None:
    """What an earlier journal's orders did is in its own ledger, or in the opening."""
    desk = Desk()
    desk.opening()
    old = desk.foreign("o-1", client_id=desk.ids.bot + "00000000100000001")
    past = [desk.fill(old, 2, "a"), desk.fill(old, 2, "b", side=SELL), desk.fill(old, 1, "c")]
    for fill in past:
        fill.venue_ms = EPOCH_MS - 9000
    desk.reconcile(position="0.001", fills=past)
    for _ in range(3):
        desk.wait(1.1)
        desk.reconcile(position="0.001", fills=past)
    ledger = desk.durable.ledger(MARKET)
    assert (ledger.position, ledger.fills, ledger.realised) == (desk.market.lot, 0, 0)


def test_n_w4_a_present_life_cycle_that_differs_stops_trading_instead_of_being_replaced() -> None:
    """Stricter: the journal has every fill; no single made-up one may stand for them."""
    first, place = left_behind()
    first.handle(first.fill(place, 1))
    desk = restarted(first, Wants())
    rounds(desk, "0.002", desk.report(place, PARTIALLY_FILLED, filled=1))
    assert problem_of(desk) == "PositionMismatch"
    assert desk.durable.ledger(MARKET).fills == 1


def test_n_w5_a_venue_that_is_flat_opens_a_new_journal_flat_whatever_the_fills_say() -> None:
    desk = Desk()
    desk.opening()
    old = desk.foreign("o-1", client_id=desk.ids.bot + "00000000100000001")
    desk.reconcile(position="0", fills=[desk.fill(old, 2, "a", venue_ms=EPOCH_MS - 9000)])
    ledger = desk.durable.ledger(MARKET)
    assert (ledger.position, ledger.fills) == (0, 0)
    assert not problem_of(desk)


def test_n_w6_no_fill_in_the_window_is_an_answer_and_not_a_failure() -> None:
    desk = Desk(strategy=Wants(target()))
    desk.opening()
    desk.reconcile(fills=[])
    desk.book()
    assert desk.word == "Running"
    assert len(desk.placed()) == 1


def test_an_intent_of_a_crash_is_not_forgotten() -> None:
    first = Desk(strategy=Wants(target())).trading()
    place = first.placed()[0]
    assert first.durable.orders[place.client_id].state == SENT
    desk = restarted(first, Wants(target()))
    desk.book()
    desk.say(PlaceResult, client_id=place.client_id, outcome=UNKNOWN)
    desk.reconcile()
    assert desk.durable.orders[place.client_id].state == ORDER_UNKNOWN
    desk.answer(place, ACCEPTED, desk.report(place))
    assert desk.durable.orders[place.client_id].state == OPEN
