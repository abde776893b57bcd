"""The Lease of a bot, as its pod and the operator agree on it: its name is the bot's, its holder a pod's UID.

A Lease that nobody holds says nothing about who may still trade, unless it carries the mark. Times in it are for
people. The operator makes it, writes notes of its own into its annotations and never its spec; it has no owner, so that
it outlives the bot.
"""

from collections.abc import Mapping
from typing import Any, Final

from deskapi.tradingbot import GROUP

LEASE_API_VERSION: Final = "coordination.k8s.io/v1"
LEASE_PLURAL: Final = "leases"
RELEASED_MARK: Final = (
    f"{GROUP}/released"  # an annotation: "true" where no order of an earlier holder can come any more
)
# An annotation beside it: "true" where the venue itself has shown the last holder that no order is left.
PROVEN_MARK: Final = f"{GROUP}/proven"


def lease_holder(lease: Mapping[str, Any]) -> str:
    """UID of the pod that holds it, "" for none."""
    return str((lease.get("spec") or {}).get("holderIdentity") or "")


def is_released(lease: Mapping[str, Any]) -> bool:
    """Whether nobody holds it and it says so itself."""
    marks = lease.get("metadata", {}).get("annotations") or {}
    return marks.get(RELEASED_MARK) == "true" and not lease_holder(lease)


def is_proven(lease: Mapping[str, Any]) -> bool:
    """Whether it was released with the venue's own proof that no order is left."""
    marks = lease.get("metadata", {}).get("annotations") or {}
    return is_released(lease) and marks.get(PROVEN_MARK) == "true"
