"""The operator killed and started again."""

import random
import time
from pathlib import Path
from typing import Any

import pytest
from kubernetes.dynamic.exceptions import NotFoundError

from deskoperator.resources.kinds import CHILDREN, SERVICE_ACCOUNT, STATEFUL_SET, TRADING_BOT, Kind, Object
from tests.api.crd import install_crd
from tests.cluster.control_plane import ControlPlane
from tests.operator.desk import Api, Operator, allow_operator, eventually, running
from tests.operator.worlds import bot_object

pytestmark = [pytest.mark.apiserver, pytest.mark.timeout(1200)]

SPACE = "desk-operator-restarts"
NAMESPACE = Kind("v1", "Namespace", "namespaces")
BOTS = [f"bot{number}" for number in range(1, 9)]
# No engine is there to confirm a halt: its kill Job would be written at a moment of its own.
NO_KILL_JOB = {"confirmWithin": "10m"}


def _bot(name: str, **spec: Any) -> Object:
    body = bot_object(**spec, killSwitch=NO_KILL_JOB)
    body["metadata"] = {"name": name, "namespace": SPACE}
    del body["status"]
    return body


def test_killed_at_any_point_it_converges_and_doubles_nothing(control_plane: ControlPlane, tmp_path: Path) -> None:
    install_crd(control_plane.kubectl)
    api = Api(control_plane.kubeconfig)
    api.create(NAMESPACE, None, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}})
    operator = Operator(allow_operator(control_plane), tmp_path / "log", "--namespace", SPACE)
    dice = random.Random(7)
    with running(operator):
        half_done = sum(_killed_while_it_makes(api, operator, number, dice) for number in range(len(BOTS)))
        print(f"{len(BOTS)} kills, {half_done} of them between the first write about a bot and the last")

        def complete() -> bool:
            return all(_complete(api, name) for name in BOTS)

        eventually(complete, within=60, what=operator.log.read_text()[-3000:])
        for kind in CHILDREN:
            ours = [
                each["metadata"]["name"] for each in api.list(kind, SPACE) if each["metadata"].get("ownerReferences")
            ]
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


def test_after_an_outage_of_the_api_server_it_latches_within_seconds(tmp_path: Path) -> None:
    with ControlPlane.start() as own:
        install_crd(own.kubectl)
        api = Api(own.kubeconfig)
        operator = Operator(allow_operator(own), tmp_path / "log", "--namespace", "default")
        body = _bot("bot1")
        body["metadata"]["namespace"] = "default"
        with running(operator):
            api.create(TRADING_BOT, "default", body)
            eventually(lambda: api.find(STATEFUL_SET, "default", "bot-bot1"))
            own.stop_api_server()
            eventually(lambda: "Request attempt #4" in operator.log.read_text(), what="the watches try again")
            own.start_api_server()
            api.merge(TRADING_BOT, "default", "bot1", {"spec": {"halted": True}})
            eventually(lambda: api.get(TRADING_BOT, "default", "bot1")["status"].get("killSwitch"), within=10)
            api.delete(SERVICE_ACCOUNT, "default", "bot-bot1")
            eventually(lambda: api.find(SERVICE_ACCOUNT, "default", "bot-bot1"), within=10)


def test_every_bot_is_looked_at_from_time_to_time_without_a_cause(tmp_path: Path) -> None:
    with ControlPlane.start() as own:
        install_crd(own.kubectl)
        api = Api(own.kubeconfig)
        body = _bot("bot1")
        body["metadata"]["namespace"] = "default"
        operator = Operator(allow_operator(own), tmp_path / "log", "--namespace", "default", "--resync", "0.2")
        with running(operator):
            api.create(TRADING_BOT, "default", body)
            eventually(lambda: api.find(STATEFUL_SET, "default", "bot-bot1"))
            before = operator.measured("desk_operator_reconcile_seconds_count")
            eventually(lambda: operator.measured("desk_operator_reconcile_seconds_count") > before + 20)


def _killed_while_it_makes(api: Api, operator: Operator, number: int, dice: random.Random) -> bool:
    """Creates a bot, kills the operator soon after its first child appears, starts it again; whether work was left."""
    name = BOTS[number]
    api.create(TRADING_BOT, SPACE, _bot(name, halted=True if number % 2 else None))
    eventually(lambda: api.find(SERVICE_ACCOUNT, SPACE, f"bot-{name}"))
    time.sleep(dice.uniform(0, 0.15))
    operator.kill()
    try:
        left = not _complete(api, name)
    except (KeyError, NotFoundError):
        left = True
    operator.start()
    return left


def _complete(api: Api, name: str) -> bool:
    for kind in CHILDREN:
        api.get(kind, SPACE, f"bot-{name}")
    bot = api.get(TRADING_BOT, SPACE, name)
    settled = bot["status"].get("observedGeneration") == 1
    return settled and (not bot["spec"].get("halted") or bot["status"]["phase"] == "Halted")


def _versions(api: Api) -> dict[tuple[str, str], str]:
    return {
        (kind.kind, each["metadata"]["name"]): each["metadata"]["resourceVersion"]
        for kind in (*CHILDREN, TRADING_BOT)
        for each in api.list(kind, SPACE)
    }
