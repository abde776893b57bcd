"""Client order ids: any order on a venue can be traced to its bot and its decision.

    d  0123456789  012345678  01234567
    │  │           │          └ sequence of the intent in its journal, base 36
    │  │           └ journal epoch: the milliseconds at which the journal file was made, base 36
    │  └ object UID: the first 50 bits of its SHA-256, base 36
    └ the desk

28 lower-case letters and digits: what every venue of `ccxt.md` section 3 accepts, up to a prefix of its own. A new
journal file has a new epoch, so a lost volume can never lead to an id that was used before.
"""

import hashlib
from typing import Final

_DESK: Final = "d"
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_UID_DIGITS: Final = 10
_EPOCH_DIGITS: Final = 9
_SEQUENCE_DIGITS: Final = 8


def _base36(number: int, digits: int) -> str:
    if number < 0 or number >= 36**digits:
        raise ValueError(f"{number} does not fit into {digits} base-36 digits")
    out = ""
    for _ in range(digits):
        number, digit = divmod(number, 36)
        out = _DIGITS[digit] + out
    return out


def joined(uid: int, epoch_ms: int, sequence: int) -> str:
    """The client order id of three numbers. Raises ValueError for one that is too large."""
    return _DESK + _base36(uid, _UID_DIGITS) + _base36(epoch_ms, _EPOCH_DIGITS) + _base36(sequence, _SEQUENCE_DIGITS)


def parted(client_id: str) -> tuple[int, int, int]:
    """(object UID, journal epoch, sequence) of a client order id. Raises ValueError for what is none of the desk's."""
    epoch, sequence = len(_DESK) + _UID_DIGITS, len(_DESK) + _UID_DIGITS + _EPOCH_DIGITS
    digits = client_id[len(_DESK) :]
    if len(client_id) != sequence + _SEQUENCE_DIGITS or client_id[: len(_DESK)] != _DESK or set(digits) - set(_DIGITS):
        raise ValueError(f"{client_id!r} is no client order id of the desk")
    return int(client_id[len(_DESK) : epoch], 36), int(client_id[epoch:sequence], 36), int(client_id[sequence:], 36)


def bot_prefix(object_uid: str) -> str:
    """What every client order id of one bot begins with, whatever its journal."""
    return _DESK + _base36(int.from_bytes(hashlib.sha256(object_uid.encode()).digest()[:7], "big") >> 6, _UID_DIGITS)


class OrderIds:
    """Makes the ids of one journal; the sequence to go on from is the journal's own."""

    __slots__ = ("_next", "_stem", "bot", "journal")

    def __init__(self, object_uid: str, epoch_ms: int, next_sequence: int = 1) -> None:
        self.bot = bot_prefix(object_uid)
        self.journal = self.bot + _base36(epoch_ms, _EPOCH_DIGITS)
        self._next = next_sequence
        self._stem = ""

    def next(self) -> str:
        """A client order id never given out before."""
        low = self._next % 36
        if not low or not self._stem:  # once in 36 ids: writing out eight digits each time costs 1 us
            self._stem = self.journal + _base36(self._next // 36, _SEQUENCE_DIGITS - 1)
        self._next += 1
        return self._stem + _DIGITS[low]

    def is_ours(self, client_id: str) -> bool:
        """Whether an order with this client id was decided by this bot, now or under an earlier journal."""
        return client_id.startswith(self.bot)

    def seen(self, client_id: str) -> None:
        """Continue after an id read back from the journal."""
        if client_id.startswith(self.journal):
            self._next = max(self._next, int(client_id[len(self.journal) :], 36) + 1)
            self._stem = ""
