"""What a pod of bot1 has on a real API server: the rights of the operator's Role, and a token of its own."""

import json
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from deskbot.runtime.kube_api import ApiServer
from deskoperator.resources.access import role
from tests.api.crd import install_crd
from tests.cluster.control_plane import ControlPlane
from tests.cluster.kubectl import Kubectl
from tests.runtime.world import manifest


@dataclass
class Pod:
    """What a pod of bot1 has: an identity with the operator's Role, and the API server's address."""

    kubectl: Kubectl
    server: ApiServer
    namespace: str
    authority: Path

    def __call__(self, *arguments: str, given: Any = None) -> str:
        return self.kubectl("-n", self.namespace, *arguments, given=None if given is None else json.dumps(given))

    def bot(self, name: str = "bot1", **spec: Any) -> dict[str, Any]:
        obj = manifest(**spec)
        obj["metadata"]["name"] = name
        return obj

    @property
    def stored(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self("get", "tradingbot", "bot1", "-o", "json"))
        return found


def authority_of(control_plane: ControlPlane) -> Path:
    """The certificate by which pods know the API server."""
    cluster = yaml.safe_load(control_plane.kubeconfig.read_text())["clusters"][0]["cluster"]
    return Path(cluster["certificate-authority"])


def rights_of_a_pod(control_plane: ControlPlane, folder: Path, namespace: str) -> Pod:
    """A new namespace with bot1's account in it."""
    kubectl = control_plane.kubectl
    install_crd(kubectl)
    kubectl("create", "namespace", namespace)
    authority = authority_of(control_plane)
    tls = ssl.create_default_context(cafile=str(authority))
    pod = Pod(kubectl, ApiServer(control_plane.url, folder / "token", tls), namespace, authority)
    pod("create", "serviceaccount", "bot1")
    head = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "bot1"}}
    pod("apply", "-f", "-", given={**head, **role("bot1")})
    pod("create", "rolebinding", "bot1", "--role=bot1", f"--serviceaccount={namespace}:bot1")
    (folder / "token").write_text(pod("create", "token", "bot1"))
    return pod
