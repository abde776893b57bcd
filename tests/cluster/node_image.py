"""The image that a kind node runs: kind's own where an image registry answers, else one made here.

The one made here is a Debian root file system with systemd and containerd, the static files that ship inside the kind
module, kubeadm, kubelet and kubectl, and the images of the control plane under the names that kubeadm asks for.
It is a docker archive in the cache, named after everything that goes into it.
"""

import json
import re
import tarfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.cluster import tools
from tests.cluster.cache import cache_directory, forget_others, new_entry, only_one_at_a_time, recipe_key
from tests.cluster.commands import progress, run, succeeds
from tests.cluster.debian import root_file_system, root_file_system_path
from tests.cluster.engine import Engine
from tests.cluster.errors import ClusterError
from tests.cluster.image_archive import Image, LayerWriter, write_archive

# The image of this Kubernetes version that kind's release notes name for the kind version locked in modules/kind.
STOCK_IMAGE = "kindest/node:v1.34.11@sha256:44e222ee2132dab25ff87301682f89eb82c7880ea3a1bf543bfe9708fd08d67d"
_REGISTRY_TIMEOUT_SECONDS = 10.0

_NODE_PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "containerd", "runc", "containernetworking-plugins"),
    *("iptables", "nftables", "conntrack", "ethtool", "iproute2", "socat", "mount", "util-linux", "kmod", "e2fsprogs"),
    *("bash", "ca-certificates", "curl", "jq", "procps", "rsync", "libseccomp2"),
)
_PROXY_PACKAGES = ("iptables", "nftables", "conntrack", "kmod")

# As kind's own image does it: only what is enabled below starts at boot.
_NOT_STARTED = (
    "lib/systemd/system/multi-user.target.wants/*",
    "lib/systemd/system/local-fs.target.wants/*",
    "lib/systemd/system/basic.target.wants/*",
    "lib/systemd/system/sockets.target.wants/*udev*",
    "lib/systemd/system/sockets.target.wants/*initctl*",
    "lib/systemd/system/sysinit.target.wants/systemd-tmpfiles-setup.service",
    "etc/systemd/system/*.wants/*",
)
# Every container of the node hides the machine's product id, and keeps the limits that containerd has.
_CONTAINER_FILTER = '.hooks.createContainer += [{path: "/kind/bin/mount-product-files.sh"}] | del(.process.rlimits)'
_CONTAINER_SCRIPT = 'mkdir -p /etc/containerd; ctr oci spec | jq "$0" > /etc/containerd/cri-base.json'
_NODE_HOOKS = (
    *(f'rm -f "$1"/{pattern}' for pattern in _NOT_STARTED),
    'echo ReadKMsg=no >> "$1"/etc/systemd/journald.conf',
    f"chroot \"$1\" sh -c '{_CONTAINER_SCRIPT}' '{_CONTAINER_FILTER}'",
)
_ENABLED_UNITS = ("containerd.service", "desk-images.service", "kubelet.service", "undo-mount-hacks.service")

_IMPORT_UNIT = """\
[Unit]
Description=Import the images that came with the node
After=containerd.service
Requires=containerd.service
Before=kubelet.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/ctr --namespace k8s.io images import /kind/images/images.tar

[Install]
WantedBy=multi-user.target
"""

# kind applies this file; the network of a single node needs nothing more than the bridge below.
_NO_NETWORK_ADD_ON = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: static-bridge-network, namespace: kube-system}
"""

_BRIDGE_NETWORK = {
    "cniVersion": "1.0.0",
    "name": "bridge",
    "plugins": [
        {
            "type": "bridge",
            "bridge": "cni0",
            "isGateway": True,
            "ipMasq": True,
            "hairpinMode": True,
            "ipam": {
                "type": "host-local",
                "ranges": [[{"subnet": "10.244.0.0/24"}]],
                "routes": [{"dst": "0.0.0.0/0"}],
            },
        },
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ],
}


def ensure_node_image(engine: Engine) -> str:
    """The name of a node image, which the engine then holds."""
    if engine.has_image(STOCK_IMAGE) or (not archive_path().exists() and registry_answers(engine, STOCK_IMAGE)):
        return pulled(engine, STOCK_IMAGE)
    name = image_name()
    if not engine.has_image(name):
        archive = ensure_archive()
        with progress("loading the node image into the container engine"):
            engine.run("load", "--input", str(archive))
    return name


def registry_answers(engine: Engine, image: str) -> bool:
    """Whether an image can be had; asks for its manifest only, and waits no longer than a few seconds."""
    return succeeds(engine.command("manifest", "inspect", image), timeout_seconds=_REGISTRY_TIMEOUT_SECONDS)


def pulled(engine: Engine, image: str) -> str:
    """The image's name, once the engine holds it."""
    if not engine.has_image(image):
        with progress(f"pulling {image}"):
            engine.run("pull", "--quiet", image)
    return image


def ensure_archive() -> Path:
    """The docker archive of the node image made here, made when absent."""
    target = archive_path()
    with only_one_at_a_time("node-image"):
        if not target.exists():
            programs, node, proxy = _parts()
            with progress("making the node image"), new_entry(target) as unfinished, _scratch() as scratch:
                _write_node_image(unfinished, scratch, programs, node, proxy)
            forget_others(target)
    return target


def archive_path() -> Path:
    """Where the archive lies in the cache."""
    return cache_directory() / "images" / f"{image_name().replace(':', '-')}.tar"


def image_name() -> str:
    """The image's name; its tag is the hash of all that goes into it."""
    return f"desk-node:{recipe_key(*_ingredients())}"


def default_storage_manifest(source: str) -> str:
    """The manifest in kind's own node image, out of the Go source that joins it from raw strings and constants."""
    constants = dict(re.findall(r'^const (\w+) = "(.*)"$', source, re.MULTILINE))
    _, found, rest = source.partition("const defaultStorageManifest = `")
    if not found:
        raise ClusterError(
            "kind's const_storage.go no longer holds defaultStorageManifest: see tests/cluster/modules/kind"
        )
    for name, value in constants.items():
        rest = rest.replace(f"` + {name} + `", value)
    return rest[: rest.index("`")]


def _parts() -> tuple[dict[str, Path], Path, Path]:
    """The programs and the root file systems: compiling keeps the processors busy, fetching packages the network."""
    with ThreadPoolExecutor() as pool:
        node = pool.submit(root_file_system, "node", _NODE_PACKAGES, hooks=_NODE_HOOKS)
        proxy = pool.submit(root_file_system, "proxy", _PROXY_PACKAGES)
        programs = tools.build(tools.NODE_IMAGE)
        return programs, node.result(), proxy.result()


def _ingredients() -> Iterator[str]:
    yield Path(__file__).read_text()
    yield root_file_system_path("node", _NODE_PACKAGES, hooks=_NODE_HOOKS).name
    yield root_file_system_path("proxy", _PROXY_PACKAGES).name
    yield from (str(tools.built_path(name).parent.name) for name in tools.NODE_IMAGE)
    yield tools.module_version("kind", "sigs.k8s.io/kind")


@contextmanager
def _scratch() -> Iterator[Path]:
    """Room for layers of some hundred megabytes: beside the cache, since /tmp may be small."""
    with TemporaryDirectory(dir=cache_directory(), prefix=".scratch-") as directory:
        yield Path(directory)


def _write_node_image(target: Path, scratch: Path, programs: dict[str, Path], node: Path, proxy: Path) -> None:
    kind_source = tools.module_source("kind", "sigs.k8s.io/kind")
    storage_source = (kind_source / "pkg/build/nodeimage/const_storage.go").read_text()
    images = scratch / "images.tar"
    names = _kubeadm_image_names(programs["kubeadm"])
    write_archive(images, _control_plane_images(scratch, programs, names, storage_source, proxy))
    layer = scratch / "node.tar"
    with tarfile.open(layer, "w") as tar:
        _write_node_layer(
            LayerWriter(tar), kind_source, programs, names["pause"], default_storage_manifest(storage_source), images
        )
    write_archive(
        target,
        [
            Image(
                name=image_name(),
                layers=(node, layer),
                architecture=tools.architecture(),
                entrypoint=("/usr/local/bin/entrypoint", "/sbin/init"),
                environment=("container=docker",),
                stop_signal="SIGRTMIN+3",
            )
        ],
    )


def _kubeadm_image_names(kubeadm: Path) -> dict[str, str]:
    """The full names that kubeadm will ask for, by the last part of the repository (`pause`, `coredns`, …)."""
    version = tools.module_version("kubernetes", "k8s.io/kubernetes")
    listed = run([kubeadm, "config", "images", "list", "--kubernetes-version", version]).split()
    return {name.rpartition(":")[0].rpartition("/")[2]: name for name in listed}


def _control_plane_images(
    scratch: Path, programs: dict[str, Path], names: dict[str, str], storage_source: str, proxy: Path
) -> list[Image]:
    """kubeadm's images, the volume provisioner and the image its helper pods run (any with a shell)."""
    constants = dict(re.findall(r'^const (\w+) = "(.*)"$', storage_source, re.MULTILINE))
    wanted = {
        **{name: (names[name], f"/usr/local/bin/{name}", ()) for name in ("kube-apiserver", "kube-controller-manager")},
        **{name: (names[name], f"/usr/local/bin/{name}", ()) for name in ("kube-scheduler", "kube-proxy", "etcd")},
        "coredns": (names["coredns"], "/coredns", ("/coredns",)),
        "pause": (names["pause"], "/pause", ("/pause",)),
        "local-path-provisioner": (constants["storageProvisionerImage"], "/usr/local/bin/local-path-provisioner", ()),
    }
    images = [Image(constants["storageHelperImage"], (proxy,), tools.architecture())]
    for program, (name, place, entrypoint) in wanted.items():
        layer = scratch / f"{program}.tar"
        with tarfile.open(layer, "w") as tar:
            LayerWriter(tar).file(place, programs[program])
        layers = (proxy, layer) if program == "kube-proxy" else (layer,)
        images.append(Image(name, layers, tools.architecture(), entrypoint=entrypoint))
    return images


def _write_node_layer(
    layer: LayerWriter, kind_source: Path, programs: dict[str, Path], pause: str, storage_manifest: str, images: Path
) -> None:
    _copy_kinds_files(layer, kind_source / "images/base/files", pause)
    for name in ("kubeadm", "kubectl", "kubelet"):
        layer.file(f"/usr/bin/{name}", programs[name])
    layer.text("/kind/version", tools.module_version("kubernetes", "k8s.io/kubernetes"))
    layer.text("/kind/manifests/default-storage.yaml", storage_manifest)
    layer.text("/kind/manifests/default-cni.yaml", _NO_NETWORK_ADD_ON)
    layer.text("/etc/cni/net.d/10-bridge.conflist", json.dumps(_BRIDGE_NETWORK, indent=1))
    layer.link("/opt/cni/bin", "/usr/lib/cni")
    layer.directory("/etc/kubernetes/manifests")
    layer.text("/etc/systemd/system/desk-images.service", _IMPORT_UNIT)
    for unit in _ENABLED_UNITS:
        layer.link(f"/etc/systemd/system/multi-user.target.wants/{unit}", f"/etc/systemd/system/{unit}")
    layer.link("/etc/systemd/system/systemd-binfmt.service", "/dev/null")
    layer.file("/kind/images/images.tar", images, mode=0o644)


def _copy_kinds_files(layer: LayerWriter, files: Path, pause: str) -> None:
    for file in sorted(file for file in files.rglob("*") if file.is_file()):
        place = file.relative_to(files).as_posix()
        if place == "etc/systemd/system/containerd.service":
            layer.text(place, containerd_unit(file.read_text()))
        elif place == "etc/containerd/config.toml":
            layer.text(place, containerd_settings(file.read_text(), pause))
        elif place not in _LEFT_OUT:
            layer.file(place, file, mode=0o755 if file.parent.name == "bin" else 0o644)


# For engines without root, and for building the image.
_LEFT_OUT = {"etc/systemd/system/containerd-fuse-overlayfs.service", "usr/local/bin/clean-install"}


def containerd_unit(text: str) -> str:
    """Debian's containerd; and no lowering of its OOM score, which takes a capability that the node may lack."""
    text = text.replace("/usr/local/bin/containerd", "/usr/bin/containerd")
    return re.sub(r"^OOMScoreAdjust=.*\n", "", text, flags=re.MULTILINE)


def containerd_settings(text: str, pause: str) -> str:
    """kubeadm's pause image; pods' OOM scores only within what the node may do; no snapshotter for rootless engines."""
    text = re.sub(r"^(\s*sandbox_image = ).*$", rf'\1"{pause}"', text, flags=re.MULTILINE)
    text = text.replace("restrict_oom_score_adj = false", "restrict_oom_score_adj = true")
    return re.sub(r"^\[proxy_plugins\]\n.*?(?=^\[plugins)", "", text, flags=re.MULTILINE | re.DOTALL)
