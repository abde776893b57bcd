"""The bare control plane: etcd, an API server and a controller manager on loopback, as any user, ready in seconds.

It has no node, so pods stay Pending; everything that the API server itself decides is real: schemas, CEL rules,
admission, RBAC, server-side apply, garbage collection. Each has its own ports and directory: several can run at once.
"""

import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.cluster.certificates import Authority, Pair, signing_pair
from tests.cluster.commands import succeeds, wait_until
from tests.cluster.errors import ClusterError
from tests.cluster.kubectl import Kubectl
from tests.cluster.processes import Process, free_ports
from tests.cluster.tools import API_SERVER_TIER, tools

_READY_WITHIN_SECONDS = 60.0
_ATTEMPTS = 3


class ControlPlane:
    """A running control plane. `kubeconfig` is an administrator's."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._programs = tools(API_SERVER_TIER)
        self._etcd_port, self._api_port = free_ports(2)
        self._processes: dict[str, Process] = {}
        self._authority = Authority(directory)
        self._api_server_pair = self._authority.server(
            "kube-apiserver", hosts=("localhost", "kubernetes.default.svc"), addresses=("127.0.0.1", "10.96.0.1")
        )
        self._token_key, self._token_public_key = signing_pair(directory, "service-accounts")
        self.kubeconfig = self._write_kubeconfig("admin", user="admin", group="system:masters")
        self.kubectl = Kubectl(self._programs["kubectl"], self.kubeconfig)
        self._controller_manager_kubeconfig = self._write_kubeconfig(
            "controller-manager", user="system:kube-controller-manager"
        )

    @classmethod
    @contextmanager
    def start(cls) -> Iterator["ControlPlane"]:
        """Runs a control plane for the length of the block and leaves nothing of it behind, however the block ends."""
        with ExitStack() as cleanup:
            directory = Path(
                cleanup.enter_context(
                    tempfile.TemporaryDirectory(prefix="desk-control-plane-", ignore_cleanup_errors=True)
                )
            )
            control_plane = cls._started(directory, cleanup)
            yield control_plane

    @classmethod
    def _started(cls, directory: Path, cleanup: ExitStack) -> "ControlPlane":
        """A port that was free a moment ago may be taken by another process: then start over with others."""
        for attempt in range(1, _ATTEMPTS + 1):
            place = directory / str(attempt)
            place.mkdir(mode=0o700)
            control_plane = cls(place)
            cleanup.callback(control_plane.stop)
            try:
                control_plane._start()
            except ClusterError as error:
                if attempt == _ATTEMPTS or "address already in use" not in str(error):
                    raise
                control_plane.stop()
            else:
                return control_plane
        raise AssertionError("the last attempt returns or raises")

    @property
    def url(self) -> str:
        """Where the API server listens."""
        return f"https://127.0.0.1:{self._api_port}"

    def kubeconfig_for(self, user: str, group: str | None = None) -> Path:
        """A kubeconfig of another user, whom RBAC allows nothing until it is told to."""
        return self._write_kubeconfig(user.replace(":", "-"), user=user, group=group)

    def stop_api_server(self) -> None:
        """Takes the API server away; its data stay."""
        self._processes.pop("kube-apiserver").stop(patience_seconds=1.0)  # it would wait for its watchers

    def start_api_server(self) -> None:
        """Brings the API server back at the same address, and returns when it is ready."""
        self._run("kube-apiserver", *self._api_server_flags())
        self._wait("the API server answers /readyz", "get", "--raw", "/readyz")

    def stop(self) -> None:
        """Ends every process, the ones that need another before that other."""
        for name in ("kube-controller-manager", "kube-apiserver", "etcd"):
            process = self._processes.pop(name, None)
            if process is not None:
                process.stop()

    def _start(self) -> None:
        self._run("etcd", *self._etcd_flags())
        self.start_api_server()
        self._run("kube-controller-manager", *self._controller_manager_flags())
        self._wait("the default service account exists", "get", "serviceaccount", "default")

    def _run(self, name: str, *flags: str | Path) -> None:
        self._processes[name] = Process(name, (self._programs[name], *flags), self._directory / f"{name}.log")

    def _wait(self, condition: str, *request: str) -> None:
        def holds() -> bool:
            for process in self._processes.values():
                process.check()
            return succeeds(self.kubectl.command("--request-timeout", "2s", *request))

        wait_until(condition, holds, timeout_seconds=_READY_WITHIN_SECONDS)

    def _etcd_flags(self) -> list[str | Path]:
        client_url = f"http://127.0.0.1:{self._etcd_port}"
        return [
            *("--data-dir", self._directory / "etcd"),
            *("--listen-client-urls", client_url, "--advertise-client-urls", client_url),
            *("--listen-peer-urls", "http://127.0.0.1:0"),
            *("--unsafe-no-fsync", "--log-level", "warn"),  # nobody needs this data after a power cut
        ]

    def _api_server_flags(self) -> list[str | Path]:
        return [
            f"--etcd-servers=http://127.0.0.1:{self._etcd_port}",
            *("--bind-address=127.0.0.1", f"--secure-port={self._api_port}"),
            "--endpoint-reconciler-type=none",  # a loopback address is refused as an endpoint
            f"--tls-cert-file={self._api_server_pair.certificate}",
            f"--tls-private-key-file={self._api_server_pair.key}",
            f"--client-ca-file={self._authority.certificate}",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={self._token_public_key}",
            f"--service-account-signing-key-file={self._token_key}",
        ]

    def _controller_manager_flags(self) -> list[str | Path]:
        return [
            f"--kubeconfig={self._controller_manager_kubeconfig}",
            *("--bind-address=127.0.0.1", "--secure-port=0", "--leader-elect=false"),
            "--use-service-account-credentials=true",
            *(
                "--kube-api-qps=500",
                "--kube-api-burst=1000",
            ),  # at the default rate the default service account comes 5 s late
            f"--service-account-private-key-file={self._token_key}",
            f"--root-ca-file={self._authority.certificate}",
        ]

    def _write_kubeconfig(self, name: str, *, user: str, group: str | None = None) -> Path:
        pair = self._authority.client(name, user=user, group=group)
        path = self._directory / f"{name}.kubeconfig"
        path.touch(mode=0o600)
        path.write_text(json.dumps(kubeconfig(self.url, self._authority.certificate, pair), indent=1))
        return path


def kubeconfig(server: str, authority: Path, pair: Pair) -> dict[str, object]:
    """A kubeconfig of one cluster and one user (JSON is YAML)."""
    cluster = {"server": server, "certificate-authority": str(authority)}
    user = {"client-certificate": str(pair.certificate), "client-key": str(pair.key)}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "desk", "cluster": cluster}],
        "users": [{"name": "desk", "user": user}],
        "contexts": [{"name": "desk", "context": {"cluster": "desk", "user": "desk"}}],
        "current-context": "desk",
    }
