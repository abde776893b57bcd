"""The programs of a cluster: found on PATH where new enough, else built from the Go modules locked in `modules/`.

Each directory there is one Go module, since the programs disagree about their dependencies. Built programs lie in the
cache under the hash of the module's lock files and the Go version: a changed lock builds anew, nothing is built twice.
"""

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.cluster.cache import cache_directory, files_key, only_one_at_a_time, recipe_key
from tests.cluster.commands import progress, run
from tests.cluster.errors import ClusterError, MissingProgramError
from tests.cluster.versions import Version, parse_version, shown

MODULES = Path(__file__).parent / "modules"


@dataclass(frozen=True)
class Tool:
    """A program, the directory of its Go module, and the package that holds its main."""

    name: str
    module: str
    package: str


@dataclass(frozen=True)
class FoundTool:
    """From which version on a program on PATH will do, and how it is asked for its version."""

    minimum: Version
    question: tuple[str, ...]


_KUBERNETES = (
    "kube-apiserver",
    "kube-controller-manager",
    "kube-proxy",
    "kube-scheduler",
    "kubeadm",
    "kubectl",
    "kubelet",
)

TOOLS = {
    tool.name: tool
    for tool in (
        *(Tool(name, "kubernetes", f"k8s.io/kubernetes/cmd/{name}") for name in _KUBERNETES),
        Tool("etcd", "etcd", "go.etcd.io/etcd/server/v3"),
        Tool("helm", "helm", "helm.sh/helm/v3/cmd/helm"),
        Tool("kind", "kind", "sigs.k8s.io/kind"),
        Tool("coredns", "coredns", "github.com/coredns/coredns"),
        Tool("local-path-provisioner", "local-path-provisioner", "github.com/rancher/local-path-provisioner"),
        Tool("pause", "pause", "tools/pause"),
        Tool("actionlint", "actionlint", "github.com/rhysd/actionlint/cmd/actionlint"),
    )
}

FOUND = {
    "kubectl": FoundTool(
        (1, 33, 0), ("version", "--client")
    ),  # one minor version from the API server, as Kubernetes supports
    "helm": FoundTool((3, 16, 0), ("version", "--short")),
    "kind": FoundTool((0, 33, 0), ("version",)),  # older ones do not support the stock node image below
    "actionlint": FoundTool((1, 7, 7), ("-version",)),
}

API_SERVER_TIER = ("etcd", "kube-apiserver", "kube-controller-manager", "kubectl")
KIND_TIER = ("kind", "kubectl", "helm")
NODE_IMAGE = (*_KUBERNETES, "etcd", "coredns", "local-path-provisioner", "pause")


def tool(name: str) -> Path:
    """The program of that name, built when it is neither found nor cached."""
    return tools([name])[name]


def tools(names: Sequence[str]) -> dict[str, Path]:
    """The programs of those names; what is missing is built, all programs of one module together."""
    chosen = {name: found(name) or built_path(name) for name in names}
    build([name for name, path in chosen.items() if not path.exists()])
    return chosen


def found(name: str) -> Path | None:
    """The program on PATH, if it is one that may come from there and it is new enough."""
    requirement = FOUND.get(name)
    path = shutil.which(name)
    if requirement is None or path is None:
        return None
    try:
        version = parse_version(run((path, *requirement.question), timeout_seconds=20))
    except ClusterError:
        return None
    return Path(path) if version is not None and version >= requirement.minimum else None


def build(names: Sequence[str]) -> dict[str, Path]:
    """The programs as built from the locked modules, whatever PATH holds: what goes into a node image."""
    for module in dict.fromkeys(TOOLS[name].module for name in names):
        with only_one_at_a_time(f"build-{module}"):
            missing = [name for name in names if TOOLS[name].module == module and not built_path(name).exists()]
            if missing:
                _build(module, missing)
    return {name: built_path(name) for name in names}


def built_path(name: str) -> Path:
    """Where the program lies once it is built."""
    module = TOOLS[name].module
    return cache_directory() / "tools" / f"{module}-{_module_key(module)}" / name


def module_version(module: str, dependency: str) -> str:
    """The version (`v1.34.4`) of a dependency as a module's lock has it."""
    found = re.search(
        rf"^(?:require )?\s*{re.escape(dependency)} (v\S+)", (MODULES / module / "go.mod").read_text(), re.MULTILINE
    )
    if found is None:
        raise ClusterError(f"tests/cluster/modules/{module}/go.mod does not require {dependency}")
    return found.group(1)


def module_source(module: str, dependency: str) -> Path:
    """The directory of a locked dependency's source in Go's module cache, downloaded when absent."""
    _require_go(module)
    listed = _go("list", "-mod=readonly", "-m", "-f", "{{.Dir}}", dependency, module=module).strip()
    if not listed:
        _go("mod", "download", dependency, module=module)
        listed = _go("list", "-mod=readonly", "-m", "-f", "{{.Dir}}", dependency, module=module).strip()
    return Path(listed)


@cache
def architecture() -> str:
    """The machine's architecture as Go and the container images name it."""
    return run((_go_program(), "env", "GOARCH"), environment=_GO_ENVIRONMENT).strip()


def forget() -> None:
    """Asks Go anew: after PATH has changed."""
    for question in (architecture, _module_key, _go_version):
        question.cache_clear()


def _build(module: str, names: Sequence[str]) -> None:
    _require_go(module)
    directory = built_path(names[0]).parent
    directory.mkdir(parents=True, exist_ok=True)
    with (
        progress(f"building {', '.join(names)} from locked Go modules (once, then cached)"),
        TemporaryDirectory(dir=directory, prefix=".unfinished-") as unfinished,
    ):
        # One program goes to a file of its name (etcd's package is called v3); several are called like their packages.
        output = f"{unfinished}/{names[0]}" if len(names) == 1 else f"{unfinished}/"
        packages = (TOOLS[name].package for name in names)
        _go(
            "build",
            "-mod=readonly",
            *_BUILD_FLAGS,
            "-ldflags",
            _linker_flags(module),
            "-o",
            output,
            *packages,
            module=module,
        )
        for name in names:
            (Path(unfinished) / name).rename(directory / name)


_BUILD_FLAGS = ("-trimpath", "-buildvcs=false")
_GO_ENVIRONMENT = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off"}


def _linker_flags(module: str) -> str:
    return " ".join(["-s", "-w", *(_kubernetes_stamps() if module == "kubernetes" else ())])


def _kubernetes_stamps() -> list[str]:
    """What Kubernetes' own build stamps in; without it the programs call themselves v0.0.0-master."""
    version = module_version("kubernetes", "k8s.io/kubernetes")
    major, minor, _ = version.removeprefix("v").split(".", 2)
    stamps = {
        "gitVersion": version,
        "gitMajor": major,
        "gitMinor": minor,
        "gitCommit": "0" * 40,
        "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z",
    }
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return [f"-X {package}.{name}={value}" for package in packages for name, value in stamps.items()]


@cache
def _module_key(module: str) -> str:
    directory = MODULES / module
    locked = files_key(directory, (file for file in directory.iterdir() if file.is_file()))
    return recipe_key(locked, _go_version(), *_BUILD_FLAGS, _linker_flags(module))


@cache
def _go_version() -> str:
    """The version and target of Go on PATH, or `none`."""
    if shutil.which("go") is None:
        return "none"
    return run(("go", "env", "GOVERSION", "GOOS", "GOARCH"), environment=_GO_ENVIRONMENT)


def _require_go(module: str) -> None:
    needed = _needed_go(module)
    version = parse_version(_go_version())
    if version is None or version < needed:
        found = "none is on PATH" if version is None else f"{shown(version)} is on PATH"
        programs = ", ".join(sorted(name for name, tool in TOOLS.items() if tool.module == module))
        raise MissingProgramError(f"Go {shown(needed)} or newer is needed to build {programs}: {found}")


def _needed_go(module: str) -> Version:
    found = re.search(r"^go (\S+)", (MODULES / module / "go.mod").read_text(), re.MULTILINE)
    version = parse_version(found.group(1)) if found else None
    if version is None:
        raise ClusterError(f"tests/cluster/modules/{module}/go.mod has no line `go VERSION`")
    return version


def _go_program() -> str:
    program = shutil.which("go")
    if program is None:
        raise MissingProgramError("Go is needed to build the cluster's programs: none is on PATH")
    return program


def _go(*arguments: str | Path, module: str) -> str:
    return run((_go_program(), *arguments), directory=MODULES / module, environment=_GO_ENVIRONMENT)
