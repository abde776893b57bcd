"""One line of a hftbacktest recording: receive time in nanoseconds, a blank, a raw WebSocket message of Binance.

Most messages are combined-stream envelopes; the REST depth snapshot stands bare. USD-M depth updates chain by `pu`,
spot ones by `U`; USD-M messages carry `T` where spot ones do not, which is how a file tells its market.
"""

import gzip
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import msgspec

from deskbot.core.errors import Invalid
from deskbot.matching import Category, Listing
from deskbot.matching.market_data import Levels
from deskbot.matching.units import units

RawLevels = list[tuple[str, str]]

EXPECTED = "expected a gzip file with a receive time in nanoseconds, a blank and a Binance stream message on each line"


class Payload(msgspec.Struct, gc=False):
    """The `data` of a depth update, best quote or trade; the letters are Binance's."""

    s: str = ""
    E: int | None = None
    U: int = 0
    u: int = 0
    pu: int | None = None
    b: RawLevels | str = ""
    a: RawLevels | str = ""
    B: str = ""
    A: str = ""
    t: int = 0
    p: str = ""
    q: str = ""
    m: bool = False
    X: str | None = None
    M: bool | None = None


class Message(msgspec.Struct, gc=False, rename="camel"):
    """An envelope, or a snapshot (then `last_update_id` is set and there is no stream)."""

    stream: str = ""
    data: Payload | None = None
    last_update_id: int | None = None
    bids: RawLevels = []
    asks: RawLevels = []
    event_time: int | None = msgspec.field(default=None, name="E")

    @property
    def kind(self) -> str:
        """`depth`, `bookTicker`, `trade`, ... or empty for a snapshot."""
        return self.stream.partition("@")[2].partition("@")[0]

    @property
    def exchange_ms(self) -> int | None:
        """When the exchange says it sent this."""
        return self.event_time if self.data is None else self.data.E

    @property
    def category(self) -> Category | None:
        """The market type this message gives away, if any."""
        if self.data is None or self.kind not in {"depth", "trade"}:
            return None
        is_contract = self.data.pu is not None if self.kind == "depth" else self.data.X is not None
        return Category.LINEAR if is_contract else Category.SPOT


class Line:
    """A parsed line and where it stands."""

    __slots__ = ("message", "number", "path", "received_ns")

    def __init__(self, path: Path, number: int, received_ns: int, message: Message) -> None:
        self.path = path
        self.number = number
        self.received_ns = received_ns
        self.message = message

    def invalid(self, problem: str) -> Invalid:
        """The error that names this line."""
        return unusable(f"{self.path}, line {self.number}: {problem}")


def unusable(message: str) -> Invalid:
    """The error for a recording that cannot be used."""
    return Invalid("RecordingUnusable", message)


def read_lines(path: Path) -> Iterator[Line]:
    """The lines of one file, read as they are asked for; times never run back. Raises Invalid."""
    decode = msgspec.json.Decoder(Message).decode
    number = before_ns = 0
    try:
        with gzip.open(path, "rb") as file:
            for number, raw in enumerate(file, start=1):
                received, _, text = raw.partition(b" ")
                line = Line(path, number, int(received), decode(text))
                if line.received_ns < before_ns:
                    raise line.invalid("its receive time lies before that of the line above")
                before_ns = line.received_ns
                yield line
    except (msgspec.MsgspecError, ValueError) as error:
        raise unusable(f"{path}, line {number}: not a recorded message ({error}); {EXPECTED}") from error
    except (OSError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        where = f" after line {number}" if number else ""
        raise unusable(f"{path}: cannot be read{where} ({reason}); {EXPECTED}") from error


class Grid:
    """Turns recorded decimals into ticks and lots of a listing; prices and sizes repeat so much that most are known.

    Raises ValueError for a price off the grid. Spot sizes sometimes carry dust below the step, left by fees: it cannot
    be traded and is cut off.
    """

    def __init__(self, listing: Listing) -> None:
        tick_units, step_units = listing.tick_units, listing.step_units

        @lru_cache(maxsize=1 << 16)
        def ticks(price: str) -> int:
            count, off_grid = divmod(units(price), tick_units)
            if off_grid or count <= 0:
                raise ValueError(f"price {price} is no multiple of the tick {listing.tick_size} of {listing.key}")
            return count

        @lru_cache(maxsize=1 << 16)
        def lots(size: str) -> int:
            count = units(size) // step_units
            if count < 0:
                raise ValueError(f"size {size} is negative")
            return count

        self.ticks = ticks
        self.lots = lots

    def levels(self, raw: RawLevels | str) -> Levels:
        """Recorded levels as ticks and lots."""
        if isinstance(raw, str):
            raise ValueError("a depth update without levels")  # noqa: TRY004 - bad data in a line, not a bad call
        ticks, lots = self.ticks, self.lots
        return [(ticks(price), lots(size)) for price, size in raw]
