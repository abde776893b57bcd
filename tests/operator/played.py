"""A bot and its engine as a test plays them against a real API server: the pod's kubelet, the engine's reports."""

import itertools
import time
from typing import Any

from deskoperator.resources.kinds import CHILDREN, NAMESPACE, POD, TRADING_BOT, Kind, Object
from tests.api.crd import install_crd
from tests.cluster.control_plane import ControlPlane
from tests.operator.desk import Api, eventually
from tests.operator.worlds import bot_object

_NAMES = (f"bot{number}" for number in itertools.count(1))
SPACE = "desk-operator-tests"


def ready_api(control_plane: ControlPlane) -> Api:
    """An API server with the CRDs and the tests' namespace. Pods that do not meet the restricted standard are refused
    there, and their StatefulSets stay without one."""
    install_crd(control_plane.kubectl)
    api = Api(control_plane.kubeconfig)
    if api.find(NAMESPACE, "", SPACE) is None:
        metadata = {"name": SPACE, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}
        api.create(NAMESPACE, None, {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    return api


class Bot:
    """One TradingBot of the tests' namespace."""

    def __init__(self, api: Api, labels: dict[str, str] | None = None, **spec: Any) -> None:
        self.api, self.name, self.labels = api, next(_NAMES), labels or {}
        self.create(**spec)

    def create(self, **spec: Any) -> None:
        body = bot_object(**spec)
        body["metadata"] = {"name": self.name, "namespace": SPACE, "labels": self.labels}
        del body["status"]
        self.api.create(TRADING_BOT, SPACE, body)

    def patch(self, **spec: Any) -> None:
        self.api.merge(TRADING_BOT, SPACE, self.name, {"spec": spec})

    def object(self) -> Object:
        return self.api.get(TRADING_BOT, SPACE, self.name)

    def status(self) -> Object:
        return dict(self.object().get("status") or {})

    def latch(self) -> Object:
        return dict(self.status().get("killSwitch") or {})

    def condition(self, name: str) -> tuple[str, str]:
        found = {each["type"]: (each["status"], each["reason"]) for each in self.status().get("conditions", ())}
        return found[name]

    def comes_to(self, name: str, status: str, reason: str) -> None:
        eventually(lambda: self.condition(name) == (status, reason), what=f"{self.name}: {name} {status} {reason}")

    def child(self, kind: Kind) -> Object:
        return self.api.get(kind, SPACE, f"bot-{self.name}")

    def has_children(self) -> dict[Kind, Object]:
        return eventually(lambda: {kind: self.child(kind) for kind in CHILDREN}, what="children")

    def settled(self) -> dict[Kind, Object]:
        """Its children, once the status has followed them and the pod."""
        children = self.has_children()
        eventually(lambda: self.api.find(POD, SPACE, f"bot-{self.name}-0"))
        self.comes_to("Reconciling", "True", "PodNotReady")
        return children

    def versions(self) -> dict[str, str]:
        seen = {kind.kind: self.child(kind) for kind in CHILDREN} | {"TradingBot": self.object()}
        return {name: each["metadata"]["resourceVersion"] for name, each in seen.items()}

    def pod_becomes_ready(self) -> str:
        """What a kubelet would say of its pod; returns the pod's UID."""
        name = f"bot-{self.name}-0"
        pod = eventually(lambda: self.api.find(POD, SPACE, name), what="pod")
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        container = {"name": "bot", "image": "i", "imageID": "i", "ready": True, "restartCount": 0}
        status = {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": moment}],
            "containerStatuses": [{**container, "state": {"running": {"startedAt": moment}}}],
        }
        self.api.apply_status(POD, SPACE, name, status, "kubelet")
        return str(pod["metadata"]["uid"])


class Engine:
    """The bot's reports, written as its own service account."""

    def __init__(self, control_plane: ControlPlane, bot: Bot) -> None:
        self._bot = bot
        account = f"system:serviceaccount:{SPACE}:bot-{bot.name}"
        self.api = Api(control_plane.kubeconfig_for(account))
        self.pod = bot.pod_becomes_ready()

    def trades(self) -> "Engine":
        """It has told its account and was admitted on it, so that orders of it may be there."""
        self.report("Starting", reconciledAt=None)
        eventually(lambda: self._bot.status()["admitted"]["accountId"], what="admitted on its account")
        return self

    def report(self, state: str, **more: Any) -> None:
        generation = self._bot.object()["metadata"]["generation"]
        report = {
            "state": state,
            "podUid": self.pod,
            "observedGeneration": generation,
            "reconciledAt": "2026-11-21T09:00:00Z",
            "accountId": f"account-of-{self._bot.name}",
            **more,
        }
        said = {name: part for name, part in report.items() if part is not None}
        self.api.apply_status(TRADING_BOT, SPACE, self._bot.name, {"engine": said}, "desk-bot")
