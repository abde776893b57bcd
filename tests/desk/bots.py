"""Bots for the tests: the example with another name, account and whatever a test wants different."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from deskapi import load_manifest
from tests.cluster.images import PROJECT
from tests.demo.desk import Desk, eventually


def manifest(name: str, key: str | None, **spec: Any) -> list[dict[str, Any]]:
    """A Secret (when there is a key) and a TradingBot."""
    example, _ = load_manifest((PROJECT / "examples" / "bot.yaml").read_text())
    bot = json.loads(json.dumps(example))
    bot["metadata"] = {"name": name}
    bot["spec"] |= {"venue": bot["spec"]["venue"] | {"credentialsSecretRef": {"name": f"{name}-keys"}}, **spec}
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": f"{name}-keys"},
        "stringData": {"apiKey": key, "secret": "secret"},
    }
    return [bot] if key is None else [secret, bot]


@contextmanager
def applied(desk: Desk, name: str, key: str | None, **spec: Any) -> Iterator[None]:
    """The bot exists within, and is deleted afterwards."""
    items = {"apiVersion": "v1", "kind": "List", "items": manifest(name, key, **spec)}
    desk.kubectl("apply", "--filename", "-", given=json.dumps(items))
    try:
        yield
    finally:
        desk.kubectl("delete", "tradingbot", name, "--timeout=60s")
        desk.kubectl("delete", "secret", f"{name}-keys", "--ignore-not-found")
        selector = f"tradingdesk.io/bot={name}"
        eventually(
            f"nothing is left of {name}",
            lambda: not desk.kubectl("get", "pod,pvc", "--selector", selector, "--output", "name").strip(),
            seconds=60,
        )


def ready(desk: Desk, name: str, seconds: int = 60) -> None:
    """Wait as a user would."""
    desk.kubectl("wait", "--for=condition=Ready", f"tradingbot/{name}", f"--timeout={seconds}s")


def condition(desk: Desk, name: str, kind: str) -> dict[str, Any]:
    """One condition of a bot; empty before there is one."""
    found = desk.bot(name).get("status", {}).get("conditions", [])
    return next((c for c in found if c["type"] == kind), {})


def wide_ladder(levels: int) -> dict[str, Any]:
    """A strategy and an envelope that keep `2 * levels` orders resting, far enough from the market to stay."""
    params = {"size": "0.001", "levels": levels, "spread": "0.5%", "step": "0.05%", "requote": "0.5%", "skew": "0%"}
    limits = {"maxOrderNotional": "250", "maxPositionNotional": "5000", "maxOpenOrders": 60, "ordersPerSecond": 50}
    return {
        "strategies": [{"name": "simple-maker", "enabled": True, "params": params}],
        "envelope": limits | {"priceCollar": "5%"},
    }
