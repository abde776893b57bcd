"""Recordings: the book they build, their clock, their joints, and one clear line for what cannot be used."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from deskbot.core.errors import Invalid
from deskbot.matching import BestQuote, Delta, Exchange, MarketEvent, PublicTrade, Snapshot
from deskbot.simulator.recordings import Recording
from tests.simulator.tapes import BEHIND_MS, START_MS, delta, lines, quote, snapshot, trade, write, write_raw

MS = 1_000_000
FIRST = (delta(90, 100, 89), snapshot(100), delta(101, 110, 100), trade(), quote(111))
DATA = Path(__file__).parents[2] / "../shared/data/hftbacktest"
needs_data = pytest.mark.skipif(not DATA.exists(), reason="the recordings of ../shared/data are not here")


def events(*paths: Path) -> list[MarketEvent]:
    return list(Recording(paths).events())


def kinds(told: list[MarketEvent]) -> list[type]:
    return [type(event) for event in told]


def test_deltas_from_before_the_snapshot_follow_it_unless_it_contains_them(tmp_path: Path) -> None:
    told = events(
        write(
            tmp_path / "a.gz",
            trade(),
            delta(80, 95, 79),
            delta(96, 105, 95, b=[["59999.9", "4"]]),
            quote(106),
            snapshot(100),
            delta(106, 107, 105),
        )
    )
    assert kinds(told) == [Snapshot, Delta, BestQuote, Delta]
    first, joined, fresh, _ = told
    assert isinstance(joined, Delta)
    assert (joined.update_id, joined.bids) == (105, [(599_999, 4000)])
    assert first.time_ns == joined.time_ns == fresh.time_ns


def test_ticks_lots_and_sides_are_those_of_the_recording(tmp_path: Path) -> None:
    told = events(write(tmp_path / "a.gz", *FIRST))
    _, _, printed, best = told
    assert isinstance(printed, PublicTrade)
    assert isinstance(best, BestQuote)
    assert (printed.ticks, printed.lots, printed.taker_buys) == (600_000, 500, False)
    assert (best.bid, best.bid_lots, best.ask, best.ask_lots) == (600_000, 2000, 600_010, 3000)


def test_the_recorders_clock_is_shifted_onto_the_exchanges(tmp_path: Path) -> None:
    told = events(write(tmp_path / "a.gz", *FIRST))
    shifted = [(START_MS + BEHIND_MS + 10 * index) * MS for index in (1, 2, 3, 4)]
    assert [event.time_ns for event in told] == shifted


def test_a_spot_recording_is_told_by_its_messages_and_chains_by_first_and_last_update(tmp_path: Path) -> None:
    tape = write(
        tmp_path / "a.gz",
        delta(90, 100, spot=True),
        snapshot(100, [["60000.01", "1.00000900"]], [["60000.02", "1"]]),
        delta(101, 110, spot=True),
        trade("60000.01", "0.00001", spot=True),
    )
    recording = Recording([tape])
    assert [listing.key for listing in recording.listings] == ["spot:BTCUSDT"]
    first, *_, printed = recording.events()
    assert isinstance(first, Snapshot)
    assert isinstance(printed, PublicTrade)
    assert first.bids == [(6_000_001, 100_000)], "dust below the step is cut off"
    assert (printed.ticks, printed.lots) == (6_000_001, 1)


def test_a_second_file_continues_the_first(tmp_path: Path) -> None:
    first = write(tmp_path / "day1.gz", *FIRST)
    second = write(tmp_path / "day2.gz", delta(120, 130, 110), trade(), start_ms=START_MS + 5_000)
    told = events(first, second)
    assert kinds(told) == [Snapshot, Delta, PublicTrade, BestQuote, Delta, PublicTrade]
    assert told[4].time_ns - told[3].time_ns == (5_000 - 40) * MS


def test_recordings_of_two_markets_are_merged_by_time(tmp_path: Path) -> None:
    linear = write(tmp_path / "linear.gz", *FIRST)
    spot = write(
        tmp_path / "spot.gz", snapshot(100), delta(90, 101, spot=True), trade(spot=True), start_ms=START_MS + 5
    )
    recording = Recording([linear, spot])
    told = list(recording.events())
    assert [event.time_ns for event in told] == sorted(event.time_ns for event in told)
    assert {event.market for event in told} == {listing.key for listing in recording.listings}


def test_a_file_is_read_no_further_than_needed(tmp_path: Path) -> None:
    endless = [trade() for _ in range(20_000)]
    tape = write(tmp_path / "a.gz", *FIRST, *endless)
    tape.write_bytes(tape.read_bytes()[:-100])
    recording = Recording([tape])
    assert kinds(list(itertools.islice(recording.events(), 2))) == [Snapshot, Delta]
    with pytest.raises(Invalid, match=r"a\.gz: cannot be read after line \d+ "):
        list(recording.events())


def test_every_pass_begins_at_the_beginning(tmp_path: Path) -> None:
    recording = Recording([write(tmp_path / "a.gz", *FIRST)])
    assert kinds(list(recording.events())) == kinds(list(recording.events()))


def test_a_continuation_without_its_first_part_names_what_to_pass_before_it(tmp_path: Path) -> None:
    before = write(tmp_path / "usdm_btcusdt_20240808.gz", *FIRST)
    tape = write(tmp_path / "usdm_btcusdt_20240809.gz", delta(120, 130, 110))
    with pytest.raises(Invalid) as refused:
        Recording([tape])
    message = str(refused.value)
    assert f"{tape}: continues an earlier recording" in message
    assert f"--recording {before} --recording {tape}" in message
    assert "\n" not in message


def test_a_continuation_of_nothing_known_is_refused_as_well(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="pass its first part before it: the recording that ends there"):
        Recording([write(tmp_path / "a.gz", delta(120, 130, 110))])


def broken_line(path: Path) -> Path:
    return write_raw(path, b"".join(lines(*FIRST)) + b"1700000000060000000 {broken\n")


def no_time(path: Path) -> Path:
    return write_raw(path, b"soon {}\n")


def time_runs_back(path: Path) -> Path:
    return write_raw(path, b"".join(lines(*FIRST)) + lines(trade())[0])


def off_grid(path: Path) -> Path:
    return write(path, *FIRST, trade("60000.05"))


def gap(path: Path) -> Path:
    return write(path, *FIRST, delta(120, 130, 119))


def gap_after_snapshot(path: Path) -> Path:
    return write(path, snapshot(100), delta(105, 110, 104))


def other_symbol(path: Path) -> Path:
    return write_raw(path, b"".join(lines(*FIRST)).replace(b"BTCUSDT", b"XRPUSDT"))


def only_quotes(path: Path) -> Path:
    return write(path, quote(1), snapshot(0))


def plain_text(path: Path) -> Path:
    path.write_text("not a gzip file")
    return path


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda path: path, "cannot be read (No such file or directory)"),
        (lambda path: path.parent, "cannot be read (Is a directory)"),
        (plain_text, "cannot be read (Not a gzipped file"),
        (lambda path: write_raw(path, b""), "holds no line"),
        (lambda path: write_raw(path, b"\x00\xff binary"), "line 1: not a recorded message"),
        (no_time, "line 1: not a recorded message"),
        (broken_line, "line 6: not a recorded message"),
        (time_runs_back, "line 6: its receive time lies before that of the line above"),
        (off_grid, "line 6: price 60000.05 is no multiple of the tick 0.1 of linear:BTCUSDT"),
        (gap, "line 6: gap: continues from update 119, the one before ended at 110"),
        (gap_after_snapshot, "line 2: gap: the snapshot ends at update 100, the next one begins at 105"),
        (other_symbol, "holds linear XRPUSDT; expected one of linear:BTCUSDT, spot:BTCUSDT"),
        (only_quotes, "tells its market type"),
    ],
)
def test_an_unusable_recording_gets_one_line_with_file_and_place(
    tmp_path: Path, make: Callable[[Path], Path], complaint: str
) -> None:
    path = make(tmp_path / "a.gz")
    with pytest.raises(Invalid) as refused:
        events(path)
    message = str(refused.value)
    assert message.startswith(str(path))
    assert complaint in message
    assert "\n" not in message


def test_files_of_one_market_in_the_wrong_order_are_refused(tmp_path: Path) -> None:
    first = write(tmp_path / "a.gz", *FIRST)
    with pytest.raises(Invalid, match="begins before the end of the file before it"):
        events(first, first)
    late = write(tmp_path / "b.gz", *FIRST, start_ms=START_MS + 3_600_000)
    with pytest.raises(Invalid, match="begins 3599 s after the end of the file before it"):
        events(first, late)


def test_no_recording_at_all_is_refused() -> None:
    with pytest.raises(Invalid, match="expected at least one file"):
        Recording([])


@needs_data
@pytest.mark.component
@pytest.mark.parametrize(
    ("names", "deltas", "trades"),
    [
        (["usdm_btcusdt_20240808"], 6547, 21_308),
        (["usdm_btcusdt_20240718", "usdm_btcusdt_20240719"], 9017, 10_701),
        (["spot_btcusdt_20240808", "spot_btcusdt_20240809"], 6493, 19_903),
    ],
)
def test_a_real_recording_builds_a_book_that_is_never_crossed(names: list[str], deltas: int, trades: int) -> None:
    recording = Recording([DATA / f"{name}.gz" for name in names])
    [listing] = recording.listings
    exchange = Exchange(recording.listings, seed=1)
    told = {Snapshot: 0, Delta: 0, BestQuote: 0, PublicTrade: 0}
    for event in recording.events():
        exchange.market_event(event)
        told[type(event)] += 1
        if type(event) is Delta:
            book = exchange.book(listing.key, 1)
            assert book.bids[0][0] < book.asks[0][0]
    assert (told[Snapshot], told[Delta], told[PublicTrade]) == (1, deltas, trades)


@needs_data
def test_the_second_half_of_a_real_pair_alone_is_refused_and_names_the_first() -> None:
    with pytest.raises(Invalid, match=r"--recording \S+usdm_btcusdt_20240718\.gz --recording"):
        Recording([DATA / "usdm_btcusdt_20240719.gz"])
