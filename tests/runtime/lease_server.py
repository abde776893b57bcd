"""What the API server does with one Lease: optimistic merge patches, and whatever a test does to it by hand."""

import json
from typing import Any

from aiohttp import web

from deskapi.lease import RELEASED_MARK

PATH = "/apis/coordination.k8s.io/v1/namespaces/desk/leases/bot1"


class FakeLease:
    """The Lease of bot1 in namespace desk, or none. `writes` are those that were taken, in order."""

    def __init__(self, *, released: bool = True) -> None:
        self.version = 100
        self.silent = False  # takes no request and answers none
        self.writes: list[dict[str, Any]] = []
        annotations = {RELEASED_MARK: "true"} if released else {}
        self.object: dict[str, Any] | None = {"metadata": {"name": "bot1", "annotations": annotations}}

    def routes(self) -> list[web.RouteDef]:
        return [web.get(PATH, self._get), web.patch(PATH, self._patch)]

    @property
    def holder(self) -> str:
        return "" if self.object is None else str(self.object.get("spec", {}).get("holderIdentity") or "")

    def put(self, lease: dict[str, Any] | None) -> None:
        """By hand: another Lease, or none."""
        self.version += 1
        self.object = lease

    async def _get(self, _request: web.Request) -> web.Response:
        if self.object is None:
            return web.json_response({"kind": "Status", "code": 404, "message": "not found"}, status=404)
        return web.json_response(self._shown())

    async def _patch(self, request: web.Request) -> web.Response:
        if self.object is None:
            return web.json_response({"kind": "Status", "code": 404, "message": "not found"}, status=404)
        changes = json.loads(await request.text())
        if changes["metadata"]["resourceVersion"] != str(self.version):
            return web.json_response({"kind": "Status", "code": 409, "message": "modified"}, status=409)
        self.put(_merged(self.object, {**changes, "metadata": {"annotations": changes["metadata"]["annotations"]}}))
        self.writes.append(changes)
        return web.json_response(self._shown())

    def _shown(self) -> dict[str, Any]:
        assert self.object is not None
        return {**self.object, "metadata": {**self.object["metadata"], "resourceVersion": str(self.version)}}


def _merged(present: Any, changes: Any) -> Any:
    """RFC 7396."""
    if not isinstance(changes, dict):
        return changes
    kept = dict(present.items()) if isinstance(present, dict) else {}
    for name, value in changes.items():
        if value is None:
            kept.pop(name, None)
        else:
            kept[name] = _merged(kept.get(name), value)
    return kept
