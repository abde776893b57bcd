"""When a journal began: by the venue's clock, wherever this machine's stood just then.

What is older than the opening look is in the positions that the journal begins with and never booked beside them; what
is younger is booked, however the wall clock was stepped: before the process began or between two processes.
"""

import json

import pytest

from deskbot.core.commands import QueryFills
from deskbot.core.events import LIQUIDATION, Fill, FillsAnswer, Funding, VenueClock
from deskbot.core.instrument import SELL
from deskbot.core.money import to_units
from deskbot.core.reconciliation import HEIRS_MS
from deskbot.core.records import Session, from_tuple
from deskbot.core.snapshot import pieces, restore, take
from tests.core.desk import BEGUN_MS, EPOCH_MS, MARKET, SECOND, SPOT_MARKET, START, Desk, instrument

SKEWS = [0, 30, -30, 7200, -7200]  # seconds that this machine's clock is ahead of the venue's
skewed = pytest.mark.parametrize("ahead", SKEWS)


def begun(ahead: int, position: str = "0.002", market: str = MARKET) -> Desk:
    """A journal begun by a process whose clock was wrong; the account held a position."""
    off = ahead * SECOND
    desk = Desk(at=START + off, epoch_ms=EPOCH_MS + ahead * 1000, market=instrument(market))
    desk.say_control()
    desk.venue(clock_offset=-off)
    for _ in range(5):
        desk.reconcile(position=position)
        desk.wait(1)
    return desk


def forced(desk: Desk, venue_ms: int, trade_id: str = "adl-1") -> Fill:
    """The venue sells one lot of the position."""
    fields = (desk.at, MARKET, trade_id, "", "v-1", SELL, 600_000, 1, 0, "USDT", False, venue_ms)
    return Fill(*fields, kind=LIQUIDATION)


@skewed
def test_what_the_venue_forces_after_the_opening_look_is_booked_wherever_our_clock_stood(ahead: int) -> None:
    desk = begun(ahead)
    desk.handle(forced(desk, BEGUN_MS + 1))
    assert desk.durable.ledger(MARKET).position == to_units("0.001")


@skewed
def test_what_the_venue_forced_before_the_opening_look_is_in_what_the_journal_began_with(ahead: int) -> None:
    desk = begun(ahead)
    desk.handle(forced(desk, BEGUN_MS - 1))
    assert desk.durable.ledger(MARKET).position == to_units("0.002")
    assert desk.durable.ledger(MARKET).fills == 0


@skewed
def test_funding_is_the_journals_from_its_opening_look_on(ahead: int) -> None:
    desk = begun(ahead)
    desk.handle(Funding(desk.at, MARKET, "f-1", -5, "USDT", BEGUN_MS - 1))
    assert desk.durable.ledger(MARKET).funding == {}
    desk.handle(Funding(desk.at, MARKET, "f-2", -7, "USDT", BEGUN_MS))
    assert desk.durable.ledger(MARKET).funding == {"USDT": -7}


@skewed
def test_on_spot_an_earlier_journals_executions_are_not_booked_anew(ahead: int) -> None:
    desk = begun(ahead, "0", SPOT_MARKET)
    earlier = desk.foreign(client_id=desk.ids.bot + "00000000100000001", market=SPOT_MARKET)
    desk.handle(desk.fill(earlier, 1, "t-1", venue_ms=BEGUN_MS - 1))
    desk.handle(desk.fill(earlier, 1, "t-2", venue_ms=BEGUN_MS))
    assert desk.durable.ledger(SPOT_MARKET).position == to_units("0.001")


@skewed
def test_a_journal_that_was_begun_on_a_wrong_clock_begins_when_its_first_session_opens_the_venue(ahead: int) -> None:
    desk = Desk(epoch_ms=EPOCH_MS + ahead * 1000)  # the clock was set before this process began
    desk.begun_with("0.002")
    desk.handle(forced(desk, BEGUN_MS - 1, "adl-1"))
    desk.handle(forced(desk, BEGUN_MS + 1, "adl-2"))
    assert desk.durable.ledger(MARKET).position == to_units("0.001")


@skewed
def test_a_journal_keeps_its_beginning_over_restarts_snapshots_and_steps_of_the_clock(ahead: int) -> None:
    first = begun(0)
    for again in (
        Desk(first.records, first.at + ahead * SECOND),
        Desk([], first.at + ahead * SECOND),
    ):
        if not again.records:
            again.engine._state.durable = restore(json.loads(json.dumps(list(pieces(take(first.durable))))))
        again.say_control()
        again.venue(clock_offset=-ahead * SECOND)
        assert again.durable.begun_ms == BEGUN_MS
        again.handle(forced(again, BEGUN_MS - 1, "adl-1"))
        again.handle(forced(again, BEGUN_MS + 1, "adl-2"))
        assert again.durable.ledger(MARKET).position == to_units("0.001")


def test_a_journal_from_before_the_venues_clock_was_noted_began_with_its_epoch() -> None:
    session = from_tuple(["Session", START, "0.1", "account"])
    assert session.row() == ("Session", START, "0.1", "account", 0)
    market = instrument()
    listed = from_tuple(["Listed", START, MARKET, market.tick, market.lot])
    desk = Desk([listed, session], START + 60 * SECOND)
    desk.begun_with("0.002")
    assert desk.durable.begun_ms == 0, "a later session does not make an old journal young"
    desk.handle(forced(desk, EPOCH_MS - 1, "adl-1"))
    desk.handle(forced(desk, EPOCH_MS, "adl-2"))
    assert desk.durable.ledger(MARKET).position == to_units("0.001")


def test_a_snapshot_from_before_the_venues_clock_was_noted_is_read() -> None:
    rows = json.loads(json.dumps(list(pieces(take(begun(0).durable)))))
    counters = rows[0][2]
    assert counters.pop() == {MARKET: BEGUN_MS}
    assert restore(rows).listed_ms == {}
    assert counters.pop() == BEGUN_MS
    old = restore(rows)
    assert (old.begun_ms, old.sessions) == (0, 1)
    counters.pop()
    with pytest.raises(ValueError, match="no snapshot"):
        restore(rows)


@skewed
def test_a_session_says_when_it_opened_the_venue_by_the_venues_clock(ahead: int) -> None:
    (session,) = [record for record in begun(ahead).records if isinstance(record, Session)]
    assert session.venue_ms == BEGUN_MS


@skewed
def test_executions_are_read_on_by_the_venues_clock(ahead: int) -> None:
    desk = begun(ahead)
    desk.questions(QueryFills)
    asked_ms = [BEGUN_MS]
    for _ in range(3):
        desk.wait(61)
        for asked in desk.questions(QueryFills):
            assert BEGUN_MS - 60_000 <= asked.since_ms <= asked_ms[-1] - 55_000
            asked_ms.append(desk.at // 1_000_000 - ahead * 1000)
            desk.say(FillsAnswer, request=asked.request, market=MARKET, complete=True)
    assert len(asked_ms) == 4


def test_a_clock_that_is_measured_anew_counts_from_then_on() -> None:
    desk = begun(0)
    desk.questions(QueryFills)
    desk.say(VenueClock, offset=-20 * SECOND)
    desk.wait(61)
    for _ in range(2):
        (asked,) = desk.questions(QueryFills)
        desk.say(FillsAnswer, request=asked.request, market=MARKET, complete=True)
        at = desk.at
        desk.wait(61)
    (asked,) = desk.questions(QueryFills)
    assert asked.since_ms < at // 1_000_000 - 60_000 - 19_000


def test_what_happened_to_a_market_before_it_came_to_the_journal_is_in_the_position_it_comes_with() -> None:
    desk = Desk()
    desk.begin()
    desk.wait(3600)
    came_ms, later = desk.at // 1_000_000, instrument("ETH/USDT:USDT", base="ETH")
    desk.market = later
    desk.control(markets=(MARKET, later.market))
    desk.venue(instruments={MARKET: instrument(), later.market: later})
    assert {one.since_ms for one in desk.said if isinstance(one, QueryFills) and one.market == later.market} == {
        came_ms - HEIRS_MS
    }
    before, after = (forced(desk, came_ms + by_ms, f"adl{by_ms}") for by_ms in (-600_000, 100))
    before.market = after.market = later.market
    for _ in range(5):
        desk.reconcile(position="0.004", fills=[before, after])
        for number, by_ms in enumerate((-600_000, 100)):
            desk.say(
                Funding,
                market=later.market,
                funding_id=f"f-{number}",
                amount=7,
                asset="USDT",
                venue_ms=came_ms + by_ms,
            )
        desk.wait(1)
    ledger = desk.durable.ledger(later.market)
    assert (ledger.position, ledger.fills, ledger.funding) == (to_units("0.004"), 1, {"USDT": 7})
