"""A journal that is not the bot's whole past: what the venue shows of the bot and the journal does not know, halts."""

import pytest

from deskbot.core.commands import CancelForeign
from deskbot.core.halt import born_latched
from deskbot.core.order_ids import OrderIds
from deskbot.core.records import Latched, Orphaned
from tests.core.desk import EPOCH_MS, SECOND, START, UID, Desk, Wants, restarted, target

EARLIER, LATER = OrderIds(UID, EPOCH_MS - 5000).next(), OrderIds(UID, EPOCH_MS + 5000).next()
AHEAD = OrderIds(UID, EPOCH_MS, next_sequence=900).next()
STRANGER = OrderIds("another object", EPOCH_MS).next()


def trading() -> Desk:
    return Desk().trading()


def shown(desk: Desk, client_id: str) -> None:
    """The stream tells of an order that rests."""
    desk.handle(desk.foreign(client_id=client_id))


@pytest.mark.control("S3.5")
def test_nothing_is_proven_while_an_order_of_the_lost_journal_may_still_arrive() -> None:
    """It was signed before this journal began, and is void five seconds later."""
    desk = trading()
    shown(desk, EARLIER)
    began = desk.at
    while desk.word != "Halted":
        assert desk.at - began < 20 * SECOND
        desk.show()
        desk.wait(0.1)
    assert desk.at - began >= 8 * SECOND


def halts(desk: Desk) -> list[Latched]:
    return [record for record in desk.records if isinstance(record, Latched)]


def released(desk: Desk) -> Desk:
    """A person has looked at the venue and acknowledged the halt."""
    for _ in range(90):
        desk.show()
        desk.wait(0.1)
    assert desk.word == "Halted"
    latch = desk.durable.latch
    desk.control(acknowledged_halt=latch.id)
    assert desk.durable.latch is None
    return desk


@pytest.mark.parametrize("client_id", [EARLIER, LATER, AHEAD])
def test_an_order_that_only_another_journal_knows_is_cancelled_and_halts_the_bot(client_id: str) -> None:
    desk = trading()
    shown(desk, client_id)
    assert [(latch.source, latch.reason) for latch in halts(desk)] == [("Engine", "JournalLost")]
    assert desk.questions(CancelForeign)
    assert desk.word == "Halting"


@pytest.mark.parametrize("client_id", [EARLIER, LATER, AHEAD])
def test_an_execution_that_only_another_journal_knows_halts_the_bot(client_id: str) -> None:
    desk = trading()
    desk.handle(desk.fill(desk.foreign(client_id=client_id), venue_ms=EPOCH_MS - 1000))
    assert [latch.reason for latch in halts(desk)] == ["JournalLost"]


@pytest.mark.parametrize("client_id", [STRANGER, "", "web-12"])
def test_orders_of_others_are_no_sign_of_a_lost_journal(client_id: str) -> None:
    desk = trading()
    shown(desk, client_id)
    assert halts(desk) == []


def test_what_this_journal_decided_is_no_sign_of_a_lost_one() -> None:
    desk = Desk(strategy=Wants(target())).trading()
    place = desk.placed()[0]
    desk.accept(place)
    desk.handle(desk.fill(place, lots=2))
    desk.handle(desk.report(place))
    assert halts(desk) == []


def test_an_acknowledged_loss_is_no_news_when_more_of_it_is_seen() -> None:
    desk = trading()
    shown(desk, EARLIER)
    released(desk)
    shown(desk, OrderIds(UID, EPOCH_MS - 9000).next())
    assert len(halts(desk)) == 1
    assert len([record for record in desk.records if isinstance(record, Orphaned)]) == 2


def test_a_journal_that_began_with_a_halt_takes_earlier_orders_for_no_news() -> None:
    for reason in ("JournalLost", "EarlierObject"):
        desk = Desk([born_latched(UID, START, reason)])
        desk.opening()
        assert desk.word == "Halting"
        released(desk)
        shown(desk, EARLIER)
        assert len(halts(desk)) == 1


def test_an_id_that_was_used_ahead_of_a_journal_put_back_is_never_given_out_again() -> None:
    desk = trading()
    shown(desk, AHEAD)
    assert desk.engine._state.order_ids.next() > AHEAD
    again = restarted(desk)
    assert again.engine._state.order_ids.next() > AHEAD
    released(desk)
    shown(desk, AHEAD)
    assert len(halts(desk)) == 1


def test_more_signs_of_a_journal_put_back_keep_the_halts_id() -> None:
    desk = trading()
    shown(desk, AHEAD)
    shown(desk, OrderIds(UID, EPOCH_MS, next_sequence=901).next())
    first, second = halts(desk)
    assert first.id == second.id
