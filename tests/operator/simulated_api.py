"""An API server in memory, as far as reconciling one bot asks of it, that lets a test say who goes next.

Every request about a bot or a policy waits until the test lets it through or fails it, so that any order of the
requests of two operators and of the edits of people can be played. Status writes are server-side applies: a manager
that leaves out what it once applied takes it away, and one that carries an old resourceVersion is refused.
"""

import asyncio
import copy
from dataclasses import dataclass
from typing import Any

from deskoperator.controller.cluster import Cluster
from deskoperator.errors import Absent, Conflict, Transient
from deskoperator.resources.kinds import RISK_POLICY, TRADING_BOT, Kind, Object

Place = tuple[Kind, str]


@dataclass
class Request:
    """One request that waits. `of` is who asks."""

    of: str
    words: str
    kind: Kind
    go: asyncio.Future[None]


class SimulatedApi:
    """All objects of one namespace, and the requests that wait."""

    def __init__(self, bot: Object) -> None:
        self.objects: dict[Place, Object] = {}
        self.waiting: list[Request] = []
        self.written: list[tuple[str, Object, Object]] = []  # who, status before, status after
        self._version = 0
        self._owned: dict[str, set[str]] = {}
        self.put(TRADING_BOT, bot)

    @property
    def bot(self) -> Object:
        return self.objects[TRADING_BOT, "bot1"]

    def put(self, kind: Kind, obj: Object) -> None:
        """What a person, the engine or the cluster itself writes: at once."""
        self._version += 1
        stored = copy.deepcopy(obj)
        known = self.objects.get((kind, stored["metadata"]["name"]), {"metadata": {}})["metadata"]
        made = {"uid": f"{kind.kind}-{self._version}", "creationTimestamp": f"2026-11-21T09:{self._version // 60:02}Z"}
        kept = {name: known.get(name, made[name]) for name in made}
        stored["metadata"] = {"namespace": "desk", **kept, **stored["metadata"]}
        stored["metadata"]["resourceVersion"] = str(self._version)
        self.objects[kind, stored["metadata"]["name"]] = stored

    def remove(self, kind: Kind, name: str) -> None:
        self.objects.pop((kind, name), None)

    def merge(self, kind: Kind, name: str, changes: Object) -> None:
        """A merge patch of annotations alone, which is all that the operator merges."""
        wanted = changes["metadata"]
        stored = self._unchanged(kind, {"name": name, **wanted})
        merged = {**stored["metadata"].get("annotations", {}), **wanted["annotations"]}
        kept = {mark: text for mark, text in merged.items() if text is not None}
        self.put(kind, {**stored, "metadata": {**stored["metadata"], "annotations": kept}})

    def _unchanged(self, kind: Kind, metadata: Object) -> Object:
        """The stored object, if it is the one that is meant, in the version that is."""
        stored = self.objects.get((kind, metadata["name"]))
        if stored is None:
            raise Absent(404, "not found")
        if any(metadata.get(part) not in {None, stored["metadata"][part]} for part in ("uid", "resourceVersion")):
            raise Conflict(409, "the object has been modified")
        return stored

    def delete(self, kind: Kind, name: str, uid: str, version: str) -> None:
        if (kind, name) in self.objects:
            self._unchanged(kind, {"name": name, "uid": uid, "resourceVersion": version or None})
            self.remove(kind, name)

    def apply_status(self, of: str, manifest: Object, manager: str) -> Object:
        metadata = manifest["metadata"]
        kind = RISK_POLICY if manifest["kind"] == RISK_POLICY.kind else TRADING_BOT
        stored = self._unchanged(kind, metadata)
        before, after = stored.get("status", {}), dict(stored.get("status", {}))
        owner = f"{manager} of {stored['metadata']['uid']}"
        for name in self._owned.get(owner, set()) - manifest["status"].keys():
            after.pop(name, None)
        self._owned[owner] = set(manifest["status"])
        after |= manifest["status"]
        self.put(kind, {**stored, "status": after})
        self.written.append((of, before, after))
        return self.objects[kind, metadata["name"]]


class SimulatedCluster(Cluster):
    """One operator's connections to it; requests about `played` kinds wait for their turn."""

    def __init__(self, api: SimulatedApi, of: str, played: tuple[Kind, ...] = (TRADING_BOT, RISK_POLICY)) -> None:
        self._store, self._of, self._played = api, of, played

    async def _turn(self, words: str, kind: Kind) -> None:
        if kind not in self._played:
            return
        go: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        request = Request(self._of, words, kind, go)
        self._store.waiting.append(request)
        try:
            await go
        finally:
            if request in self._store.waiting:
                self._store.waiting.remove(request)

    async def get(self, kind: Kind, namespace: str, name: str) -> Object | None:  # noqa: ARG002 as the server's
        await self._turn("get", kind)
        return copy.deepcopy(self._store.objects.get((kind, name)))

    async def list(
        self,
        kind: Kind,
        namespace: str | None,  # noqa: ARG002 there is one
        selector: str = "",
    ) -> list[Object]:
        await self._turn("list", kind)
        found = [copy.deepcopy(obj) for (of, _), obj in self._store.objects.items() if of == kind]
        return [obj for obj in found if _selected(obj, selector)]

    async def apply(self, kind: Kind, manifest: Object, manager: str, subresource: str = "") -> Object:
        await self._turn("apply", kind)
        if subresource:
            return copy.deepcopy(self._store.apply_status(self._of, manifest, manager))
        self._store.put(kind, manifest)
        return copy.deepcopy(self._store.objects[kind, manifest["metadata"]["name"]])

    async def create(self, kind: Kind, manifest: Object) -> Object:
        await self._turn("create", kind)
        if (kind, manifest["metadata"]["name"]) in self._store.objects:
            raise Conflict(409, "already exists")
        self._store.put(kind, manifest)
        return copy.deepcopy(self._store.objects[kind, manifest["metadata"]["name"]])

    async def merge(self, kind: Kind, namespace: str, name: str, changes: Object) -> None:  # noqa: ARG002 there is one
        await self._turn("merge", kind)
        self._store.merge(kind, name, changes)

    async def delete(
        self,
        kind: Kind,
        namespace: str,  # noqa: ARG002 there is one
        name: str,
        uid: str,
        grace_seconds: int | None = None,  # noqa: ARG002 as the server's
        version: str = "",
    ) -> None:
        await self._turn("delete", kind)
        self._store.delete(kind, name, uid, version)


def _selected(obj: Object, selector: str) -> bool:
    label, _, value = selector.partition("=")
    found = obj["metadata"].get("labels", {}).get(label)
    return not label or found == value or (not value and found is not None)


def failed() -> Transient:
    return Transient(503, "not now")


def policies_of(api: SimulatedApi) -> list[dict[str, Any]]:
    return [copy.deepcopy(obj) for (kind, _), obj in api.objects.items() if kind == RISK_POLICY]
