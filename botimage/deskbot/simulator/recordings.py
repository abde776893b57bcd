"""Recorded public streams of Binance, as the files of hftbacktest keep them, turned into market events.

A recording is files of one market that continue each other, or several such chains side by side. What flows out of a
chain: first a snapshot, then deltas, best quotes and trades in the order in which they were received.

* The snapshot was requested while deltas already flowed: what stands before it is kept and gone through again behind
  it; deltas that it already contains are dropped, and the first one left must join onto it.
* From there every delta must continue the one before (USD-M `pu`, spot `U`), also across files. A gap is an error.
* The recorder's clock stood behind the exchange's. All times are shifted by one constant, so that the fastest message
  of the beginning arrives the moment it was sent; order and gaps stay as received.
"""

import heapq
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import chain, islice
from pathlib import Path

from deskbot.matching import BestQuote, Category, Delta, Listing, MarketEvent, PublicTrade, Snapshot
from deskbot.simulator.binance_lines import Grid, Line, Payload, read_lines, unusable
from deskbot.simulator.listings import LISTINGS

PRELUDE_LINES = 1000
MAX_PAUSE_NS = 60_000_000_000


class Recording:
    """Recordings of one or more markets as one stream, read lazily; every pass reads the files anew.

    Files of one market are taken in the order given, each continuing the one before; different markets are merged by
    time. Raises `Invalid` with one line (file, line, what would be right) for a file that is missing, unreadable, of
    another format, has a gap, or is a continuation without its first part; what is wrong further in, while reading.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        if not paths:
            raise unusable("no recording given; expected at least one file")
        files: dict[str, list[Path]] = {}
        for path in paths:
            files.setdefault(_listing_of(path).key, []).append(path)
        self._chains = [_Chain(LISTINGS[key], chained) for key, chained in files.items()]

    @property
    def listings(self) -> tuple[Listing, ...]:
        """The listings the files imply."""
        return tuple(each.listing for each in self._chains)

    def events(self) -> Iterator[MarketEvent]:
        """One pass over the files. Times are the recorder's, shifted onto the exchange's clock."""
        if len(self._chains) == 1:
            return self._chains[0].events()
        return heapq.merge(*(each.events() for each in self._chains), key=lambda event: event.time_ns)


class _Chain:
    """Files of one market, in order."""

    def __init__(self, listing: Listing, paths: Sequence[Path]) -> None:
        self.listing = listing
        self._paths = paths
        first = _prelude(paths[0])
        if _snapshot_of(first) is None:
            raise _first_part_missing(paths[0], first)

    def events(self) -> Iterator[MarketEvent]:
        """One pass over all files."""
        shift_ns: int | None = None
        reader = _Reader(self.listing)
        for path in self._paths:
            lines = read_lines(path)
            prelude = list(islice(lines, PRELUDE_LINES))
            if shift_ns is None:
                shift_ns = _clock_shift(prelude)
            _check_follows(prelude[0], reader.last_ns)
            yield from reader.file(prelude, lines, shift_ns)


class _Reader:
    """Turns lines into events; what it remembers is the last update, so that the next one must continue it."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        self._grid = Grid(listing)
        self._last_id: int | None = None
        self._joins = True
        self.last_ns: int | None = None

    def file(self, prelude: list[Line], rest: Iterator[Line], shift_ns: int) -> Iterator[MarketEvent]:
        """The events of one file."""
        snapshot = _snapshot_of(prelude)
        if snapshot is not None:
            opening = prelude[snapshot]
            received_ns = opening.received_ns + shift_ns
            yield self._snapshot(opening, received_ns)
            for line in prelude[:snapshot]:
                event = self._event(line, received_ns)
                if event is not None and not isinstance(event, PublicTrade):
                    yield event
            prelude = prelude[snapshot + 1 :]
        for line in chain(prelude, rest):
            self.last_ns = line.received_ns
            event = self._event(line, line.received_ns + shift_ns)
            if event is not None:
                yield event

    def _event(self, line: Line, time_ns: int) -> MarketEvent | None:
        message = line.message
        data = message.data
        if data is None:
            return None
        kind = message.kind
        try:
            if kind == "bookTicker":
                return self._best_quote(data, time_ns)
            if kind == "trade":
                market, grid = self._listing.key, self._grid
                return PublicTrade(market, time_ns, grid.ticks(data.p), grid.lots(data.q), not data.m)
            return self._delta(line, data, time_ns) if kind == "depth" else None
        except ValueError as error:
            raise line.invalid(str(error)) from error

    def _snapshot(self, line: Line, time_ns: int) -> Snapshot:
        message, grid = line.message, self._grid
        self._last_id = message.last_update_id
        self._joins = False
        bids, asks = grid.levels(message.bids), grid.levels(message.asks)
        return Snapshot(self._listing.key, time_ns, message.last_update_id or 0, bids, asks)

    def _best_quote(self, data: Payload, time_ns: int) -> BestQuote:
        ticks, lots = self._grid.ticks, self._grid.lots
        if isinstance(data.b, str) and isinstance(data.a, str):
            market = self._listing.key
            return BestQuote(market, time_ns, data.u, ticks(data.b), lots(data.B), ticks(data.a), lots(data.A))
        raise ValueError("a best quote without prices")

    def _delta(self, line: Line, data: Payload, time_ns: int) -> Delta | None:
        last_id = self._last_id
        if last_id is None:
            raise line.invalid("a depth update without a snapshot before it")
        if not self._joins:
            if data.u <= last_id:
                return None
            self._joins = last_id + 1 >= data.U
            if not self._joins:
                raise line.invalid(f"gap: the snapshot ends at update {last_id}, the next one begins at {data.U}")
        elif _continues_from(data, self._listing.category) != last_id:
            raise line.invalid(
                f"gap: continues from update {_continues_from(data, self._listing.category)}, the one before ended at "
                f"{last_id}; pass the files of one market in order and leave none out"
            )
        self._last_id = data.u
        return Delta(self._listing.key, time_ns, data.u, self._grid.levels(data.b), self._grid.levels(data.a))


def _prelude(path: Path) -> list[Line]:
    lines = list(islice(read_lines(path), PRELUDE_LINES))
    if not lines:
        raise unusable(f"{path}: holds no line")
    return lines


def _snapshot_of(prelude: list[Line]) -> int | None:
    """Where the snapshot stands; a continuation has none."""
    found = (index for index, line in enumerate(prelude) if line.message.last_update_id is not None)
    return next(found, None)


def _continues_from(data: Payload, category: Category) -> int:
    return (data.pu or 0) if category is Category.LINEAR else data.U - 1


def _clock_shift(prelude: list[Line]) -> int:
    sent = ((line.received_ns, line.message.exchange_ms) for line in prelude)
    return -min((received - ms * 1_000_000 for received, ms in sent if ms is not None), default=0)


def _check_follows(first: Line, last_ns: int | None) -> None:
    """Files of one market must lie close together: nobody wants to replay three weeks of silence."""
    if last_ns is None or 0 <= first.received_ns - last_ns <= MAX_PAUSE_NS:
        return
    seconds = (first.received_ns - last_ns) // 1_000_000_000
    begin = "before" if seconds < 0 else f"{seconds} s after"
    raise first.invalid(
        f"begins {begin} the end of the file before it; "
        "expected files of one market in order of time, each following the one before"
    )


def _listing_of(path: Path) -> Listing:
    prelude = _prelude(path)
    category = next((line.message.category for line in prelude if line.message.category is not None), None)
    symbol = next((line.message.data.s for line in prelude if line.message.data is not None), "")
    if category is None:
        raise unusable(f"{path}: no depth update or trade in the first {len(prelude)} lines tells its market type")
    listing = LISTINGS.get(f"{category}:{symbol}")
    if listing is None:
        raise unusable(f"{path}: holds {category} {symbol}; expected one of {', '.join(LISTINGS)}")
    return listing


def _first_part_missing(path: Path, prelude: list[Line]) -> Exception:
    """The error for a continuation that comes first, with what to pass before it."""
    begin = datetime.fromtimestamp(prelude[0].received_ns // 1_000_000_000, UTC)
    before = _day_before(path)
    advice = "the recording that ends there" if before is None else f"--recording {before} --recording {path}"
    return unusable(
        f"{path}: continues an earlier recording (no snapshot in its first {len(prelude)} lines, it begins at "
        f"{begin:%Y-%m-%d %H:%M:%S} UTC); pass its first part before it: {advice}"
    )


def _day_before(path: Path) -> Path | None:
    """The file of the day before in the same folder, where file names carry a date and there is one."""
    stamp = re.search(r"\d{8}", path.name)
    if stamp is None:
        return None
    try:
        before = date.fromisoformat(stamp.group()) - timedelta(days=1)
    except ValueError:
        return None
    sibling = path.with_name(path.name.replace(stamp.group(), f"{before:%Y%m%d}"))
    return sibling if sibling.exists() else None
