"""Halts of a bot with forty open orders, measured by the exchange's own stamp of the last order gone."""

import json
import statistics
import time
from dataclasses import dataclass

from tests.demo.desk import NANOSECONDS, Desk, eventually
from tests.desk import bots

LEVELS = 20
ACCOUNT = "halt-key"
BOT = "halter"


@dataclass(frozen=True)
class Halt:
    """One halt: milliseconds from the patch to the last order gone, and to the latch confirmed in the status."""

    orders: int
    gone_ms: float
    confirmed_ms: float
    faults: tuple[str, ...]


def measure(desk: Desk, rounds: int) -> list[Halt]:
    """Halt and resume again and again; every third round with creates accepted and dropped, every fourth with a delayed
    cancel. Raises ClusterError when an order stays or a halt is not confirmed."""
    with bots.applied(desk, BOT, ACCOUNT, **bots.wide_ladder(LEVELS)):
        bots.ready(desk, BOT)
        return [_one(desk, number) for number in range(rounds)]


def summary(halts: list[Halt]) -> dict[str, object]:
    """The figures for people and machines."""
    gone = sorted(halt.gone_ms for halt in halts)
    confirmed = sorted(halt.confirmed_ms for halt in halts)
    return {
        "halts": len(halts),
        "ordersMin": min(halt.orders for halt in halts),
        "lastOrderGoneMs": {"median": round(statistics.median(gone), 1), "max": round(gone[-1], 1)},
        "confirmedMs": {"median": round(statistics.median(confirmed), 1), "max": round(confirmed[-1], 1)},
        "withFaults": sum(1 for halt in halts if halt.faults),
    }


def _one(desk: Desk, number: int) -> Halt:
    faults = _faults(number)
    for fault in faults:
        if fault["endpoint"] == "/v5/order/create":
            desk.fault(fault)
    _full(desk)
    for fault in faults:
        if fault["endpoint"] != "/v5/order/create":
            desk.fault(fault)
    resting = desk.truth(ACCOUNT)["openOrders"]
    sent = time.time_ns()
    desk.kubectl("patch", "tradingbot", BOT, "--type", "merge", "-p", '{"spec":{"halted":true}}')
    switch = eventually("the halt is confirmed", lambda: _confirmed(desk), seconds=60)
    confirmed = time.time_ns()
    truth = desk.truth(ACCOUNT)
    assert truth["openOrders"] == 0
    assert truth["ordersInFlight"] == 0
    _resume(desk, switch["id"])
    gone = int(truth["lastOrderGoneAt"]) - sent
    names = tuple(str(fault["action"]) for fault in faults)
    return Halt(resting, gone / NANOSECONDS * 1000, (confirmed - sent) / NANOSECONDS * 1000, names)


def _faults(number: int) -> list[dict[str, object]]:
    faults: list[dict[str, object]] = []
    if number % 3 == 2:
        faults.append({"action": "acceptThenDrop", "endpoint": "/v5/order/create", "account": ACCOUNT, "count": 2})
    if number % 4 == 3:
        delay = {"action": "delay", "endpoint": "/v5/order/cancel-all", "account": ACCOUNT, "count": 1, "delayMs": 200}
        faults.append(delay)
    return faults


def _full(desk: Desk) -> None:
    eventually(
        f"{2 * LEVELS} orders rest",
        lambda: desk.truth(ACCOUNT)["openOrders"] >= 2 * LEVELS,
        seconds=60,
    )


def _confirmed(desk: Desk) -> dict[str, str] | None:
    switch: dict[str, str] = desk.bot(BOT).get("status", {}).get("killSwitch", {})
    return switch if switch.get("state") == "Confirmed" else None


def _resume(desk: Desk, halt_id: str) -> None:
    patch = {"spec": {"halted": None, "acknowledgedHalt": halt_id}}
    desk.kubectl("patch", "tradingbot", BOT, "--type", "merge", "-p", json.dumps(patch))
    desk.kubectl("wait", "--for=condition=Trading", f"tradingbot/{BOT}", "--timeout=60s")
