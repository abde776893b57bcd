"""The bot's pod: the engine's process, shut in as tightly as the `restricted` pod security standard asks and tighter.

Only placement, image and the name of the Secret come from the spec. All that the engine obeys while it runs (halted,
params, envelope, ...) it reads from its own object, so that changing it never touches the pod.
"""

from typing import Any

from deskapi import ObjectMeta, TradingBotSpec, dump
from deskoperator.resources.kinds import Object
from deskoperator.resources.labels import CONTAINER, child_name, labels

USER = 10001
PORT = 8080
GRACE_SECONDS = 15
JOURNAL_VOLUME = "journal"
JOURNAL_PATH = "/journal"
CREDENTIALS_PATH = "/credentials"

DEFAULT_RESOURCES: Object = {
    "requests": {"cpu": "100m", "memory": "128Mi"},
    "limits": {"memory": "512Mi"},
}


def pod_template(metadata: ObjectMeta, spec: TradingBotSpec, default_image: str) -> Object:
    """The template of the StatefulSet's only pod."""
    return {"metadata": {"labels": labels(metadata.name)}, "spec": _pod_spec(metadata, spec, default_image)}


def _pod_spec(metadata: ObjectMeta, spec: TradingBotSpec, default_image: str) -> Object:
    return {
        "serviceAccountName": child_name(metadata.name),
        "automountServiceAccountToken": True,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(metadata, spec, default_image)],
        "volumes": _volumes(spec),
        **_placement(spec),
    }


def _container(metadata: ObjectMeta, spec: TradingBotSpec, default_image: str) -> Object:
    return {
        "name": CONTAINER,
        "image": spec.image or default_image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["desk"],
        "args": [
            "run",
            *("--object", f"{metadata.namespace}/{metadata.name}"),
            *("--journal", f"{JOURNAL_PATH}/journal.sqlite"),
            *("--credentials", CREDENTIALS_PATH),
            *("--listen", f"0.0.0.0:{PORT}"),
        ],
        "env": [
            _from_field("POD_NAME", "metadata.name"),
            _from_field("POD_NAMESPACE", "metadata.namespace"),
            _from_field("POD_UID", "metadata.uid"),
        ],
        "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
        "resources": dump(spec.resources) if spec.resources is not None else DEFAULT_RESOURCES,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        # Reading the journal back may take a while after a crash, so the start has a minute of its own.
        "startupProbe": _probe("/healthz", period=1, failures=60),
        "livenessProbe": _probe("/healthz", period=5, failures=4),
        "readinessProbe": _probe("/readyz", period=1, failures=2),
        "volumeMounts": [
            {"name": JOURNAL_VOLUME, "mountPath": JOURNAL_PATH},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 the root file system is read-only
            *_credentials_mount(spec),
        ],
    }


def _from_field(name: str, path: str) -> Object:
    return {"name": name, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}}


def _probe(path: str, *, period: int, failures: int) -> Object:
    return {
        "httpGet": {"path": path, "port": "http"},
        "periodSeconds": period,
        "timeoutSeconds": 2,
        "failureThreshold": failures,
    }


def _credentials_mount(spec: TradingBotSpec) -> list[Object]:
    if spec.venue.credentials_secret_ref is None:
        return []
    return [{"name": "credentials", "mountPath": CREDENTIALS_PATH, "readOnly": True}]


def _volumes(spec: TradingBotSpec) -> list[Object]:
    volumes: list[Object] = [{"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}]
    secret = spec.venue.credentials_secret_ref
    if secret is not None:
        # Optional: without its Secret the bot stays up and says so, where a required one would leave it without a pod.
        volumes.append({"name": "credentials", "secret": {"secretName": secret.name, "optional": True}})
    return volumes


def _placement(spec: TradingBotSpec) -> Object:
    placement: dict[str, Any] = {}
    if spec.node_selector is not None:
        placement["nodeSelector"] = spec.node_selector
    if spec.tolerations is not None:
        placement["tolerations"] = [dump(toleration) for toleration in spec.tolerations]
    if spec.affinity is not None:
        placement["affinity"] = dump(spec.affinity)
    return placement
