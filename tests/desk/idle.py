"""What an idle bot costs: resident memory, and how soon after its pod was made it is Ready."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.cluster.errors import ClusterError
from tests.demo.desk import Desk
from tests.desk import bots

BOT = "idle"
POD = "bot-idle-0"
MEGABYTE = 1_000_000


def measure(desk: Desk, rounds: int) -> dict[str, Any]:
    """A bot whose strategy is off: its pod deleted `rounds` times, watched until the next one is Ready."""
    strategies = [{"name": "simple-maker", "enabled": False, "params": {"size": "0.001"}}]
    with bots.applied(desk, BOT, "idle-key", strategies=strategies):
        bots.ready(desk, BOT)
        seconds = sorted(_seconds_to_ready(desk) for _ in range(rounds))
        return {
            "residentMegabytes": round(_resident_bytes(desk) / MEGABYTE, 1),
            "podToReadySeconds": {"median": round(seconds[len(seconds) // 2], 2), "max": round(seconds[-1], 2)},
            "rounds": rounds,
        }


def _resident_bytes(desk: Desk) -> float:
    text = desk.kubectl("get", "--raw", f"/api/v1/namespaces/default/pods/{POD}:8080/proxy/metrics")
    for family in text_string_to_metric_families(text):
        if family.name == "process_resident_memory_bytes":
            return float(family.samples[0].value)
    raise ClusterError("the bot's metrics do not state its resident memory")


def _seconds_to_ready(desk: Desk) -> float:
    old = desk.kubectl("get", "pod", POD, "--output", "jsonpath={.metadata.uid}")
    with _watched(desk) as pods:
        desk.kubectl("delete", "pod", POD, "--wait=false")
        made = 0.0
        for at, pod in pods:
            if pod["metadata"]["uid"] == old:
                continue
            made = made or at
            if any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", ())):
                return at - made
    raise ClusterError("the watch ended before the new pod was ready")


@contextmanager
def _watched(desk: Desk) -> Iterator[Iterator[tuple[float, dict[str, Any]]]]:
    """The pod at every change, with the moment (monotonic seconds) at which this process heard of it."""
    command = desk.cluster.kubectl.command(
        *("--namespace", "default", "get", "pod", POD, "--watch", "--output", "json", "--request-timeout", "120s")
    )
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield _objects(process)
        finally:
            process.kill()


def _objects(process: "subprocess.Popen[str]") -> Iterator[tuple[float, dict[str, Any]]]:
    decoder, text = json.JSONDecoder(), ""
    for line in process.stdout or ():
        text += line
        if line.rstrip() == "}":
            yield time.monotonic(), decoder.decode(text)
            text = ""
