"""A real cluster: pods, volumes, names, and the desk's images in it."""

import json
from collections.abc import Iterator

import pytest

from tests.cluster.images import ensure_images, ensure_images_of, snapshot
from tests.cluster.kind import Cluster

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800, func_only=True)]  # the images are built in a test

POD = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: probe}
spec:
  restartPolicy: Never
  securityContext: {runAsNonRoot: true, fsGroup: 10001, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: probe
    image: IMAGE
    command: [python3, -c, SCRIPT]
    securityContext: {readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
    volumeMounts: [{name: data, mountPath: /data}]
  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
"""

SCRIPT = """
import json, os, pathlib, socket, ssl, deskbot.core, ccxt
pathlib.Path("/data/journal").write_text("kept")
try:
    pathlib.Path("/opt/desk/note").write_text("no")
    root = "writable"
except OSError:
    root = "read-only"
print(json.dumps({
    "uid": os.getuid(), "root": root, "api": socket.gethostbyname("kubernetes.default.svc"),
    "compiled": [pathlib.Path(module.__cached__).exists() for module in (ccxt, deskbot.core)],
}))
"""


@pytest.fixture
def namespace(kind_cluster: Cluster) -> Iterator[str]:
    name = "probe-of-the-cluster"
    kind_cluster.kubectl("create", "namespace", name)
    kind_cluster.kubectl("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    yield name
    kind_cluster.kubectl("delete", "namespace", name, timeout_seconds=120)


def test_the_node_is_ready(kind_cluster: Cluster) -> None:
    nodes = json.loads(kind_cluster.kubectl("get", "nodes", "-o", "json"))["items"]
    conditions = {condition["type"]: condition["status"] for condition in nodes[0]["status"]["conditions"]}
    assert conditions["Ready"] == "True"


def test_the_bots_image_runs_as_a_restricted_pod_with_a_volume_and_names(kind_cluster: Cluster, namespace: str) -> None:
    images = ensure_images(kind_cluster)
    manifest = POD.replace("IMAGE", images.bot).replace("SCRIPT", json.dumps(SCRIPT))
    kind_cluster.kubectl("apply", "--namespace", namespace, "-f", "-", given=manifest)
    done = "jsonpath={.status.phase}=Succeeded"
    kind_cluster.kubectl(
        "wait", "--namespace", namespace, f"--for={done}", "pod/probe", "--timeout=120s", timeout_seconds=130
    )
    said = json.loads(kind_cluster.kubectl("logs", "--namespace", namespace, "probe"))
    assert said == {"uid": 10001, "root": "read-only", "api": "10.96.0.1", "compiled": [True, True]}


def test_images_that_are_there_already_are_not_built_or_loaded_again(
    kind_cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    with snapshot() as tree:
        first = ensure_images_of(tree, kind_cluster)
        assert kind_cluster.lacks([first.operator, first.bot]) == []
        capsys.readouterr()
        assert ensure_images_of(tree, kind_cluster) == first
    assert capsys.readouterr().err == ""
