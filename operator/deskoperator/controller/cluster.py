"""The API server, as few verbs over plain objects, through the official client.

One `ApiClient` carries login, TLS and the connection pool. Objects stay dictionaries: what is compared and applied is
what the server said, without a model's defaults between. Every failure leaves as one of `deskoperator.errors`.
"""

import json
from typing import Any

import aiohttp
from kubernetes.aio.client import ApiClient

from deskoperator.controller.metrics import Metrics
from deskoperator.errors import Absent, ApiError, Terminating, Transient, api_error
from deskoperator.resources.kinds import Kind, Object

_PAGE = 500
_MERGE_PATCH = "application/merge-patch+json"
_APPLY_PATCH = "application/apply-patch+yaml"


class Cluster:
    """One connection pool to the API server; every request ends within `timeout_seconds`."""

    def __init__(self, api: ApiClient, metrics: Metrics, *, timeout_seconds: float) -> None:
        self._api = api
        self._metrics = metrics
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds, connect=min(5.0, timeout_seconds))

    async def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """The live object; None: there is none."""
        try:
            found: Object = await self._request("GET", kind.path(namespace, name))
        except Absent:
            return None
        return found

    async def list(self, kind: Kind, namespace: str | None, selector: str = "") -> list[Object]:
        """All objects of a namespace, or of the cluster, with such labels. Raises `Absent` for an unknown kind."""
        items: list[Object] = []
        first = {"limit": str(_PAGE), **({"labelSelector": selector} if selector else {})}
        page = first
        while True:
            answer = await self._request("GET", kind.collection(namespace), query=page)
            items += answer["items"]
            following = answer["metadata"].get("continue")
            if not following:
                return items
            page = {**first, "continue": following}

    async def apply(self, kind: Kind, manifest: Object, manager: str, subresource: str = "") -> Object:
        """Server-side apply; returns the object as it then is."""
        metadata = manifest["metadata"]
        path = kind.path(metadata["namespace"], metadata["name"]) + subresource
        query = {"fieldManager": manager, "force": "true"}
        applied: Object = await self._request("PATCH", path, query=query, body=manifest, content_type=_APPLY_PATCH)
        self._metrics.wrote(kind.kind + subresource, "apply")
        return applied

    async def create(self, kind: Kind, manifest: Object) -> Object:
        """Creates an object, and returns it. Raises `Conflict` if there is one of that name."""
        made: Object = await self._request("POST", kind.collection(manifest["metadata"]["namespace"]), body=manifest)
        self._metrics.wrote(kind.kind, "create")
        return made

    async def merge(self, kind: Kind, namespace: str, name: str, changes: Object) -> None:
        """Merges changes into an object."""
        await self._request("PATCH", kind.path(namespace, name), body=changes, content_type=_MERGE_PATCH)
        self._metrics.wrote(kind.kind, "patch")

    async def delete(
        self, kind: Kind, namespace: str, name: str, uid: str, grace_seconds: int | None = None, version: str = ""
    ) -> None:
        """Removes that very object, its dependents in the background; one that is gone already is no error.

        Raises `Conflict` if it has changed since it had that version.
        """
        body = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {"uid": uid, **({"resourceVersion": version} if version else {})},
            "propagationPolicy": "Background",
            **({} if grace_seconds is None else {"gracePeriodSeconds": grace_seconds}),
        }
        try:
            await self._request("DELETE", kind.path(namespace, name), body=body)
        except Absent:
            return
        self._metrics.wrote(kind.kind, "delete")

    async def _request(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str] | None = None,
        body: Object | None = None,
        content_type: str = "application/json",
    ) -> Any:
        request = await self._api.param_serialize(
            method=method,
            resource_path=path,
            query_params=list((query or {}).items()),
            header_params={"Accept": "application/json", "Content-Type": content_type},
            body=body,
            auth_settings=["BearerToken"],
        )
        try:
            response = await self._api.call_api(*request, _request_timeout=self._timeout)
            content = await response.response.read()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise Transient(0, f"no answer from the API server: {error or type(error).__name__}") from error
        if response.status >= 400:
            raise _error(response.status, content)
        return json.loads(content)


def _error(status: int, content: bytes) -> ApiError:
    """What the API server says in its Status object, or what a proxy before it says in a page of its own."""
    try:
        answer = json.loads(content)
        words, details = str(answer["message"]), answer.get("details") or {}
        causes = {cause.get("reason") for cause in details.get("causes") or ()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return api_error(status, f"HTTP {status}: {content[:200].decode(errors='replace').strip()}")
    return Terminating(status, words) if "NamespaceTerminating" in causes else api_error(status, words)
