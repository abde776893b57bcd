"""The Lease of a bot: who may trade (`docs/one-trader.md`). Made once; its pods write it, the operator its notes alone.

It has the bot's own name and no owner, so that it outlives the bot: while one lies there unreleased, an order of the
pod that held it may still come.
"""

from collections.abc import Mapping

from deskapi import ObjectMeta
from deskapi.lease import RELEASED_MARK
from deskoperator.resources.kinds import LEASE, Object
from deskoperator.resources.labels import BOT_LABEL, labels


def new_lease(bot: ObjectMeta, notes: Mapping[str, str | None], *, never_ran: bool) -> Object:
    """A Lease that nobody holds, with the operator's notes; free for the first pod only where the bot has never run."""
    manifest = LEASE.header(bot.namespace, bot.name)
    marks = {RELEASED_MARK: "true"} if never_ran else {}
    written = {name: note for name, note in notes.items() if note is not None}
    manifest["metadata"] |= {"labels": labels(bot.name), "annotations": {**written, **marks}}
    return manifest


def is_ours(lease: Object, bot: str) -> bool:
    """Whether a Lease of the bot's name is the bot's, and not that of some other program."""
    return (lease["metadata"].get("labels") or {}).get(BOT_LABEL) == bot


def owner_of_rights(lease: Object) -> Object:
    """Keeps what depends on it for as long as it lies there: a pod that ends late must still be able to release it."""
    metadata = lease["metadata"]
    return {"apiVersion": LEASE.api_version, "kind": LEASE.kind, "name": metadata["name"], "uid": metadata["uid"]}
