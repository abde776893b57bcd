"""Where executions and funding are read on from: a process that ends takes no reading with it that the next needs."""

import json
from decimal import Decimal

import pytest

from deskbot.core.commands import QueryFills
from deskbot.core.events import AUTO_DELEVERAGING, Fill, FillsAnswer, Funding
from deskbot.core.instrument import SELL
from deskbot.core.money import to_units
from deskbot.core.reconciliation import HEIRS_MS
from deskbot.core.records import FillsRead
from deskbot.core.snapshot import pieces, restore, take
from tests.core.desk import BEGUN_MS, MARKET, SECOND, Desk, restarted


def unread(first: Desk, seconds: float) -> None:
    """For some time no question for executions is answered."""
    end = first.at + int(seconds * SECOND)
    while first.at < end:
        first.wait(5, 5)
        for asked in first.questions(QueryFills):
            first.say(FillsAnswer, request=asked.request, market=MARKET, complete=False)


@pytest.mark.parametrize("snapshot", [False, True])
def test_a_restart_finds_what_came_while_readings_failed_though_a_later_execution_was_told(snapshot: bool) -> None:
    first = begun_with_readings("0.005")
    unread(first, 120)
    paid = Funding(first.at, MARKET, "f-1", -7, "USDT", first.at // 1_000_000)
    closed = forced(first, "adl-1")  # neither is told
    unread(first, 600)
    first.handle(forced(first, "adl-2"))
    unread(first, 30)
    desk = continued(first, snapshot)
    for asked in desk.questions(QueryFills):
        found = [one for one in (closed, forced(first, "adl-2")) if one.venue_ms >= asked.since_ms]
        paid_since = [paid] if paid.venue_ms >= asked.since_ms else []
        desk.say(FillsAnswer, request=asked.request, market=MARKET, complete=True, fills=found, fundings=paid_since)
    assert desk.durable.ledger(MARKET).position == to_units("0.003")
    assert desk.durable.ledger(MARKET).funding == {"USDT": -7}


def begun_with_readings(position: str) -> Desk:
    first = Desk().begun_with(position)
    for _ in range(5):
        first.wait(61, 1)
        first.reconcile(position=position)
    return first


def forced(desk: Desk, trade_id: str) -> Fill:
    fields = (desk.at, MARKET, trade_id, "", "v-1", SELL, 600_000, 1, 0, "USDT", False, desk.at // 1_000_000)
    return Fill(*fields, kind=AUTO_DELEVERAGING)


def continued(first: Desk, snapshot: bool) -> Desk:
    """The next process, from the records or from a snapshot of them, with its venue just opened."""
    desk = Desk([] if snapshot else first.records, first.at + SECOND)
    if snapshot:
        desk.engine._state.durable = restore(json.loads(json.dumps(list(pieces(take(first.durable))))))
    desk.opening()
    return desk


def test_a_busy_markets_reading_is_noted_each_minute_and_a_quiet_ones_once_an_hour() -> None:
    for busy, noted in ((True, 21), (False, 1)):
        first = Desk().begun_with("0.1")
        for number in range(20):
            first.wait(61, 1)
            if busy:
                first.handle(forced(first, f"t-{number}"))
            first.wait(61, 1)
            first.reconcile(position=str(Decimal("0.1") - Decimal("0.001") * (number + 1) * busy))
        read = [record for record in first.records if isinstance(record, FillsRead)]
        assert len(read) == noted, "the first one, and each after something new"


def test_a_journal_without_a_reading_is_read_from_its_beginning() -> None:
    first = Desk()
    first.opening()
    unread(first, 600)
    first.handle(forced(first, "adl-1"))
    desk = restarted(first)
    assert {asked.since_ms for asked in desk.questions(QueryFills)} == {BEGUN_MS - HEIRS_MS}
