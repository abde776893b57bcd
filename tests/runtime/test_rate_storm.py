"""A venue that says "too many", and one that bans us: real processes, and the venue's own log of what it was asked.

Every storm begins with six quotes at the venue that nothing fills or moves: what rests when the first refusal comes is
then no matter of chance, and all of it has to be cancelled.
"""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.dialects import CALM, EACH_DIALECT, RESTING, Dialect
from tests.runtime.processes import KEY, Desk, free_port, get, simulator, until

pytestmark = [pytest.mark.component, pytest.mark.timeout(120)]

MOMENT_NS = 300_000_000  # for what was on its way
SECOND_NS = 1_000_000_000
BAN_MS = 12_000  # a bot whose quotes rest asks something every five seconds: it meets the ban well before its end


class Storm:
    """A bot that quotes, and the venue it quotes on."""

    def __init__(self, venue: str, bot: str) -> None:
        self.venue = venue
        self.bot = bot

    def order(self, fault: dict[str, Any]) -> int:
        """Order a fault; answers the number of the last request before it."""
        before = self.requests()[-1]["number"]
        body = json.dumps(fault).encode()
        request = urllib.request.Request(f"{self.venue}/faults", body, {"Content-Type": "application/json"})  # noqa: S310 loopback
        urllib.request.urlopen(request, timeout=5).close()  # noqa: S310 loopback
        return int(before)

    def requests(self, after: int = 0) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = get(f"{self.venue}/requests?limit=10000")["requests"]
        return [one for one in found if one["number"] > after]

    def banned(self) -> int:
        """When the venue's ban began; 0 while there is none."""
        return next((int(one["beginNs"]) for one in get(f"{self.venue}/faults")["faults"] if one["action"] == "ban"), 0)

    def resting(self) -> int:
        return int(get(f"{self.venue}/ground-truth?account={KEY}")["openOrders"])

    def quotes(self) -> bool:
        """Whether the bot trades, says nothing of a problem, and all its quotes are at the venue."""
        report = get(f"{self.bot}/report")
        return report["state"] == "Running" and not report["problem"] and self.resting() == RESTING

    def problem(self) -> str:
        """The reason of the engine's problem, "" for none."""
        return str(get(f"{self.bot}/report")["problem"])


@contextmanager
def storm(folder: Path, dialect: Dialect) -> Iterator[Storm]:
    with simulator(folder, "--round-trip", "20", "--dialect", dialect.simulated) as venue:
        file, port = folder / "bot.yaml", free_port()
        file.write_text(dialect.manifest(venue, CALM))
        listen = f"127.0.0.1:{port}"
        bot = Desk(
            ["run", str(file), "--venue", "endpoint", "--journal", str(folder / "j.sqlite"), "--listen", listen],
            folder / "bot.log",
        )
        try:
            made = Storm(venue, f"http://{listen}")
            until(lambda: _answered(made.quotes), 30, "quotes")
            yield made
        finally:
            if bot.process.poll() is None:
                bot.terminate()


def _answered(condition: Any) -> bool:
    try:
        return bool(condition())
    except OSError:
        return False


def _between(asked: list[dict[str, Any]], start_ns: int, end_ns: int) -> list[dict[str, Any]]:
    return [one for one in asked if start_ns < one["timeNs"] < end_ns]


def _what(one: dict[str, Any]) -> tuple[str, str]:
    return one["method"], one["path"]


@pytest.mark.control("R6-15d")
@EACH_DIALECT
def test_in_a_storm_of_refusals_no_order_is_sent_and_cancels_leave_in_time(tmp_path: Path, dialect: Dialect) -> None:
    with storm(tmp_path, dialect) as it:
        before = it.order({"action": "rateLimit", "endpoint": dialect.open_orders[1], "retryAfterMs": 4000})
        until(lambda: it.problem() == "RateLimited", 10, "the refusal is said")
        until(lambda: it.resting() == 0, 5, "quotes are pulled")
        until(it.quotes, 30, "quotes again")
        asked = it.requests(before)
        refused = next(one["timeNs"] for one in asked if one["fault"])
        calm = refused + 4 * SECOND_NS
        assert {_what(one) for one in _between(asked, refused + MOMENT_NS, calm)} <= {dialect.cancel, dialect.clock}
        cancels = [one for one in _between(asked, refused, calm) if _what(one) == dialect.cancel]
        assert len(cancels) >= RESTING
        seconds = (cancels[-1]["timeNs"] - refused) / SECOND_NS
        print(f"{dialect.exchange}, 429: the last of {len(cancels)} cancels left {seconds:.2f} s after the refusal")
        assert seconds < 2


@EACH_DIALECT
def test_during_a_ban_nothing_is_asked_and_afterwards_everything_is_as_it_was(tmp_path: Path, dialect: Dialect) -> None:
    with storm(tmp_path, dialect) as it:
        before = it.order({"action": "ban", "endpoint": "*", "forMs": BAN_MS})
        until(lambda: it.problem() == "RateLimited", 10, "the ban is said")
        until(it.quotes, 25, "quotes again")
        asked = it.requests(before)
        met = next(one["timeNs"] for one in asked if one["fault"])
        assert _between(asked, met + MOMENT_NS, it.banned() + BAN_MS * 1_000_000 - MOMENT_NS) == []
        assert dialect.market in get(f"{it.bot}/report")["ledger"]


@EACH_DIALECT
def test_a_ban_after_refusals_ends_the_cancels_too(tmp_path: Path, dialect: Dialect) -> None:
    """The third refusal of a row is the ban: 429 with Retry-After, then 418 on Binance, 403 on Bybit."""
    row = {"retryAfterMs": 4000, "count": 3, "banAfter": 3, "banMs": 6000}
    with storm(tmp_path, dialect) as it:
        before = it.order({"action": "rateLimit", "endpoint": "*", **row})
        until(lambda: it.problem() == "RateLimited", 10, "the refusal is said")
        banned = until(it.banned, 10, "the row of refusals ends in a ban")
        until(it.quotes, 40, "quotes again")
        asked = it.requests(before)
        assert _between(asked, banned + MOMENT_NS, banned + 6 * SECOND_NS - MOMENT_NS) == []
        assert dialect.market in get(f"{it.bot}/report")["ledger"]
