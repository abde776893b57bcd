"""The requests a bot makes of the API server, on plain aiohttp: list itself, watch itself, report, hold its Lease.

A client library of Kubernetes costs a bot 50 MB; this needs one object. List and watch carry
`fieldSelector=metadata.name=NAME`, which is the only form a Role on one `resourceNames` allows.
"""

import json
import os
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from deskapi import API_VERSION, KIND, PLURAL
from deskbot.core.errors import Invalid, Transient

FIELD_MANAGER = "bot"
REQUEST_SECONDS = 10.0
WATCH_SECONDS = 45
_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_GONE = 410


class WatchExpired(Exception):
    """The watch cannot go on from where it was: list again."""


@dataclass(frozen=True)
class ApiServer:
    """Where the API server is and who we are there. The token is a file, because it is replaced every hour."""

    url: str
    token_file: Path | None
    tls: ssl.SSLContext | None

    @classmethod
    def of_this_pod(cls, environment: Mapping[str, str] = os.environ) -> "ApiServer":
        """The API server as every pod finds it. Raises Invalid outside a cluster."""
        host, port = environment.get("KUBERNETES_SERVICE_HOST"), environment.get("KUBERNETES_SERVICE_PORT", "443")
        if not host:
            raise Invalid("SpecInvalid", "--object works inside a cluster only; outside, name a file: desk run FILE")
        address = f"[{host}]" if ":" in host else host
        tls = ssl.create_default_context(cafile=str(_SERVICE_ACCOUNT / "ca.crt"))
        return cls(f"https://{address}:{port}", _SERVICE_ACCOUNT / "token", tls)


@dataclass(frozen=True)
class Pod:
    """The pod that this process runs in: its UID, and its number in the StatefulSet."""

    uid: str
    ordinal: int

    @classmethod
    def this(cls, environment: Mapping[str, str] = os.environ) -> "Pod":
        """As the StatefulSet's template tells it. Raises Invalid where it does not."""
        uid, name = environment.get("POD_UID", ""), environment.get("POD_NAME", "")
        number = name.rpartition("-")[2]
        if not uid or not number.isdecimal():
            raise Invalid(
                "SpecInvalid", "--object needs POD_UID and POD_NAME of a StatefulSet's pod in the environment"
            )
        return cls(uid, int(number))


class KubeApi:
    """One TradingBot on the API server."""

    def __init__(self, server: ApiServer, namespace: str, name: str) -> None:
        self._server = server
        self.namespace = namespace
        self.name = name
        self._path = f"/apis/{API_VERSION}/namespaces/{namespace}/{PLURAL}"
        self._selector = {"fieldSelector": f"metadata.name={name}"}
        self._session = aiohttp.ClientSession(
            server.url,
            connector=aiohttp.TCPConnector(ssl=server.tls if server.tls is not None else True),
            timeout=aiohttp.ClientTimeout(total=REQUEST_SECONDS),
        )

    async def get(self) -> tuple[dict[str, Any] | None, str]:
        """The object (None when there is none) and the resourceVersion to watch from. Raises Transient."""
        try:
            async with self._session.get(self._path, params=self._selector, headers=self._headers()) as response:
                body = await _body(response)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise _away(error) from error
        items = body.get("items") or []
        found = {"apiVersion": API_VERSION, "kind": KIND, **items[0]} if items else None
        return found, str(body.get("metadata", {}).get("resourceVersion", ""))

    async def watch(self, resource_version: str) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        """(ADDED | MODIFIED | DELETED, object) until the server ends the watch. Raises WatchExpired, Transient."""
        params = {
            **self._selector,
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(WATCH_SECONDS),
        }
        # A connection that died without a word is noticed when the server's own time-out has passed.
        timeout = aiohttp.ClientTimeout(sock_connect=REQUEST_SECONDS, sock_read=WATCH_SECONDS + REQUEST_SECONDS)
        try:
            async with self._session.get(
                self._path, params=params, headers=self._headers(), timeout=timeout, read_bufsize=2**22
            ) as response:
                if response.status != 200:
                    await _body(response)
                async for line in response.content:
                    change = json.loads(line)
                    if change["type"] == "ERROR":
                        _raise_watch_error(change["object"])
                    if change["type"] != "BOOKMARK":
                        yield change["type"], change["object"]
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise _away(error) from error

    async def apply_engine_status(self, engine: Mapping[str, Any]) -> None:
        """Server-side apply of `status.engine`, and of nothing else, to whatever has the name. Raises Transient.

        A UID in the body would be no protection: the server takes the metadata of a status write from what it has.
        """
        body = {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": {"name": self.name, "namespace": self.namespace},
            "status": {"engine": dict(engine)},
        }
        headers = {**self._headers(), "Content-Type": "application/apply-patch+yaml"}
        params = {"fieldManager": FIELD_MANAGER, "force": "true"}
        path = f"{self._path}/{self.name}/status"
        try:
            async with self._session.patch(path, data=json.dumps(body), params=params, headers=headers) as response:
                await _body(response)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise _away(error) from error

    async def ask(self, method: str, path: str, changes: Mapping[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        """A read, or a merge patch, of any object: status and body of whatever the answer is. Raises Transient."""
        body = None if changes is None else json.dumps(changes)
        headers = {**self._headers(), "Content-Type": "application/merge-patch+json"}
        try:
            async with self._session.request(method, path, data=body, headers=headers) as response:
                return response.status, await response.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise _away(error) from error

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json"}
        if self._server.token_file is not None:
            headers["Authorization"] = f"Bearer {self._server.token_file.read_text().strip()}"
        return headers


async def _body(response: aiohttp.ClientResponse) -> dict[str, Any]:
    body: dict[str, Any] = await response.json(content_type=None)
    if response.status == _GONE:
        raise WatchExpired
    if response.status >= 300:
        raise Transient("EngineSilent", f"the API server answers {response.status}: {body.get('message', '')}")
    return body


def _raise_watch_error(status: Mapping[str, Any]) -> None:
    if status.get("code") == _GONE:
        raise WatchExpired
    raise Transient("EngineSilent", f"the API server ends the watch: {status.get('message', status)}")


def _away(error: Exception) -> Transient:
    return Transient("EngineSilent", f"the API server cannot be reached: {type(error).__name__}: {error}")
