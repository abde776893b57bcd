"""The desk in a cluster: installed with Helm, and asked the way a person would ask it."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster import tools
from tests.cluster.commands import run
from tests.cluster.errors import ClusterError
from tests.cluster.images import PROJECT, ensure_images
from tests.cluster.kind import Cluster

RECORDINGS = PROJECT.parent / "shared" / "data" / "hftbacktest"
RECORDING = "usdm_btcusdt_20240808.gz"
NODE_FOLDER = "/recordings"
ACCOUNT = "demo-key"
SIMULATOR = "/api/v1/namespaces/default/services/exchange-simulator:8080/proxy"
NANOSECONDS = 1_000_000_000


@dataclass(frozen=True)
class Desk:
    """An installed desk; every question goes through the API server, so that it works from any machine."""

    cluster: Cluster
    recorded: bool

    def kubectl(self, *arguments: str, given: str | None = None, timeout_seconds: float = 120.0) -> str:
        """Standard output of kubectl in the default namespace."""
        return self.cluster.kubectl("--namespace", "default", *arguments, given=given, timeout_seconds=timeout_seconds)

    def ask(self, path: str) -> Any:
        """A JSON answer through the API server's proxy."""
        return json.loads(self.kubectl("get", "--raw", path))

    def bot(self, name: str = "bot1") -> dict[str, Any]:
        """The TradingBot as it is now."""
        found: dict[str, Any] = json.loads(self.kubectl("get", "tradingbot", name, "--output", "json"))
        return found

    def report(self, name: str = "bot1") -> dict[str, Any]:
        """What the bot says it has done."""
        found: dict[str, Any] = self.ask(f"/api/v1/namespaces/default/pods/bot-{name}-0:8080/proxy/report")
        return found

    def truth(self, account: str = ACCOUNT, until: str = "") -> dict[str, Any]:
        """The exchange's own books."""
        found: dict[str, Any] = self.ask(f"{SIMULATOR}/ground-truth?account={account}&until={until}")
        return found

    def fault(self, rule: dict[str, Any]) -> None:
        """Inject a fault at the simulator (it takes POST, which `get --raw` cannot)."""
        self.kubectl("create", "--raw", f"{SIMULATOR}/faults", "--filename", "-", given=json.dumps(rule))


def install(cluster: Cluster, simulator: dict[str, Any] | None = None) -> Desk:
    """Build and load the images, bring a recording to the node if there is one, and `helm install`.

    `simulator` are further values of the chart's simulator.
    """
    images = ensure_images(cluster)
    recorded = _bring_recording(cluster)
    recordings = {"hostPath": NODE_FOLDER, "files": [RECORDING]} if recorded else {}
    values = {
        "operator": {"image": _image(images.operator)},
        "bot": {"image": _image(images.bot)},
        "simulator": {"enabled": True, "recordings": recordings, **(simulator or {})},
    }
    chart = str(PROJECT / "charts" / "desk")
    flags = ("--values", "-", "--wait", "--timeout", "3m")
    helm(cluster, "upgrade", "--install", "desk", chart, *flags, given=json.dumps(values))
    return Desk(cluster, recorded)


def _image(name: str) -> dict[str, str]:
    repository, _, tag = name.rpartition(":")
    return {"repository": repository, "tag": tag}


def uninstall(cluster: Cluster) -> None:
    """Take the release away; the CRD stays, as Helm keeps it."""
    helm(cluster, "uninstall", "desk", "--ignore-not-found", "--wait")


def helm(cluster: Cluster, *arguments: str, given: str | None = None) -> str:
    """Standard output of helm, on the cluster's own kubeconfig."""
    chosen = [] if cluster.kubectl.kubeconfig is None else ["--kubeconfig", str(cluster.kubectl.kubeconfig)]
    return run([tools.tool("helm"), *chosen, "--namespace", "default", *arguments], given=given, timeout_seconds=300)


def eventually(what: str, look: Callable[[], Any], seconds: float = 60.0) -> Any:
    """The first true thing `look` returns. Raises ClusterError with what was expected when it never comes."""
    deadline = time.monotonic() + seconds
    last: object = None
    while time.monotonic() < deadline:
        try:
            found = look()
        except ClusterError as error:
            found, last = None, error
        if found:
            return found
        time.sleep(0.1)
    raise ClusterError(f"waited {seconds:.0f} s in vain until {what}" + (f" ({last})" if last else ""))


def _bring_recording(cluster: Cluster) -> bool:
    source = RECORDINGS / RECORDING
    if cluster.engine is None or not source.exists():
        return False
    cluster.engine.run("exec", cluster.node, "mkdir", "--parents", NODE_FOLDER)
    cluster.engine.run("cp", str(source), f"{cluster.node}:{NODE_FOLDER}/{Path(source).name}")
    return True
