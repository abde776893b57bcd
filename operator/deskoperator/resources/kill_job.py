"""The kill Job: empties a bot's account in the engine's place, with nothing but the venue and the Secret.

It belongs to nobody, so that it outlives the bot; it is named after its halt, so that whoever comes second finds it
there. Its pod has no identity in the cluster, and none of the bot's labels: no StatefulSet or Service takes it for the
bot. The kubelet starts it again until it is confirmed; what it says at its end is its termination message.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deskapi import GROUP
from deskoperator.resources.kinds import JOB, Object
from deskoperator.resources.labels import labels
from deskoperator.resources.pod import CREDENTIALS_PATH, DEFAULT_RESOURCES, USER

KILL_LABEL = f"{GROUP}/kill"
CONTAINER = "kill"
# The longest a bot's process may go on sending: LEASE_DURATION of the bot, deskbot/fencing/durations.py.
LEASE_SECONDS = 75
KEPT_SECONDS = 86_400
_LONGEST_NAME = 63  # it becomes a label of the pod
_GRACE_SECONDS = 5


@dataclass(frozen=True)
class KillTarget:
    """What a kill has to know of a bot. `account_id` "": as the key says. `shared`: other bots may use the account.

    `placement` are the pod's tolerations, and the nodes that it would rather run on: a key may be bound to addresses.
    """

    namespace: str
    bot: str
    uid: str
    halt_id: str
    mode: str
    exchange: str
    market_type: str
    endpoint: str
    markets: tuple[str, ...]
    secret: str
    account_id: str = ""
    shared: bool = False
    placement: Mapping[str, Any] = field(default_factory=dict)


def job_name(bot: str, halt_id: str, *, dry_run: bool = False) -> str:
    """BOT-kill-ID, cut where that is too long for a label."""
    name = f"{bot}-{'dry-run' if dry_run else 'kill'}-{halt_id}"
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{name[: _LONGEST_NAME - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def kill_job(
    target: KillTarget,
    image: str,
    may_send_seconds: int = LEASE_SECONDS,
    *,
    priority_class: str = "",
    dry_run: bool = False,
) -> Object:
    """The whole Job. `image` is the release's own, never the bot's: that may be what is broken.

    `may_send_seconds`: how long from now a process of the bot may still send; 0 where its Lease was seen released.
    """
    name = job_name(target.bot, target.halt_id, dry_run=dry_run)
    job: Object = {
        **JOB.header(target.namespace, name),
        "spec": {
            "backoffLimit": 10_000,  # it is started again until it is confirmed
            "ttlSecondsAfterFinished": KEPT_SECONDS,
            "template": {
                "metadata": {"labels": {**_pod_labels(target.bot)}},
                "spec": _pod_spec(image, priority_class, target, _arguments(target, may_send_seconds, dry_run=dry_run)),
            },
        },
    }
    job["metadata"]["labels"] = labels(target.bot)
    return job


def _pod_labels(bot: str) -> dict[str, str]:
    return {KILL_LABEL: bot, "app.kubernetes.io/name": "desk-kill", "app.kubernetes.io/part-of": "trading-desk"}


def _pod_spec(image: str, priority_class: str, target: KillTarget, arguments: list[str]) -> Object:
    return {
        "restartPolicy": "OnFailure",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": _GRACE_SECONDS,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(image, arguments)],
        "volumes": [
            {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}},
            # Optional: the Job then says that the Secret is missing, where a required one would leave it silent.
            {"name": "credentials", "secret": {"secretName": target.secret, "optional": True}},
        ],
        **({"priorityClassName": priority_class} if priority_class else {}),
        **target.placement,
    }


def _container(image: str, arguments: list[str]) -> Object:
    return {
        "name": CONTAINER,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["desk"],
        "args": arguments,
        "resources": DEFAULT_RESOURCES,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "volumeMounts": [
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 the root file system is read-only
            {"name": "credentials", "mountPath": CREDENTIALS_PATH, "readOnly": True},
        ],
    }


def _arguments(target: KillTarget, may_send_seconds: int, *, dry_run: bool) -> list[str]:
    given = {
        "--mode": target.mode,
        "--exchange": target.exchange,
        "--market-type": target.market_type,
        "--endpoint": target.endpoint,
        "--credentials": CREDENTIALS_PATH,
        "--scope": "markets" if target.shared else "account",
        "--bot": f"{target.namespace}/{target.bot}",
        "--bot-uid": target.uid,
        "--halt-id": target.halt_id,
        "--account-id": target.account_id,
        "--lease": f"{may_send_seconds}s",
        "--result": "/dev/termination-log",
    }
    options = [f"{name}={value}" for name, value in given.items() if value]
    markets = [f"--market={market}" for market in target.markets]
    return ["kill", *options, *markets, *(["--dry-run"] if dry_run else [])]
