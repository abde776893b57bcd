"""The Lease of a bot: who may trade (`docs/one-trader.md`). Made once; its pods write it, the operator never again.

It has the bot's own name and no owner, so that it outlives the bot: while one lies there unreleased, an order of the
pod that held it may still come.
"""

from deskapi import ObjectMeta
from deskapi.lease import RELEASED_MARK
from deskoperator.resources.kinds import LEASE, Object
from deskoperator.resources.labels import BOT_LABEL, labels


def new_lease(bot: ObjectMeta, *, never_ran: bool) -> Object:
    """A Lease that nobody holds; free for the first pod only where the bot has never run."""
    manifest = LEASE.header(bot.namespace, bot.name)
    manifest["metadata"]["labels"] = labels(bot.name)
    if never_ran:
        manifest["metadata"]["annotations"] = {RELEASED_MARK: "true"}
    return manifest


def is_ours(lease: Object, bot: str) -> bool:
    """Whether a Lease of the bot's name is the bot's, and not that of some other program."""
    return (lease["metadata"].get("labels") or {}).get(BOT_LABEL) == bot


def owner_of_rights(lease: Object) -> Object:
    """Keeps what depends on it for as long as it lies there: a pod that ends late must still be able to release it."""
    metadata = lease["metadata"]
    return {"apiVersion": LEASE.api_version, "kind": LEASE.kind, "name": metadata["name"], "uid": metadata["uid"]}
