"""What a journal begins with: the account is believed when it is certain, at the price it was stated with."""

from decimal import Decimal

import pytest

from deskbot.core.commands import QueryFills, QueryPositions
from deskbot.core.events import LIQUIDATION, Fill, FillsAnswer, PositionsAnswer, VenuePosition
from deskbot.core.instrument import SELL
from deskbot.core.money import to_units
from deskbot.core.order_ids import OrderIds
from deskbot.core.reconciliation import DAY_MS, HEIRS_MS
from deskbot.core.records import Opened
from tests.core.desk import BEGUN_MS, EPOCH_MS, MARKET, SECOND, SPOT_MARKET, UID, Desk, instrument


def heir_fill(desk: Desk, trade_id: str = "t-1", lots: int = 2, market: str = MARKET) -> Fill:
    """An execution, after this journal began, of an order that the lost journal had sent."""
    lost = OrderIds(UID, EPOCH_MS - 5000).next()
    return Fill(desk.at, market, trade_id, lost, "v-1", 1, 600_000, lots, 0, "USDT", True, EPOCH_MS + 900)


def begun() -> Desk:
    desk = Desk()
    desk.control()
    desk.venue()
    return desk


def test_an_execution_that_the_positions_show_too_late_is_not_opened_with_the_other_sign() -> None:
    desk = begun()
    fills = [heir_fill(desk)]
    desk.reconcile(position="0", fills=fills)
    assert not desk.durable.opened, "the venue's position is from before the execution"
    for _ in range(8):
        desk.wait(1)
        desk.reconcile(position="0.002", fills=fills)
    assert desk.durable.ledger(MARKET).position == to_units("0.002")
    assert desk.engine.summary().problem is None


def test_an_execution_that_the_list_shows_too_late_is_not_counted_twice() -> None:
    desk = begun()
    first, second = heir_fill(desk), heir_fill(desk, "t-2")
    desk.reconcile(position="0.004", fills=[first])
    for _ in range(8):
        desk.wait(1)
        desk.reconcile(position="0.004", fills=[first, second])
    assert desk.durable.ledger(MARKET).position == to_units("0.004")


def test_looks_that_agree_must_lie_a_visibility_delay_apart() -> None:
    desk = begun()
    fills = [heir_fill(desk)]
    asked = desk.at
    while not desk.durable.opened:
        assert desk.at - asked < 10 * SECOND
        if any(isinstance(command, QueryPositions) for command in desk.said):
            desk.reconcile(position="0.007", fills=fills)
        desk.wait(0.2)
    assert desk.at - asked >= 3 * SECOND
    assert desk.durable.ledger(MARKET).position == to_units("0.007")


def test_what_both_lists_show_happening_meanwhile_does_not_put_the_beginning_off() -> None:
    desk = begun()
    fills, asked = [heir_fill(desk)], desk.at
    desk.reconcile(position="0.002", fills=fills)
    while not desk.durable.opened:
        assert desk.at - asked < 10 * SECOND
        desk.wait(1, 1)
        fills.append(heir_fill(desk, f"t-{desk.at}", 1))
        desk.reconcile(position=str(Decimal("0.001") * (len(fills) + 1)), fills=fills)
    assert desk.at - asked == 3 * SECOND
    assert [record.amount for record in desk.records if isinstance(record, Opened)] == [0]


def test_a_position_that_is_not_stated_is_the_same_as_none() -> None:
    desk = begun()
    fills, asked = [heir_fill(desk)], desk.at
    desk.reconcile(position="0", fills=fills)
    while not desk.durable.opened:
        assert desk.at - asked < 10 * SECOND
        desk.wait(1, 1)
        for one in desk.questions(QueryPositions):
            desk.say(PositionsAnswer, request=one.request, complete=True, positions=[VenuePosition(MARKET, 0, 0)])
        desk.reconcile(fills=fills)
    assert desk.at - asked == 3 * SECOND
    assert desk.durable.ledger(MARKET).position == 0


def test_spot_has_no_beginning_to_be_certain_of() -> None:
    desk = Desk(market=instrument(SPOT_MARKET))
    desk.control()
    desk.venue()
    desk.reconcile(fills=[heir_fill(desk, market=SPOT_MARKET)])
    assert desk.engine.summary().reconciled_at == desk.at
    assert not desk.durable.opened


def test_a_journal_without_heirs_begins_at_once() -> None:
    desk = begun()
    desk.reconcile(position="0")
    assert MARKET in desk.durable.opened
    assert desk.engine.summary().problem is None


def test_orders_of_strangers_and_of_this_journal_put_no_beginning_off() -> None:
    for client_id in ("web-1", OrderIds(UID, EPOCH_MS).next()):
        desk = begun()
        desk.reconcile(orders=[desk.foreign(client_id=client_id)])
        assert MARKET in desk.durable.opened


@pytest.mark.parametrize("before_ms", [0, 3001, 3_600_000])
def test_an_execution_of_an_heir_however_old_puts_the_beginning_off(before_ms: int) -> None:
    desk = begun()
    fill = heir_fill(desk)
    fill.venue_ms = BEGUN_MS - before_ms
    desk.reconcile(fills=[fill])
    assert MARKET not in desk.durable.opened


def test_a_position_of_an_heir_that_the_venue_closes_while_it_is_looked_at_is_not_booked_upon_nothing() -> None:
    """The venue shows the account flat, and the liquidation that made it so only later."""
    desk = begun()
    old = heir_fill(desk)
    old.venue_ms = BEGUN_MS - 3_600_000
    desk.reconcile(position="0", fills=[old])
    for _ in range(5):
        desk.wait(1)
        desk.reconcile(position="0", fills=[old, forced(desk)])
    assert desk.durable.ledger(MARKET).position == 0
    assert desk.engine.summary().problem is None


@pytest.mark.parametrize(("history_ms", "back_ms"), [(0, HEIRS_MS), (7 * DAY_MS, HEIRS_MS), (600_000, 600_000)])
def test_heirs_are_looked_for_an_hour_back_or_as_far_as_the_venue_remembers(history_ms: int, back_ms: int) -> None:
    desk = Desk()
    desk.control()
    desk.venue(fill_history_ms=history_ms)
    assert {asked.since_ms for asked in desk.questions(QueryFills)} == {BEGUN_MS - back_ms}


def test_a_position_that_is_closed_before_it_was_judged_is_opened_at_the_price_the_venue_stated_first() -> None:
    desk = begun()
    desk.handle(forced(desk))
    for position in ("0.002", "0", "0", "0", "0"):
        desk.reconcile(position=position)
        desk.wait(1)
    ledger = desk.durable.ledger(MARKET)
    assert (ledger.position, ledger.realised) == (0, to_units("0.2")), "bought at 60000, sold at 60100"


def test_a_position_that_nobody_ever_saw_is_opened_at_the_price_that_closed_it() -> None:
    desk = begun()
    desk.handle(forced(desk))
    for _ in range(4):
        desk.reconcile(position="0")
        desk.wait(1)
    ledger = desk.durable.ledger(MARKET)
    assert (ledger.position, ledger.realised) == (0, 0)


def test_a_liquidation_that_the_stream_tells_before_a_position_from_before_it_is_not_opened_twice() -> None:
    desk = begun()
    desk.reconcile(position="0.002")
    desk.handle(forced(desk))
    desk.wait(1)
    desk.reconcile(position="0.002")
    for _ in range(8):
        desk.wait(1)
        desk.reconcile(position="0")
    assert [record.amount for record in desk.records if isinstance(record, Opened)] == [to_units("0.002")]
    assert desk.durable.ledger(MARKET).position == 0
    assert desk.engine.summary().problem is None


def test_the_delay_between_two_looks_counts_from_the_last_execution_not_from_a_question_before_it() -> None:
    desk = begun()
    desk.reconcile(position="0.002")
    desk.wait(4)
    slow = desk.questions(QueryFills)
    desk.reconcile(position="0.002")
    desk.handle(forced(desk))
    for asked in slow:
        desk.say(FillsAnswer, request=asked.request, market=asked.market, complete=True)
    desk.wait(1)
    desk.reconcile(position="0.002")
    assert not desk.durable.opened, "the venue's position may still be from before the liquidation"
    for _ in range(8):
        desk.wait(1)
        desk.reconcile(position="0")
    assert [record.amount for record in desk.records if isinstance(record, Opened)] == [to_units("0.002")]


def test_a_question_that_is_not_answered_yet_is_no_second_look() -> None:
    desk = begun()
    desk.reconcile(position="0.002")
    desk.wait(1)
    slow = desk.questions(QueryFills)
    desk.reconcile(position="0.002")
    desk.wait(31)
    assert desk.questions(QueryPositions), "asked again as every half minute, and nobody answers"
    for asked in slow:
        desk.say(FillsAnswer, request=asked.request, market=asked.market, complete=True)
    assert not desk.durable.opened, "the answers are a second apart"


def test_a_position_that_nobody_has_told_of_is_looked_at_twice_before_it_is_opened_with() -> None:
    desk = begun()
    asked = desk.at
    desk.reconcile(position="0.002")
    while not desk.durable.opened:
        assert desk.at - asked < 10 * SECOND
        desk.wait(1, 1)
        desk.reconcile(position="0.002")
    assert desk.at - asked == 3 * SECOND


def test_an_account_that_was_seen_with_a_position_is_looked_at_twice_when_it_is_flat() -> None:
    desk = begun()
    desk.reconcile(position="0.002")
    desk.wait(1)
    desk.reconcile(position="0")
    assert not desk.durable.opened, "what closed it is not known yet"
    for _ in range(4):
        desk.wait(1)
        desk.reconcile(position="0", fills=[forced(desk)])
    assert desk.durable.ledger(MARKET).position == 0
    assert desk.engine.summary().problem is None


def forced(desk: Desk) -> Fill:
    """The venue liquidates two lots that were bought, at 60100."""
    fee = to_units("0.01")
    at = EPOCH_MS + 1500
    return Fill(desk.at, MARKET, "forced", "", "v-9", SELL, 601_000, 2, fee, "USDT", False, at, kind=LIQUIDATION)
