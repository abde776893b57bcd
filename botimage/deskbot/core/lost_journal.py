"""What the venue shows of this bot and its journal cannot account for: then that journal is not the bot's whole past.

    an id of an earlier journal     this one began when that one was lost: halt, once
    an id of a later journal        another one is newer than this: halt
    an id ahead of our own          this one was put back from an older copy: halt, and never give out what was used

A halt like any other: a person looks at what the venue says and acknowledges it. Ids carry what is needed for this
(`order_ids.py`); those of orders and of executions count alike.
"""

from deskbot.core.halt import new_id
from deskbot.core.records import JOURNAL_LOST, Latched
from deskbot.core.state import State


def notice(state: State, client_id: str) -> None:
    """Take in an id that the venue shows, of an order or of an execution."""
    ids, durable = state.order_ids, state.durable
    if not ids.is_ours(client_id):
        return
    if client_id.startswith(ids.journal):
        if client_id > durable.last_client_id:
            _halt(state, client_id)
            ids.seen(client_id)
    elif durable.latch is None and (client_id > ids.journal or not durable.is_successor):
        _halt(state)


def _halt(state: State, used: str = "") -> None:
    """A halt for this reason that is in force already keeps its id: it may have been shown to people."""
    latch = state.durable.latch
    known = latch is not None and latch.reason == JOURNAL_LOST
    halt = latch.id if latch is not None and known else new_id(state)
    state.record(Latched(state.at, halt, "Engine", JOURNAL_LOST, used=used))
