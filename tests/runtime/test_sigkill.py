"""SIGKILL at random moments, with real SQLite and a venue over sockets that takes its time.

Two kills of three wait for the next order to reach the venue, so that they find it unanswered; the rest come when they
come.

After every kill and restart three books are compared: the simulator's request log (what was sent), its ground truth
(what became of it) and the bot's journal (what was decided). DESK_KILLS says how often (50 take a quarter of an hour),
DESK_STALLS how often the process is made to stand still, on each dialect.
"""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from deskbot.core.records import Filled, Intent, OrderMoved, Record, Session
from tests.runtime.dialects import EACH_DIALECT, Dialect
from tests.runtime.processes import KEY, Desk, answers, free_port, get, journal_of, simulator, until

KILLS = int(os.environ.get("DESK_KILLS", "5"))
STALLS = int(os.environ.get("DESK_STALLS", "1"))
ROUND_TRIP_MS = 60
STALL_SECONDS = 5
PATIENCE_SECONDS = 75  # a restart every few seconds can use up what a venue allows in a minute
ROUND_SECONDS = 60  # of a kill and the restart after it, on a machine that has more to do
VENUE = ("--round-trip", str(ROUND_TRIP_MS), "--seed", "7")


@dataclass
class Tally:
    """What the kills came to."""

    dialect: Dialect
    kills: int = 0
    hits: int = 0
    sent: Counter[str] = field(default_factory=Counter)
    last_request: int = 0

    def read_requests(self, url: str) -> None:
        """Count every create the venue was asked for, by client order id."""
        method, path = self.dialect.create
        wanted = f"method={method}&path={path}&after={self.last_request}&limit=10000"
        for entry in get(f"{url}/requests?{wanted}")["requests"]:
            self.sent[entry["parameters"][self.dialect.client_id]] += 1
            self.last_request = entry["number"]


class Bots:
    """The processes of one bot, one at a time, on the venue at `url`."""

    def __init__(self, dialect: Dialect, url: str, folder: Path) -> None:
        self._folder = folder
        self.file = folder / "bot.yaml"
        self.file.write_text(dialect.manifest(url))
        self.journal = folder / "journal.sqlite"
        self.running: Desk | None = None
        self.armed: list[float] = []

    def start(self) -> tuple[Desk, str]:
        """A process that has compared itself with the venue and trades; how many seconds it took to is noted."""
        began, port = time.monotonic(), free_port()
        arguments = ["--venue", "endpoint", "--journal", str(self.journal), "--listen", f"127.0.0.1:{port}"]
        log, address = self._folder / "bot.log", f"http://127.0.0.1:{port}"
        bot = self.running = Desk(["run", str(self.file), *arguments, "--output", "json"], log)
        try:
            until(lambda: answers(f"{address}/readyz") == 200, PATIENCE_SECONDS, "the bot is not ready")
        except AssertionError as error:
            raise AssertionError(f"{error}:\n{log.read_text()[-3000:]}") from None
        self.armed.append(time.monotonic() - began)
        return bot, address

    def records(self) -> list[Record]:
        """The journal as it is now."""
        return journal_of(self.file, self.journal)


@contextmanager
def bots_of(dialect: Dialect, folder: Path) -> Iterator[tuple[str, Bots]]:
    """A venue and the bot on it, whose process is left behind by nothing that goes wrong."""
    with simulator(folder, *VENUE, "--dialect", dialect.simulated) as url:
        bots = Bots(dialect, url, folder)
        try:
            yield url, bots
        finally:
            if bots.running is not None and bots.running.process.poll() is None:
                bots.running.kill()


@EACH_DIALECT
@pytest.mark.component
@pytest.mark.timeout(120 + ROUND_SECONDS * KILLS)
def test_nothing_is_lost_or_doubled_however_often_the_bot_is_killed(tmp_path: Path, dialect: Dialect) -> None:
    chance = random.Random(20261121)
    tally = Tally(dialect)
    with bots_of(dialect, tmp_path) as (url, bots):
        for number in range(KILLS):
            bot, address = bots.start()
            compare_books(dialect, url, address)
            wait_for_orders(address)
            time.sleep(0.3 + chance.random())
            if number % 3:
                wait_for_a_create(tally, url)
            bot.kill()
            check_kill(tally, url, bots.records())
        bot, address = bots.start()
        compare_books(dialect, url, address)
        assert bot.terminate() == 0, bot.log.read_text()
        check_end(tally, url, bots.records())
    rate = orders_per_second(bots.records())
    armed = sorted(bots.armed[1:])  # the first start is no restart
    print(f"{dialect.exchange}: {tally.kills} kills, {tally.hits} hit a sent and unacknowledged intent")
    print(f"{rate:.0f} orders a second")
    print(f"armed after {armed[len(armed) // 2]:.2f} s (p50), {armed[len(armed) * 99 // 100]:.2f} s (p99)")
    assert tally.hits * 2 >= tally.kills
    assert rate >= dialect.orders_per_second, "too few orders to mean anything"


@EACH_DIALECT
@pytest.mark.component
@pytest.mark.timeout(120 + ROUND_SECONDS * STALLS)
def test_a_process_that_stood_still_trades_on_nothing_from_before(tmp_path: Path, dialect: Dialect) -> None:
    """SIGSTOP for five seconds: the lease of every quote is over, what waits in the sockets is old."""
    tally, stalls = Tally(dialect), []
    with bots_of(dialect, tmp_path) as (url, bots):
        bot, address = bots.start()
        for _ in range(STALLS):
            wait_for_orders(address)
            bot.process.send_signal(signal.SIGSTOP)
            stopped = time.time_ns()
            time.sleep(STALL_SECONDS)
            stalls.append((stopped, time.time_ns()))
            bot.process.send_signal(signal.SIGCONT)
            compare_books(dialect, url, address)
            wait_for_orders(address)
        assert bot.terminate() == 0, bot.log.read_text()
        records = bots.records()
        check_end(tally, url, records)
    for stopped, resumed in stalls:
        meanwhile = [record for record in records if stopped + 1e9 < _at(record) < resumed - 1e7]
        assert not meanwhile, "the process did not stand still"
        first = next(record for record in records if _at(record) > stopped + 1e9)
        assert not isinstance(first, Intent), "the first thing decided after a stall was an order"


def _at(record: Record) -> int:
    return int(record.row()[1])


def orders_per_second(records: list[Record]) -> float:
    """Intents over the time from the first to the last one of each process."""
    spans: list[list[int]] = []
    for record in records:
        if isinstance(record, Session):
            spans.append([])
        elif isinstance(record, Intent):
            spans[-1].append(record.at)
    trading = [span for span in spans if len(span) > 1]
    return sum(map(len, trading)) / (sum(span[-1] - span[0] for span in trading) / 1e9)


def wait_for_orders(address: str) -> None:
    """Wait until this process has begun to trade."""
    before = get(f"{address}/report")["orders"]
    until(lambda: get(f"{address}/report")["orders"] > before + 5, PATIENCE_SECONDS, "the bot sends no orders")


def wait_for_a_create(tally: Tally, url: str) -> None:
    """Wait until the next order has reached the venue, which answers a round trip later."""
    tally.read_requests(url)
    before = tally.last_request

    def another() -> bool:
        tally.read_requests(url)
        return tally.last_request > before

    until(another, PATIENCE_SECONDS, "the bot sends no orders")


def compare_books(dialect: Dialect, url: str, address: str) -> None:
    """The bot's ledger is the venue's up to the last execution the bot knows, and it knows all that were before."""
    known = get(f"{url}/ground-truth?account={KEY}")["executions"]

    def caught_up() -> dict[str, Any] | None:
        report: dict[str, Any] = get(f"{address}/report")
        return report if report["fills"] >= known else None

    report = until(caught_up, 20, f"the bot knows of less than {known} executions")
    if report["fills"]:
        truth = get(f"{url}/ground-truth?account={KEY}&until={report['lastExecutionId'][dialect.market]}")
        for market, ledger in report["ledger"].items():
            assert ledger == {figure: truth["markets"][market][figure] for figure in ledger}


def check_kill(tally: Tally, url: str, records: list[Record]) -> None:
    """No order without an intent, none twice; and whether this kill hit one on its way."""
    time.sleep(2 * ROUND_TRIP_MS / 1000)  # what was on the wire arrives
    tally.read_requests(url)
    intents = {record.client_id for record in records if isinstance(record, Intent)}
    answered = {record.client_id for record in records if isinstance(record, OrderMoved | Filled)}
    assert set(tally.sent) <= intents
    assert max(tally.sent.values()) == 1
    tally.kills += 1
    tally.hits += bool((intents - answered) & set(tally.sent))


def check_end(tally: Tally, url: str, records: list[Record]) -> None:
    """Nothing rests, and both books are equal to the last digit."""
    tally.read_requests(url)
    truth = get(f"{url}/ground-truth?account={KEY}")
    fills = [record for record in records if isinstance(record, Filled)]
    assert truth["openOrders"] == truth["ordersInFlight"] == 0
    assert truth["executions"] == len(fills) == len({record.trade_id for record in fills})
    assert set(tally.sent) <= {record.client_id for record in records if isinstance(record, Intent)}
    assert max(tally.sent.values()) == 1
