"""The places where a process may die: every await between an intent and its acknowledgement, and some more."""

from collections.abc import Mapping
from typing import Final

DECIDED: Final = "an order is decided, nothing is written"
WRITING: Final = "its intent is on the way to the disk"
DURABLE: Final = "its intent is durable, the order is not sent"
SENT: Final = "the order is on the wire"
AT_VENUE: Final = "the order has reached the venue"
ANSWERED: Final = "the answer has arrived, nobody has read it"
READ: Final = "the answer has been read, nothing is written"
CANCEL_SENT: Final = "a cancel is on the wire"
FILL_READ: Final = "a fill has been read, nothing is written"
CANCEL_ALL_SENT: Final = "a cancel-all is on the wire"
CANCEL_ALL_ANSWERED: Final = "a cancel-all is acknowledged"
ASKED: Final = "a question of a reconciliation is on the wire"
LIST_READ: Final = "a list has been read, nothing is written"
LATCHED: Final = "a halt is latched, nothing is written"
OPENED: Final = "the venue has just been opened"

_ORDER: Final = (DECIDED, WRITING, DURABLE, SENT, AT_VENUE, ANSWERED, READ, CANCEL_SENT, FILL_READ)

POINTS: Final[Mapping[str, tuple[str, ...]]] = {
    "killed": _ORDER,
    "killed-journal-torn": (WRITING, READ, FILL_READ, LATCHED),
    "killed-sweeping": (CANCEL_ALL_SENT, CANCEL_ALL_ANSWERED, ASKED, LIST_READ, LATCHED, OPENED),
}
