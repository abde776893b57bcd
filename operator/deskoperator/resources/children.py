"""All children of a bot, complete and ready to be applied."""

import hashlib
import json

from deskapi import ObjectMeta, TradingBotSpec
from deskoperator.resources.access import role, role_binding, service_account
from deskoperator.resources.kinds import (
    ROLE,
    ROLE_BINDING,
    SERVICE_ACCOUNT,
    STATEFUL_SET,
    Kind,
    Object,
)
from deskoperator.resources.labels import DESIRED_HASH, child_name, labels, owner_reference
from deskoperator.resources.lease import owner_of_rights
from deskoperator.resources.statefulset import stateful_set

# What a pod needs to release its Lease; it may do so after the bot is gone.
_RIGHTS = (SERVICE_ACCOUNT, ROLE, ROLE_BINDING)


def children(
    metadata: ObjectMeta, spec: TradingBotSpec, default_image: str, lease: Object | None = None
) -> dict[Kind, Object]:
    """Every child by its kind, in the order in which they are applied. `metadata.uid` must be set.

    The pod's rights stay until both bot and `lease` are gone.
    """
    bodies = {
        SERVICE_ACCOUNT: service_account(),
        ROLE: role(metadata.name),
        ROLE_BINDING: role_binding(metadata.name, metadata.namespace),
        STATEFUL_SET: stateful_set(metadata, spec, default_image),
    }
    return {kind: _child(kind, metadata, body, lease if kind in _RIGHTS else None) for kind, body in bodies.items()}


def _child(kind: Kind, metadata: ObjectMeta, body: Object, lease: Object | None) -> Object:
    child = {**kind.header(metadata.namespace, child_name(metadata.name)), **body}
    owners = [owner_reference(metadata.name, metadata.uid or "")]
    if lease is not None:
        owners.append(owner_of_rights(lease))
    child["metadata"] |= {"labels": labels(metadata.name), "ownerReferences": owners}
    child["metadata"]["annotations"] = {DESIRED_HASH: _hash(child)}
    return child


def _hash(child: Object) -> str:
    """Tells when a field that was once applied is no longer wanted, which comparing with the live object cannot."""
    text = json.dumps(child, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
