"""The real operator as a process beside a real API server, and plain objects through the official client."""

import copy
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import kubernetes
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import ConflictError, NotFoundError

from deskoperator.resources.kinds import Kind, Object
from tests.cluster.control_plane import ControlPlane
from tests.cluster.processes import free_ports

IMAGE = "desk-bot:test"
WITHIN_SECONDS = 30.0
Found = TypeVar("Found")

# All that the operator ever needs, so that a right too few or too many shows here.
OWN_RIGHTS: list[Object] = [
    {"apiGroups": ["tradingdesk.io"], "resources": ["tradingbots", "riskpolicies"], "verbs": ["get", "list", "watch"]},
    {
        "apiGroups": ["tradingdesk.io"],
        "resources": ["tradingbots/status", "riskpolicies/status"],
        "verbs": ["get", "patch"],
    },
    {"apiGroups": ["tradingdesk.io"], "resources": ["tradingbots/finalizers"], "verbs": ["update"]},
    {
        "apiGroups": [""],
        "resources": ["serviceaccounts"],
        "verbs": ["get", "list", "watch", "create", "patch", "delete"],
    },
    {
        "apiGroups": ["rbac.authorization.k8s.io"],
        "resources": ["roles", "rolebindings"],
        "verbs": ["get", "list", "watch", "create", "patch", "delete"],
    },
    {
        "apiGroups": ["apps"],
        "resources": ["statefulsets"],
        "verbs": ["get", "list", "watch", "create", "patch", "delete"],
    },
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch", "delete"]},
    {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["get", "list", "watch", "create", "delete"]},
    {
        "apiGroups": ["coordination.k8s.io"],
        "resources": ["leases"],
        "verbs": ["get", "list", "watch", "create", "update", "patch", "delete"],
    },
    {"apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": ["get", "create", "patch", "delete"]},
]


def eventually(look: Callable[[], Found | None], *, within: float = WITHIN_SECONDS, what: str = "") -> Found:
    """What `look` returns once it is neither None nor False. Conflicts and absences count as not yet."""
    deadline = time.monotonic() + within
    while True:
        try:
            found = look()
        except (AssertionError, ConflictError, NotFoundError, KeyError) as reason:
            found, last = None, repr(reason)
        else:
            last = ""
        if found is not None and found is not False:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s: {what or look} {last}")
        time.sleep(0.02)


class Api:
    """Plain objects through the official client."""

    def __init__(self, kubeconfig: Path) -> None:
        # The client ships no annotations for these two.
        config: Any = kubernetes.config
        dynamic: Any = DynamicClient
        client = config.new_client_from_config(str(kubeconfig))
        self._client = dynamic(client, cache_file=str(kubeconfig.with_suffix(".discovery")))

    def get(self, kind: Kind, namespace: str, name: str) -> Object:
        return self._plain(self._of(kind).get(name=name, namespace=namespace))

    def find(self, kind: Kind, namespace: str, name: str) -> Object | None:
        try:
            return self.get(kind, namespace, name)
        except NotFoundError:
            return None

    def list(self, kind: Kind, namespace: str | None, selector: str = "") -> list[Object]:
        return list(self._plain(self._of(kind).get(namespace=namespace, label_selector=selector))["items"])

    def create(self, kind: Kind, namespace: str | None, body: Object) -> Object:
        return self._plain(self._of(kind).create(body=body, namespace=namespace))

    def merge(self, kind: Kind, namespace: str, name: str, body: Object) -> Object:
        content_type = "application/merge-patch+json"
        return self._plain(self._of(kind).patch(name=name, namespace=namespace, body=body, content_type=content_type))

    def delete(self, kind: Kind, namespace: str, name: str, **more: Any) -> None:
        self._of(kind).delete(name=name, namespace=namespace, **more)

    def apply_status(self, kind: Kind, namespace: str, name: str, status: Object, manager: str) -> Object:
        body = {**kind.header(namespace, name), "status": status}
        resource = self._of(kind).subresources["status"]
        applied = resource.server_side_apply(
            body=body, name=name, namespace=namespace, field_manager=manager, force_conflicts=True
        )
        return self._plain(applied)

    def _of(self, kind: Kind) -> Any:
        return self._client.resources.get(api_version=kind.api_version, kind=kind.kind)

    @staticmethod
    def _plain(found: Any) -> Object:
        return copy.deepcopy(found.to_dict())


class Operator:
    """The operator's real process."""

    def __init__(self, kubeconfig: Path, log: Path, *scope: str) -> None:
        [self._port] = free_ports(1)
        self.log = log
        self._command = [
            # kopf leaves the sockets that an API server dropped to the garbage collector.
            *(sys.executable, "-W", "error", "-W", "ignore::ResourceWarning"),
            *("-c", "from deskoperator.cli import main; raise SystemExit(main())"),
            *("run", "--bot-image", IMAGE, "--listen", f"127.0.0.1:{self._port}", *scope),
        ]
        self._environment = {**os.environ, "KUBECONFIG": str(kubeconfig)}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self._command, env=self._environment, stdout=log, stderr=log)

    def wait_until_ready(self) -> None:
        eventually(lambda: self._asked("/readyz") is not None, what=f"{self.log.read_text()}")

    def kill(self) -> None:
        """SIGKILL, as the kernel does it."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=30)

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def measured(self, metric: str) -> float:
        """Sum of a metric over its labels."""
        lines = re.findall(rf"^{metric}(?:{{[^}}]*}})? ([0-9.e+-]+)$", self._asked("/metrics") or "", re.MULTILINE)
        return sum(map(float, lines))

    def _asked(self, path: str) -> str | None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}{path}", timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            return None


@contextmanager
def running(operator: Operator) -> Iterator[Operator]:
    """The operator while the block runs; afterwards its log must hold no traceback."""
    operator.start()
    try:
        operator.wait_until_ready()
        yield operator
    finally:
        if operator.runs:
            operator.stop()
    assert "Traceback" not in operator.log.read_text(), operator.log.read_text()


def at_rest(operator: Operator) -> None:
    """Until half a second passes without any work."""

    def calm() -> bool:
        looked = operator.measured("desk_operator_reconcile_seconds_count")
        time.sleep(0.5)
        return operator.measured("desk_operator_reconcile_seconds_count") == looked

    eventually(calm)


def allow_operator(control_plane: ControlPlane) -> Path:
    """A kubeconfig with the operator's rights everywhere and no others."""
    name = "desk-operator"
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": name}}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
    binding = {**role, "kind": "ClusterRoleBinding", "roleRef": reference, "subjects": [{"kind": "User", "name": name}]}
    _apply(control_plane, {**role, "rules": OWN_RIGHTS}, binding)
    return control_plane.kubeconfig_for(name)


def _apply(control_plane: ControlPlane, *manifests: Object) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": list(manifests)}
    control_plane.kubectl("apply", "-f", "-", given=json.dumps(listed))
