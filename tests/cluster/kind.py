"""A real cluster with kind: one node, in the container engine, with pods, volumes and DNS.

`up` makes it or finds it running; `down` takes it away with its network, its images and an engine that we started. With
`CLUSTER=current` there is nothing to make: it is the cluster that kubectl points at, and neither made nor removed here.
"""

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import engine as engines
from tests.cluster import tools
from tests.cluster.cache import only_one_at_a_time, state_directory
from tests.cluster.commands import progress, run, say, succeeds, wait_until
from tests.cluster.engine import Engine
from tests.cluster.errors import ClusterError
from tests.cluster.kubectl import Kubectl
from tests.cluster.node_image import ensure_node_image

NAME = "desk"
OUR_IMAGES = ("desk-node:", "desk-python:", "desk-operator:", "desk-bot:")
_READY_WITHIN_SECONDS = 180


@dataclass(frozen=True)
class Cluster:
    """A cluster with a node. `engine` is None where images get there without us."""

    kubectl: Kubectl
    engine: Engine | None

    @property
    def node(self) -> str:
        """The node's container."""
        return f"{NAME}-control-plane"

    def load(self, archive: Path) -> None:
        """Brings the images of a docker archive into the node."""
        if self.engine is not None:
            with progress("loading the images into the cluster"):
                _kind(self.engine, "load", "image-archive", "--name", NAME, str(archive))

    def lacks(self, images: Sequence[str]) -> list[str]:
        """Those of the images that the node does not hold; none where images get there without us."""
        if self.engine is None:
            return []
        # The node knows an image without a registry's name under the default registry's.
        listed = self.engine.run("exec", self.node, "ctr", "--namespace", "k8s.io", "images", "list", "--quiet").split()
        held = {name.rpartition("/library/")[2] for name in listed}
        return [image for image in images if image not in held]


def uses_current_cluster() -> bool:
    """Whether `CLUSTER=current` asks for the cluster that kubectl points at."""
    wanted = os.environ.get("CLUSTER", "kind")
    if wanted not in {"kind", "current"}:
        raise ClusterError(f"CLUSTER={wanted}: must be kind (the default) or current")
    return wanted == "current"


def up() -> Cluster:
    """The cluster, made when it is not up, and ready to run pods."""
    if uses_current_cluster():
        return _current()
    with only_one_at_a_time("cluster"):
        engine = engines.ensure_engine()
        kubectl = Kubectl(tools.tool("kubectl"), _kubeconfig())
        if not _is_up(engine, kubectl):
            _create(engine)
        _wait_until_usable(kubectl)
    return Cluster(kubectl, engine)


def find() -> Cluster | None:
    """The cluster when it is up, else None."""
    if uses_current_cluster():
        return _current()
    engine = engines.find_engine()
    if engine is None:
        return None
    kubectl = Kubectl(tools.tool("kubectl"), _kubeconfig())
    return Cluster(kubectl, engine) if _is_up(engine, kubectl) else None


def down() -> None:
    """Takes away cluster, network, images and our own engine. The cache stays. The current cluster is left alone."""
    with only_one_at_a_time("cluster"):
        engine = engines.find_engine()
        if engine is not None:
            _delete(engine)
            _remove_what_kind_leaves(engine)
        engines.stop_engine()
        _kubeconfig().unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            state_directory().rmdir()


def _current() -> Cluster:
    kubectl = Kubectl(tools.tool("kubectl"), None)
    try:
        context = kubectl("config", "current-context").strip()
    except ClusterError as error:
        raise ClusterError(
            "CLUSTER=current: kubectl points at no cluster; set KUBECONFIG or choose a context"
        ) from error
    say(f"using the cluster of kubectl's context {context}")
    return Cluster(kubectl, None)


def _create(engine: Engine) -> None:
    image = ensure_node_image(engine)
    _delete(engine)  # one that is there but does not answer
    _kubeconfig().parent.mkdir(parents=True, exist_ok=True)
    with progress(f"creating the cluster {NAME} from {image.partition('@')[0]}"):
        flags = ("--name", NAME, "--image", image, "--wait", f"{_READY_WITHIN_SECONDS}s")
        _kind(engine, "create", "cluster", *flags, "--kubeconfig", str(_kubeconfig()))


def _delete(engine: Engine) -> None:
    if NAME in _clusters(engine):
        with progress("deleting the cluster"):
            _kind(engine, "delete", "cluster", "--name", NAME)


def _is_up(engine: Engine, kubectl: Kubectl) -> bool:
    if NAME not in _clusters(engine):
        return False
    return succeeds(kubectl.command("--request-timeout", "5s", "get", "--raw", "/readyz"))


def _wait_until_usable(kubectl: Kubectl) -> None:
    """The node is ready and the default service account exists: before that the first pod is refused."""
    kubectl(
        "wait", "--for=condition=Ready", "node", "--all", f"--timeout={_READY_WITHIN_SECONDS}s", timeout_seconds=200
    )
    command = kubectl.command("get", "serviceaccount", "default", "--namespace", "default")
    wait_until("the default service account exists", lambda: succeeds(command), timeout_seconds=60)


def _clusters(engine: Engine) -> list[str]:
    return _kind(engine, "get", "clusters").split()


def _kind(engine: Engine, *arguments: str) -> str:
    return run([tools.tool("kind"), *arguments], environment=engine.environment)


def _remove_what_kind_leaves(engine: Engine) -> None:
    """Its network (refused while another cluster uses it) and our images."""
    if succeeds(engine.command("network", "inspect", "kind")):
        succeeds(engine.command("network", "rm", "kind"))
    if engines.is_ours(engine):
        return  # its images go with it
    for image in engine.run("images", "--format", "{{.Repository}}:{{.Tag}}").split():
        if image.startswith(OUR_IMAGES):
            succeeds(engine.command("rmi", image))


def _kubeconfig() -> Path:
    return state_directory() / "kubeconfig"
