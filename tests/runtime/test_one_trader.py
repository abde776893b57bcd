"""Two pods of one bot as real processes, one real API server, one simulated venue: its request log says who traded.

Each pod has a journal of its own, whose epoch is in every client order id. Lease and ages are the shortest that the
rules allow: ten seconds of `maxControlAge`, and what a taker waits for that.
"""

import itertools
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from deskapi import spec_hash
from deskbot.core.order_ids import parted
from deskbot.fencing.durations import PULL_TIME, RECEIVE_WINDOW, REQUEST_TIMEOUT, SECOND
from deskbot.simulator.bybit.rest_settings import user_id
from tests.cluster.control_plane import ControlPlane
from tests.cluster.errors import MissingProgramError
from tests.runtime.cable import Cable, cable
from tests.runtime.processes import KEY, free_port, get, simulator, until
from tests.runtime.rights import Pod, rights_of_a_pod

pytestmark = [pytest.mark.apiserver, pytest.mark.timeout(400)]

AGE = 10
DURATION = AGE + (PULL_TIME + REQUEST_TIMEOUT + RECEIVE_WINDOW) // SECOND
WINDOW = RECEIVE_WINDOW // SECOND
BUSY = {"size": "0.002", "levels": 2, "spread": "0.0002%", "step": "0.0004%", "skew": "0.001%", "requote": "0%"}


class Engine:
    """One pod: a process, its cable to the API server, its journal."""

    def __init__(self, desk: "Desk", uid: str) -> None:
        self.uid = uid
        self._folder = desk.folder / uid
        self._folder.mkdir(exist_ok=True)
        self._port = free_port()
        self.cable: Cable = desk.stack.enter_context(cable(urlsplit(desk.pod.server.url).port or 443))
        given = {
            "url": f"https://127.0.0.1:{self.cable.port}",
            "token": str(desk.pod.server.token_file),
            "authority": str(desk.pod.authority),
            "credentials": str(desk.folder / "keys"),
            "journal": str(self._folder / "journal.sqlite"),
            "listen": f"127.0.0.1:{self._port}",
            "namespace": desk.pod.namespace,
            "duration": str(DURATION),
            "uid": uid,
        }
        self.log = self._folder / "log"
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "tests.runtime.lease_pod", json.dumps(given)]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        desk.stack.callback(self.end)
        desk.engines.append(self)

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def halt(self) -> str:
        """The newest halt that it has latched by itself, "" for none."""
        lines = (json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{"))
        return str([{}, *(line for line in lines if line.get("event") == "halt_latched")][-1].get("id", ""))

    def problem(self) -> str:
        """What the engine says that keeps it from trading."""
        try:
            return str(get(f"http://127.0.0.1:{self._port}/report")["problem"])
        except OSError:
            return "nothing"


@dataclass
class Desk:
    """The API server as a pod sees it, the venue, and all pods."""

    pod: Pod
    venue: str
    folder: Path
    stack: ExitStack
    epochs: list[int] = field(default_factory=list)
    engines: list[Engine] = field(default_factory=list)
    acknowledged: str = ""

    def creates(self) -> list[tuple[float, int]]:
        """(seconds of this machine, number of the journal) of every order that reached the venue."""
        found = get(f"{self.venue}/requests?path=/v5/order/create&limit=10000")["requests"]
        told = [(entry["timeNs"] / 1e9, parted(entry["parameters"]["orderLinkId"])[1]) for entry in found]
        for _, epoch in told:
            if epoch not in self.epochs:
                self.epochs.append(epoch)
        return [(at, self.epochs.index(epoch)) for at, epoch in told]

    def trades(self, journal: int, after: float, seconds: float) -> float:
        """Wait for an order of a journal that was sent after a moment; when that was.

        A pod that finds orders which its own journal does not know halts. Somebody acknowledges that, so that nothing
        but the Lease keeps it from trading.
        """

        def found() -> float | None:
            self._acknowledge(self.engines[journal].halt())
            return next((at for at, number in self.creates() if number == journal and at > after), None)

        return until(found, seconds, f"journal {journal} sends an order")

    def _acknowledge(self, halt: str) -> None:
        if halt and halt != self.acknowledged:
            self.acknowledged = halt
            patch = json.dumps({"spec": {"acknowledgedHalt": halt}})
            self.pod("patch", "tradingbot", "bot1", "--type=merge", "-p", patch)
            self.admit()

    def admit(self) -> None:
        """What the operator does: the spec as it is now may run."""
        found = self.pod.stored
        metadata, spec = found["metadata"], found["spec"]
        judged = {"uid": metadata["uid"], "generation": metadata["generation"], "specHash": spec_hash(spec)}
        judged["accountId"] = str(user_id(KEY))
        status = json.dumps({"status": {"admitted": judged, "effectiveEnvelope": spec["envelope"]}})
        self.pod("patch", "tradingbot", "bot1", "--subresource=status", "--type=merge", "-p", status)

    def never_two(self, apart: float, traders: list[int]) -> None:
        """The journals traded in this order, each so many seconds after the one before it."""
        orders = self.creates()
        for (before, one), (after, other) in itertools.pairwise(orders):
            assert one == other or after - before > apart, f"{one} at {before}, {other} at {after}"
        assert [journal for journal, _ in itertools.groupby(journal for _, journal in orders)] == traders

    def lease(self) -> str:
        found = json.loads(self.pod("get", "lease", "bot1", "-o", "json"))
        return str(found.get("spec", {}).get("holderIdentity") or "")


@pytest.fixture(scope="module")
def control_plane() -> Iterator[ControlPlane]:
    """One of our own: an API server that goes away would take the others' with it."""
    try:
        with ControlPlane.start() as own:
            yield own
    except MissingProgramError as reason:
        pytest.skip(f"API server tier not run: {reason}")


@pytest.fixture
def desk(control_plane: ControlPlane, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Desk]:
    pod = rights_of_a_pod(control_plane, tmp_path, f"one-trader-{abs(hash(request.node.name)) % 10_000}")
    keys = tmp_path / "keys"
    keys.mkdir()
    (keys / "apiKey").write_text(KEY)
    (keys / "secret").write_text("bot-secret")
    with ExitStack() as stack:
        venue = stack.enter_context(simulator(tmp_path))
        bot = pod.bot(
            venue={
                "exchange": "bybit",
                "marketType": "Swap",
                "credentialsSecretRef": {"name": "keys"},
                "endpoint": venue,
            },
            strategies=[{"name": "simple-maker", "enabled": True, "params": BUSY}],
            envelope={
                "maxOrderNotional": "500",
                "maxPositionNotional": "500000",
                "ordersPerSecond": 5,
                "maxControlAge": f"{AGE}s",
            },
        )
        pod("apply", "-f", "-", given=bot)
        lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "bot1"}}
        lease["metadata"] = {"name": "bot1", "annotations": {"tradingdesk.io/released": "true"}}
        pod("apply", "-f", "-", given=lease)
        desk = Desk(pod, venue, tmp_path, stack)
        desk.admit()
        yield desk


def second(desk: Desk, first: Engine) -> Engine:
    """A second pod, while the first stands still: what has reported before makes an empty journal start halted."""
    first.send(signal.SIGSTOP)
    forget = '{"status":{"engine":null}}'
    desk.pod("patch", "tradingbot", "bot1", "--subresource=status", "--type=merge", "-p", forget)
    other = Engine(desk, "pod-b")
    until(lambda: other.problem() == "LeaseWaiting", 9, f"the second pod waits; {other.log.read_text()[-2000:]}")
    first.send(signal.SIGCONT)
    return other


@pytest.mark.control("S1.10")
def test_s1_a_pod_that_is_cut_off_stops_before_the_other_begins_and_both_orders_are_never_taken(desk: Desk) -> None:
    first = Engine(desk, "pod-a")
    desk.trades(0, 0, 30)
    other = second(desk, first)
    desk.trades(0, time.time(), 30)
    first.cable.cut()  # half open: no connection is closed, nobody is told
    cut = time.time()
    began = desk.trades(1, 0, 60)
    last = max(at for at, journal in desk.creates() if journal == 0)
    print(f"\nlast order {last - cut:.1f} s after the cut, first of the other pod {began - last:.1f} s later")
    assert last - cut <= AGE
    assert began - last > WINDOW
    assert first.problem() == "ControlLost"
    first.cable.join()  # the renewals that were held up arrive, and are refused
    until(lambda: first.problem() == "LeaseWaiting", 20, "the first pod sees who holds the Lease")
    assert desk.lease() == "pod-b"
    killed = time.time()
    other.send(signal.SIGKILL)
    again = desk.trades(0, killed, 60)
    print(f"taken over {again - killed:.1f} s after the kill")
    assert again - killed >= DURATION - AGE
    desk.never_two(WINDOW, [0, 1, 0])


@pytest.mark.control("S2.2")
def test_s2_an_api_server_that_is_away_pauses_the_bot_which_goes_on_by_itself_and_hands_over_at_once(
    desk: Desk, control_plane: ControlPlane
) -> None:
    first = Engine(desk, "pod-a")
    desk.trades(0, 0, 30)
    control_plane.stop_api_server()
    away = time.time()
    try:
        until(lambda: first.problem() == "ControlLost", AGE + 3, "it has noticed")
        time.sleep(3)
        last = max(at for at, _ in desk.creates())
        assert last - away <= AGE
        until(lambda: not get(f"{desk.venue}/ground-truth?account={KEY}")["openOrders"], 5, "its quotes are pulled")
    finally:
        control_plane.start_api_server()
    back = time.time()
    on = desk.trades(0, back, 30)
    print(f"\npaused {last - away:.1f} s after the API server went, on {on - back:.1f} s after it came back")
    other = second(desk, first)
    stopped = time.time()
    first.send(signal.SIGTERM)
    assert first.process.wait(15) == 0, first.log.read_text()[-3000:]
    began = desk.trades(1, 0, 30)
    print(f"handed over {began - stopped:.1f} s after SIGTERM")
    assert began - stopped < DURATION
    assert other.problem() == ""
    desk.never_two(0, [0, 1])
