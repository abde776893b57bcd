"""A venue that says "too many", and one that bans us: real processes, and the venue's own log of what it was asked."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.processes import KEY, Desk, free_port, get, simulator, until
from tests.runtime.test_sigkill import MARKET, manifest

pytestmark = [pytest.mark.component, pytest.mark.timeout(120)]

CREATE, CANCEL = "/v5/order/create", "/v5/order/cancel"


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

    def resting(self) -> int:
        return int(get(f"{self.venue}/ground-truth?account={KEY}")["openOrders"])

    def problem(self) -> str:
        """The reason of the engine's problem, "" for none."""
        return str(get(f"{self.bot}/report")["problem"])

    def state(self, wanted: str) -> bool:
        return bool(get(f"{self.bot}/report")["state"] == wanted)


@contextmanager
def storm(folder: Path) -> Iterator[Storm]:
    with simulator(folder, "--round-trip", "20") as venue:
        file, port = folder / "bot.yaml", free_port()
        file.write_text(manifest(endpoint=venue))
        listen = f"127.0.0.1:{port}"
        bot = Desk(
            ["run", str(file), "--venue", "endpoint", "--journal", str(folder / "j.sqlite"), "--listen", listen],
            folder / "bot.log",
        )
        try:
            made = Storm(venue, f"http://{listen}")
            until(lambda: _answered(lambda: made.state("Running") and made.resting() > 2), 30, "quotes")
            yield made
        finally:
            if bot.process.poll() is None:
                bot.terminate()


def _answered(condition: Any) -> bool:
    try:
        return bool(condition())
    except OSError:
        return False


def test_in_a_storm_of_refusals_no_order_is_sent_and_cancels_leave_in_time(tmp_path: Path) -> None:
    with storm(tmp_path) as it:
        before = it.order({"action": "rateLimit", "endpoint": "/v5/order/realtime", "retryAfterMs": 4000})
        until(lambda: it.problem() == "RateLimited", 10, "the refusal is said")
        until(lambda: it.resting() == 0, 5, "quotes are pulled")
        until(lambda: it.problem() == "" and it.state("Running") and it.resting() > 2, 30, "quotes again")
        asked = it.requests(before)
        refused = next(one for one in asked if one["fault"])
        calm = refused["timeNs"] + 4_000_000_000
        meanwhile = [one for one in asked if refused["timeNs"] + 300_000_000 < one["timeNs"] < calm]
        assert {one["path"] for one in meanwhile} <= {CANCEL, "/v5/market/time"}
        cancels = [one for one in asked if refused["timeNs"] < one["timeNs"] < calm and one["path"] == CANCEL]
        assert len(cancels) > 2
        seconds = (cancels[-1]["timeNs"] - refused["timeNs"]) / 1_000_000_000
        print(f"bybit, 429: the last of {len(cancels)} cancels left {seconds:.2f} s after the refusal")
        assert seconds < 2


def test_during_a_ban_nothing_is_asked_and_afterwards_everything_is_as_it_was(tmp_path: Path) -> None:
    with storm(tmp_path) as it:
        before = it.order({"action": "ban", "endpoint": "*", "forMs": 5000})
        until(lambda: it.problem() == "RateLimited", 10, "the ban is said")
        until(lambda: it.problem() == "" and it.state("Running") and it.resting() > 2, 25, "quotes again")
        asked = it.requests(before)
        banned = next(one for one in asked if one["fault"])
        meanwhile = [
            one for one in asked if banned["timeNs"] + 300_000_000 < one["timeNs"] < banned["timeNs"] + 4_900_000_000
        ]
        assert meanwhile == []
        assert MARKET in get(f"{it.bot}/report")["ledger"]
