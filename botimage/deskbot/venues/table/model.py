"""What is known of one exchange and market type as it is reached through ccxt.

A `Call` names a ccxt method and its arguments; words in braces are filled in when it is made. The tests make each call
on the unmodified exchange class and compare what would have gone out on the wire.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

SPOT: Final = "Spot"
SWAP: Final = "Swap"


@dataclass(frozen=True)
class Call:
    """`exchange.METHOD(*arguments)` with words in braces.

    {symbol} is ccxt's, {market} and {settle} the venue's own; {id} is in the venue's form; {seconds}, {ms} are a time.
    """

    method: str
    arguments: tuple[Any, ...] = ()

    def filled(self, **words: Any) -> tuple[Any, ...]:
        """The arguments with every word in braces replaced. Raises KeyError for a word that is not given."""
        return tuple(_filled(argument, words) for argument in self.arguments)


def _filled(value: Any, words: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        whole = value[1:-1]  # a word that stands alone keeps its type: ccxt divides milliseconds
        return words[whole] if value == f"{{{whole}}}" else value.format(**words)
    if isinstance(value, Mapping):
        return {name: _filled(inner, words) for name, inner in value.items()}
    return value


class Form(StrEnum):
    """How a venue wants a client order id: ours as it is, ours behind `t-`, or as 128 bits in hexadecimal digits."""

    PLAIN = "plain"
    T_DASH = "t-"
    HEX = "hex"
    HEX_0X = "0x"


class Unique(StrEnum):
    """Among which orders the venue refuses a second one with the same client id."""

    EVER = "ever"
    OPEN = "open"  # a blind re-send after a fill opens a second position
    NEVER = "never"


@dataclass(frozen=True)
class ClientIds:
    """`create` is the parameter given to `create_order`, `wire` the field it must arrive in.

    `query` and `cancel` are None where the venue takes only its own id: then an order is found by listing. `alphabet`
    is a class of a regular expression, `longest` counts characters, a prefix of the form included.
    """

    create: str
    wire: str
    query: Call | None
    cancel: Call | None
    longest: int
    alphabet: str = "0-9A-Za-z_-"
    form: Form = Form.PLAIN
    unique: Unique = Unique.EVER


class Scope(StrEnum):
    """What one request covers."""

    SYMBOL = "symbol"
    SETTLE = "settle"
    ACCOUNT = "account"
    CONNECTION = "connection"


@dataclass(frozen=True)
class CancelAll:
    """Every call of `calls` is needed, trigger orders included; empty: list the orders, cancel `batch` at a time."""

    calls: tuple[Call, ...]
    scope: Scope
    batch: int = 0


@dataclass(frozen=True)
class DeadMan:
    """The venue's own timer: orders die when `arm` is not repeated within {seconds}.

    `disarm` is None where it cannot be taken back. On a `CONNECTION` the timer runs from the connection's end: `arm`
    sets it once, and `topic` is what the private stream must subscribe to be that connection. `enquiry` asks whether
    somebody at the venue has enabled it; without that arming does nothing and says so to nobody.
    """

    arm: Call
    disarm: Call | None
    shortest: int
    longest: int
    scope: Scope
    topic: str = ""
    enquiry: Call | None = None


class Sequence(StrEnum):
    """How a lost book message shows."""

    PREVIOUS = "previous"  # each names the last number of the one before it
    CONTIGUOUS = "contiguous"  # each begins one after the end of the one before it
    COUNTER = "counter"  # one number that goes up by one
    CHECKSUM = "checksum"
    TIMESTAMP = "timestamp"  # nothing but time: a loss shows only as a crossed or stale book
    WHOLE = "whole"  # every message is the whole book


@dataclass(frozen=True)
class BookSequence:
    """`checked_by_ccxt` is False where ccxt.pro goes on after a lost message without an error."""

    rule: Sequence
    checked_by_ccxt: bool


@dataclass(frozen=True)
class KeyRights:
    """The call that tells what a key may do, and the words in its answer that mean money can leave."""

    call: Call
    moves_money: tuple[str, ...]


@dataclass(frozen=True)
class History:
    """How own executions are read: the longest span of one question, how far back, rows a page; 0 is not stated."""

    window_days: int = 0
    back_days: int = 0
    rows: int = 0
    needs_symbol: bool = True


@dataclass(frozen=True)
class VenueRow:
    """One exchange and market type. `unverified_because` is "" for a row the desk's own adapter is tested on."""

    exchange: str
    client_ids: ClientIds
    cancel_all: CancelAll
    book: BookSequence
    history: History
    key_rights: KeyRights | None
    dead_man: DeadMan | None = None
    unverified_because: str = "no adapter of the desk has been tested against it"
    options: Mapping[str, Any] = field(default_factory=dict)  # of the ccxt instance, without which it misbehaves

    @property
    def verified(self) -> bool:
        """Whether real orders may depend on this row."""
        return not self.unverified_because
