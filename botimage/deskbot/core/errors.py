"""Every error the bot raises on purpose.

    DeskError
    ├── Invalid          somebody's input is wrong; the message says what, where, and what would be right
    ├── Blocked          the world forbids trading until a person changes it (key may withdraw, foreign journal)
    ├── Transient        the same call may succeed later (venue away, API server away)
    ├── Rejected         the venue definitely did not accept the request
    ├── OutcomeUnknown   the venue may or may not have accepted; only asking can tell
    └── InvariantViolated  what must never be is: a bug of ours, or a venue that contradicts itself; the bot halts

`reason` is a CamelCase word of `deskapi.conditions`, so that an error, a condition and a log line carry the same name.
"""


class DeskError(Exception):
    """An error with a stable reason and one clear line."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class Invalid(DeskError):
    """Input that can never work as it stands."""


class Blocked(DeskError):
    """Nothing is wrong with the input, but trading is not allowed in this world."""


class Transient(DeskError):
    """Worth trying again, with backoff."""


class Rejected(DeskError):
    """A definite no of the venue: the request had no effect."""


class OutcomeUnknown(DeskError):
    """The request may have had its effect; it is resolved by asking, never by sending again."""


class InvariantViolated(DeskError):
    """What must never be is. The message begins with the number of the invariant (`invariants.py`)."""

    def __init__(self, message: str) -> None:
        super().__init__("InvariantViolated", message)
