"""The story, step by step: what is done is what a person would type, what is claimed is checked before it is said."""

import json
import time
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.cluster import kind
from tests.cluster.errors import ClusterError
from tests.cluster.images import PROJECT
from tests.demo.desk import ACCOUNT, NANOSECONDS, Desk, eventually, install

HALT = '{"spec":{"halted":true}}'
ENOUGH_FILLS = 5

_console = Console(highlight=False, soft_wrap=True)


def tell() -> None:
    """From nothing to an empty venue. Raises ClusterError at the first thing that is not as it should be."""
    begun = time.monotonic()
    _step("1", "A real cluster")
    cluster = kind.up()
    _step("2", "helm install desk charts/desk")
    desk = install(cluster)
    _say(
        "the exchange simulator replays a real recording of BTCUSDT"
        if desk.recorded
        else "no recording at hand (or no way to bring one to this cluster): the seeded synthetic market is used"
    )
    trade(desk)
    compare(desk)
    halt_and_resume(desk)
    delete(desk)
    _goodbye(desk, time.monotonic() - begun)


def trade(desk: Desk) -> None:
    """Apply the example and wait until it is Ready."""
    _step("3", "One bot")
    _run(desk, "apply", "-f", "examples/bot.yaml")
    _run(desk, "wait", "--for=condition=Ready", "tradingbot/bot1", "--timeout=60s")
    eventually("the bot reports its first fills", lambda: desk.report()["fills"] >= ENOUGH_FILLS, seconds=120)
    # Status carries a summary every 15 s, not a price feed.
    eventually("the status shows the fills", lambda: desk.bot()["status"]["engine"].get("fills"), seconds=30)
    _run(desk, "get", "tradingbots")


def compare(desk: Desk, title: str = "up to the last execution both know", step: bool = True) -> None:
    """The bot's ledger beside the venue's."""
    if step:
        _step("4", "Two ledgers, side by side")
    report = desk.report()
    market, ours = next(iter(report["ledger"].items()))
    truth = desk.truth(until=report["lastExecutionId"][market])["markets"][market]
    theirs = {field: truth[field] for field in ours}  # the venue's books also say what it did on its own account
    table = Table("", "the bot says", "the venue's own books", title=f"{market}, {title}", title_justify="left")
    for field in ("fills", "position", "cash", "realisedPnl", "fees"):
        table.add_row(field, _text(ours[field]), _text(theirs[field]))
    _console.print(table)
    _require(ours == theirs, f"the ledgers differ: {ours} and {theirs}")
    _say("equal to the last digit")


def halt_and_resume(desk: Desk) -> None:
    """The kill switch: cancel, prove, stay halted, resume by id."""
    _step("5", "The kill switch")
    eventually("orders rest on the venue", lambda: desk.truth()["openOrders"] > 0)
    resting = desk.truth()["openOrders"]
    halt_id, milliseconds = halt(desk)
    _say(f"{resting} orders rested on the venue; the last was gone {milliseconds:.0f} ms after the patch was sent")
    _show_halt(desk)
    compare(desk, title="after the halt", step=False)
    _require(desk.truth()["openOrders"] == 0, "an order is left on the venue")
    _survive_a_new_pod(desk, halt_id)
    patch = json.dumps({"spec": {"halted": None, "acknowledgedHalt": halt_id}})
    _run(desk, "patch", "tradingbot", "bot1", "--type", "merge", "-p", patch)
    before = desk.report()["orders"]
    _run(desk, "wait", "--for=condition=Trading", "tradingbot/bot1", "--timeout=60s")
    eventually("new orders are sent", lambda: desk.report()["orders"] > before)
    _say("released by its id; trading again")


def halt(desk: Desk) -> tuple[str, float]:
    """Patch, wait for the proof. Returns the halt's id and the milliseconds until the venue's last order was gone."""
    sent = time.time_ns()
    _run(desk, "patch", "tradingbot", "bot1", "--type", "merge", "-p", HALT)
    confirmed = eventually("the halt is confirmed", lambda: _confirmed(desk))
    gone = desk.truth()["lastOrderGoneAt"]
    _require(gone is not None, "the venue still has an order")
    return str(confirmed["id"]), (int(gone) - sent) / NANOSECONDS * 1000


def _confirmed(desk: Desk) -> dict[str, Any] | None:
    switch: dict[str, Any] = desk.bot().get("status", {}).get("killSwitch", {})
    return switch if switch.get("state") == "Confirmed" else None


def _show_halt(desk: Desk) -> None:
    table = Table("status.killSwitch", "", title_justify="left")
    for name, value in desk.bot()["status"]["killSwitch"].items():
        table.add_row(name, _text(value))
    _console.print(table)


def _survive_a_new_pod(desk: Desk, halt_id: str) -> None:
    sent = len(_creates(desk))
    old = desk.kubectl("get", "pod", "bot-bot1-0", "--output", "jsonpath={.metadata.uid}")
    _run(desk, "delete", "pod", "bot-bot1-0")
    eventually("a new pod is ready", lambda: _is_new_and_ready(desk, old), seconds=90)
    eventually("it reports the halt", lambda: desk.report()["state"] == "Halted")
    switch = desk.bot()["status"]["killSwitch"]
    _require(switch["state"] == "Confirmed" and switch["id"] == halt_id, f"the latch has changed: {switch}")
    _require(len(_creates(desk)) == sent, "the new pod has sent an order")
    _say("a new pod: still halted, under the same id, no order sent")


def _creates(desk: Desk) -> list[Any]:
    answer = desk.ask(
        f"/api/v1/namespaces/default/services/exchange-simulator:8080/proxy/requests?account={ACCOUNT}&path=/v5/order/create"
    )
    return list(answer["requests"])


def _is_new_and_ready(desk: Desk, old: str) -> bool:
    pod = json.loads(desk.kubectl("get", "pod", "bot-bot1-0", "--output", "json"))
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", ()))
    return pod["metadata"]["uid"] != old and ready


def delete(desk: Desk) -> None:
    """Deleting the object is a kill as well."""
    _step("6", "Deletion")
    _run(desk, "delete", "tradingbot", "bot1")
    eventually("no order is left on the venue", lambda: desk.truth()["openOrders"] == 0)
    kinds = "statefulset,pod,serviceaccount,role,rolebinding,persistentvolumeclaim"
    selector = "app.kubernetes.io/managed-by=desk-operator,tradingdesk.io/bot=bot1"
    eventually(
        "no child is left in the cluster",
        lambda: not desk.kubectl("get", kinds, "--selector", selector, "--output", "name").strip(),
        seconds=90,
    )
    _say("no order is left on the venue, no child in the cluster")


def _goodbye(desk: Desk, seconds: float) -> None:
    kubeconfig = desk.cluster.kubectl.kubeconfig
    reach = f"export KUBECONFIG={kubeconfig}" if kubeconfig is not None else "kubectl is set up for it"
    _console.print(f"\n[bold green]The story is told[/] in {seconds:.0f} s. The cluster stays up: {reach}")
    _console.print("make demo-down removes every trace.")


def _run(desk: Desk, *arguments: str) -> None:
    words = " ".join(f"'{word}'" if "{" in word else word for word in arguments)
    _console.print(f"[bold]$ kubectl {words}[/]")
    located = [str(PROJECT / word) if word.startswith("examples/") else word for word in arguments]
    _console.out(desk.kubectl(*located).rstrip())


def _step(number: str, title: str) -> None:
    _console.print(f"\n[bold cyan]{number}. {title}[/]")


def _say(sentence: str) -> None:
    _console.print(f"[green]✓[/] {sentence}")


def _require(truth: bool, otherwise: str) -> None:
    if not truth:
        raise ClusterError(otherwise)


def _text(value: Any) -> str:
    return ", ".join(f"{v} {k}" for k, v in value.items()) if isinstance(value, dict) else str(value)
