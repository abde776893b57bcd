"""What the journal costs: what it adds to an order, and how long a restart takes as it grows. build/bench/journal.json.

    python -m tests.runtime.journal_bench [--folder DIR] [--rounds N]

An order waits from the pass that decided it until its intent is durable. The load is 100 orders a second, each with the
records of its life, on a state as large as it gets; snapshots are written all the while, far more often than in life.
`fsync` is one block written and synced on the same disk, for comparison.
"""

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import uvloop

from deskbot.core.records import Intent, Record
from deskbot.core.snapshot import take
from deskbot.runtime import journal_writer
from deskbot.runtime.clock import Clock
from deskbot.runtime.control_file import ControlFile
from deskbot.runtime.journal import Header, Journal, open_journal
from deskbot.runtime.journal_writer import JournalWriter
from deskbot.runtime.session import header_of
from tests.runtime.dialects import DIALECTS
from tests.runtime.lives import flat, fold, orders
from tests.runtime.processes import Desk, answers, free_port, simulator, until

OUT = Path("build/bench/journal.json")
SIZES = (10_000, 100_000, 1_000_000)
ORDERS, PER_SECOND = 1500, 100
SAVE_EVERY = 500
BATCH = 2000
BUDGET_MS = 1.0  # p50, added to an order


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, help="a folder on the disk to measure")
    parser.add_argument("--rounds", type=int, default=8)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        load = round(os.getloadavg()[0], 2)
        result: dict[str, Any] = {
            "load": load,
            **fsync(folder),
            **uvloop.run(added(folder)),
            **starts(folder, arguments.rounds),
        }
    result["budgetMs"], result["met"] = BUDGET_MS, result["addedP50Ms"] <= BUDGET_MS
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))
    verdict = "met" if result["met"] else "MISSED"
    print(f"added to an order: p50 {result['addedP50Ms']} ms, budget {BUDGET_MS:g} ms: {verdict} (load {load})")


def percentiles(name: str, seconds: list[float]) -> dict[str, float]:
    """The middle and the tail, in milliseconds."""
    ordered = sorted(seconds)
    tail = ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]
    return {f"{name}P50Ms": round(median(ordered) * 1000, 3), f"{name}P99Ms": round(tail * 1000, 3)}


def fsync(folder: Path) -> dict[str, float]:
    """One block, written and synced."""
    took = []
    file = os.open(folder / "block", os.O_WRONLY | os.O_CREAT)
    for number in range(500):
        began = time.perf_counter()
        os.pwrite(file, b"x" * 4096, number * 4096)
        os.fdatasync(file)
        took.append(time.perf_counter() - began)
    os.close(file)
    return percentiles("fsync", took)


async def added(folder: Path) -> dict[str, float]:
    """How long an order waits for its intent, with snapshots of a large state written all the while."""
    header = Header("bench", "bybit", "Swap", "Testnet", epoch_ms=1_790_000_000_000)
    state = fold(list(islice(orders("bench", header.epoch_ms), 330_000)))
    with closing(open_journal(folder / "added.sqlite", header)) as journal:
        writer = JournalWriter(journal.write, journal.save, Clock(), lambda error: print("trouble", error))
        writing = asyncio.ensure_future(writer.run())
        waits: list[tuple[float, bool]] = []
        takes: list[float] = []
        for handed_in, record in enumerate(islice(orders("bench", header.epoch_ms), ORDERS * 4), start=1):
            if isinstance(record, Intent):
                await asyncio.sleep(1 / PER_SECOND)
                writer.append([record], waiter(waits, saving=writer._saving is not None))
            else:
                writer.append([record])
            if handed_in % SAVE_EVERY == 0:
                began = time.perf_counter()
                writer.snapshot(take(state))
                takes.append(time.perf_counter() - began)
        await writer.flush(10)
        writing.cancel()
    quiet = [wait for wait, saving in waits if not saving]
    busy = [wait for wait, saving in waits if saving]
    return {
        **percentiles("added", [wait for wait, _ in waits]),
        **percentiles("addedWithoutSnapshot", quiet),
        **percentiles("addedDuringSnapshot", busy),
        "ordersDuringSnapshot": len(busy),
        "trades": sum(len(one.ids) for one in state.trades.values()),
        **percentiles("take", takes),
    }


def waiter(waits: list[tuple[float, bool]], *, saving: bool) -> Callable[[bool], None]:
    """Notes how long an order has waited, and whether a snapshot was being written when it was decided."""
    began = time.perf_counter()
    return lambda _durable: waits.append((time.perf_counter() - began, saving))


def starts(folder: Path, rounds: int) -> dict[str, dict[int, Any]]:
    """Opening and replaying, and a whole process from its start to being armed, by the size of the journal."""
    out: dict[str, dict[int, Any]] = {"startSecondsByRecords": {}, "wholeJournalSeconds": {}, "armedSeconds": {}}
    with simulator(folder) as url:
        file = folder / "bot.yaml"
        file.write_text(DIALECTS[0].manifest(url))
        clock = Clock()
        header = header_of(ControlFile(file, clock).seen, clock)
        for size in SIZES:
            path = folder / f"{size}.sqlite"
            grown = Header(**{**vars(header), "epoch_ms": header.epoch_ms - size * 20})
            build(path, grown, size)
            out["startSecondsByRecords"][size] = round(median(start(path, grown) for _ in range(5)), 3)
            armed = sorted(restart(file, path, folder) for _ in range(rounds))
            out["armedSeconds"][size] = {"p50": round(median(armed), 2), "p99": round(armed[-1], 2)}
            with closing(open_journal(path, grown)) as journal:
                journal._connection.execute("DELETE FROM snapshot")
            out["wholeJournalSeconds"][size] = round(start(path, grown), 3)
    return out


def build(path: Path, header: Header, size: int) -> None:
    """A journal as long as wanted whose newest snapshot is as old as it may get."""
    with closing(open_journal(path, header)) as journal:
        records = flat(orders(header.object_uid, header.epoch_ms), size)
        state = fold([])
        saves = {size - 1 - journal_writer.SNAPSHOT_EVERY * back for back in (1, 2)}
        for batch in batches(records, saves):
            journal.write(batch)
            for record in batch:
                state.apply(record)
            if journal.last in saves:
                save(journal, state)


def save(journal: Journal, state: Any) -> None:
    for _step in journal.save(journal.last, take(state)):
        pass


def batches(records: Iterator[Record], ends: set[int]) -> Iterator[list[Record]]:
    """Batches that end where a snapshot is due."""
    batch: list[Record] = []
    for number, record in enumerate(records, start=1):
        batch.append(record)
        if len(batch) == BATCH or number in ends:
            yield batch
            batch = []
    yield batch


def start(path: Path, header: Header) -> float:
    """Seconds to open and replay."""
    began = time.perf_counter()
    with closing(open_journal(path, header)) as journal:
        journal.replay()
        return time.perf_counter() - began


def restart(file: Path, journal: Path, folder: Path) -> float:
    """Seconds from the start of the process until it is armed; it is then killed."""
    port = free_port()
    arguments = ["run", str(file), "--venue", "endpoint", "--journal", str(journal), "--listen", f"127.0.0.1:{port}"]
    began = time.perf_counter()
    bot = Desk([*arguments, "--output", "json"], folder / "bot.log")
    until(lambda: answers(f"http://127.0.0.1:{port}/readyz") == 200, 60, f"not armed:\n{bot.log.read_text()}")
    took = time.perf_counter() - began
    bot.kill()
    return took


if __name__ == "__main__":
    main()
