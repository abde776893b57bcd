"""Our client order ids in the forms venues take, and back.

An id of ours is 28 lower-case letters and digits (`core.order_ids`). Most venues take it as it is. Gate wants `t-`
before it. Kraken takes free text of at most 18 characters or 32 hexadecimal digits, Hyperliquid `0x` and 32 of them:
there the same three numbers become 128 bits, so that nothing is lost and an order still names its bot.

    object UID 50 bits · journal epoch 41 bits of milliseconds (until 2039) · sequence 37 bits
"""

from typing import Final

from deskbot.core.order_ids import joined, parted
from deskbot.venues.table.model import Form

_EPOCH_BITS, _SEQUENCE_BITS = 41, 37
_BITS: Final = 128
_HEX_DIGITS: Final = 32


def to_venue(client_id: str, form: Form) -> str:
    """A client order id of ours as a venue takes it. Raises ValueError for one that has no such form."""
    if form is Form.PLAIN:
        return client_id
    if form is Form.T_DASH:
        return f"t-{client_id}"
    return ("0x" if form is Form.HEX_0X else "") + _packed(client_id)


def from_venue(text: str, form: Form) -> str:
    """Our id of what a venue shows; what was never ours is given back as it is."""
    if form is Form.PLAIN:
        return text
    if form is Form.T_DASH:
        return text.removeprefix("t-")
    return _unpacked(text)


def _packed(client_id: str) -> str:
    uid, epoch, sequence = parted(client_id)
    number = (uid << (_EPOCH_BITS + _SEQUENCE_BITS)) | (epoch << _SEQUENCE_BITS) | sequence
    if epoch >> _EPOCH_BITS or sequence >> _SEQUENCE_BITS or number >> _BITS:
        raise ValueError(f"{client_id!r} does not fit into {_BITS} bits")
    return format(number, f"0{_HEX_DIGITS}x")


def _unpacked(text: str) -> str:
    digits = text.lower().removeprefix("0x").replace("-", "")  # Kraken may show 32 digits as a UUID
    try:
        number = int(digits, 16)
    except ValueError:
        return text
    if len(digits) != _HEX_DIGITS:
        return text
    epoch = (number >> _SEQUENCE_BITS) & ((1 << _EPOCH_BITS) - 1)
    sequence = number & ((1 << _SEQUENCE_BITS) - 1)
    uid = number >> (_EPOCH_BITS + _SEQUENCE_BITS)
    return joined(uid, epoch, sequence)
