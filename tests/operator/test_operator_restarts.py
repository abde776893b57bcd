"""The operator killed and started again."""

import random
import time
from pathlib import Path
from typing import Any

import pytest

from deskoperator.resources.kinds import CHILDREN, STATEFUL_SET, TRADING_BOT, Kind, Object
from tests.api.crd import install_crd
from tests.cluster.control_plane import ControlPlane
from tests.operator.desk import Api, Operator, allow_operator, eventually, running
from tests.operator.worlds import bot_object

pytestmark = [pytest.mark.apiserver, pytest.mark.timeout(1200)]

SPACE = "desk-operator-restarts"
NAMESPACE = Kind("v1", "Namespace", "namespaces")
BOTS = [f"bot{number}" for number in range(1, 13)]
KILLS = 8


def _bot(name: str, **spec: Any) -> Object:
    body = bot_object(**spec)
    body["metadata"] = {"name": name, "namespace": SPACE}
    del body["status"]
    return body


def test_killed_at_any_point_it_converges_and_doubles_nothing(control_plane: ControlPlane, tmp_path: Path) -> None:
    install_crd(control_plane.kubectl)
    api = Api(control_plane.kubeconfig)
    api.create(NAMESPACE, None, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}})
    operator = Operator(allow_operator(control_plane), tmp_path / "log", "--namespace", SPACE)
    dice = random.Random(7)
    operator.start()
    for number, name in enumerate(BOTS):
        api.create(TRADING_BOT, SPACE, _bot(name, halted=True if number % 2 else None))
        if number % 2:
            _kill_at_random(operator, dice)
    for _ in range(KILLS):
        _kill_at_random(operator, dice)

    def complete() -> bool:
        return all(_complete(api, name) for name in BOTS)

    eventually(complete, within=60, what=operator.log.read_text()[-3000:])
    for kind in CHILDREN:
        ours = [each["metadata"]["name"] for each in api.list(kind, SPACE) if each["metadata"].get("ownerReferences")]
        assert sorted(ours) == sorted(f"bot-{name}" for name in BOTS)
    assert {each["metadata"]["generation"] for each in api.list(STATEFUL_SET, SPACE)} == {1}
    latches = {name: api.get(TRADING_BOT, SPACE, name)["status"].get("killSwitch") for name in BOTS}
    assert [name for name, latch in latches.items() if latch] == BOTS[1::2]

    before = _versions(api)
    operator.kill()
    with running(operator):
        eventually(lambda: operator.measured("desk_operator_reconcile_seconds_count") >= len(BOTS))
        eventually(lambda: operator.measured("desk_operator_queue_depth") == 0)
        assert operator.measured("desk_operator_writes_total") == 0
        assert _versions(api) == before
        assert operator.stop() == 0


def _kill_at_random(operator: Operator, dice: random.Random) -> None:
    """Starting takes about a second: some kills hit the start, most the work."""
    time.sleep(dice.uniform(0.3, 2.5))
    operator.kill()
    operator.start()


def _complete(api: Api, name: str) -> bool:
    for kind in CHILDREN:
        api.get(kind, SPACE, f"bot-{name}")
    bot = api.get(TRADING_BOT, SPACE, name)
    settled = bot["status"].get("observedGeneration") == 1
    return settled and (not bot["spec"].get("halted") or bot["status"]["phase"] == "Halting")


def _versions(api: Api) -> dict[tuple[str, str], str]:
    return {
        (kind.kind, each["metadata"]["name"]): each["metadata"]["resourceVersion"]
        for kind in (*CHILDREN, TRADING_BOT)
        for each in api.list(kind, SPACE)
    }
