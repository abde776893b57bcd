"""The kinds of objects that the operator reads and writes, and where the API server keeps them."""

from dataclasses import dataclass
from typing import Any

from deskapi import API_VERSION, KIND, PLURAL, POLICY_KIND, POLICY_PLURAL
from deskapi.lease import LEASE_API_VERSION, LEASE_PLURAL

Object = dict[str, Any]


@dataclass(frozen=True, order=True)
class Kind:
    """One namespaced kind: `api_version` and `kind` as manifests write them, `plural` as paths do."""

    api_version: str
    kind: str
    plural: str

    def collection(self, namespace: str | None) -> str:
        """Path of all objects of a namespace, or of all namespaces for None."""
        root = "/api" if "/" not in self.api_version else "/apis"
        place = "" if namespace is None else f"/namespaces/{namespace}"
        return f"{root}/{self.api_version}{place}/{self.plural}"

    def path(self, namespace: str, name: str) -> str:
        """Path of one object."""
        return f"{self.collection(namespace)}/{name}"

    def header(self, namespace: str, name: str) -> Object:
        """The start of a manifest: what it is and what it is called."""
        return {
            "apiVersion": self.api_version,
            "kind": self.kind,
            "metadata": {"name": name, "namespace": namespace},
        }


TRADING_BOT = Kind(API_VERSION, KIND, PLURAL)
RISK_POLICY = Kind(API_VERSION, POLICY_KIND, POLICY_PLURAL)
SERVICE_ACCOUNT = Kind("v1", "ServiceAccount", "serviceaccounts")
ROLE = Kind("rbac.authorization.k8s.io/v1", "Role", "roles")
ROLE_BINDING = Kind("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings")
STATEFUL_SET = Kind("apps/v1", "StatefulSet", "statefulsets")
POD = Kind("v1", "Pod", "pods")
JOB = Kind("batch/v1", "Job", "jobs")
DEPLOYMENT = Kind("apps/v1", "Deployment", "deployments")
LEASE = Kind(LEASE_API_VERSION, "Lease", LEASE_PLURAL)
NAMESPACE = Kind("v1", "Namespace", "namespaces")
EVENT = Kind("events.k8s.io/v1", "Event", "events")

# In the order in which they are applied: a pod that starts finds its rights in place.
CHILDREN = (SERVICE_ACCOUNT, ROLE, ROLE_BINDING, STATEFUL_SET)
