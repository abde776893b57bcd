"""The desk's own images, built from the Dockerfile and brought into the cluster.

Their tag is the hash of all that goes into them: a changed tree is built and loaded again, an unchanged one is there.
They are built without network: the base image comes from the registry that answers, else from Debian's packages, and
the wheels from a cache that the host filled from the hash-locked requirements.
"""

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.cluster.cache import cache_directory, files_key, new_entry, only_one_at_a_time, recipe_key
from tests.cluster.commands import progress, run, say
from tests.cluster.debian import root_file_system, root_file_system_path
from tests.cluster.engine import Engine
from tests.cluster.kind import Cluster
from tests.cluster.node_image import pulled, registry_answers

PROJECT = Path(__file__).parents[2]
_SOURCES = ("crds", "operator", "botimage", "strategies")
_REQUIREMENTS = ("build", "operator", "bot")
_PYTHON_VERSION = "3.11"
_STOCK_PYTHON = f"python:{_PYTHON_VERSION}-slim"
_PYTHON_PACKAGES = ("python3", "python3-venv", "ca-certificates")
_GLIBC = 36  # the newest wheels that Debian's glibc 2.36 runs


@dataclass(frozen=True)
class Images:
    """The full names of the two images, as a pod spec has them."""

    operator: str
    bot: str


def ensure_images(cluster: Cluster) -> Images:
    """Builds what is missing and loads it. For the current cluster it only names them: it must be able to pull them."""
    images = image_names(os.environ.get("IMAGE_PREFIX", ""))
    if cluster.engine is None:
        say(f"this cluster must be able to pull {images.operator} and {images.bot} (IMAGE_PREFIX says from where)")
        return images
    build_images(cluster.engine)
    cluster.load([images.operator, images.bot])
    return images


def image_names(prefix: str = "") -> Images:
    """The names of the images of the tree as it is, below a registry's prefix."""
    key = content_key()
    start = f"{prefix.rstrip('/')}/" if prefix else ""
    return Images(operator=f"{start}desk-operator:{key}", bot=f"{start}desk-bot:{key}")


def build_images(engine: Engine) -> Images:
    """Builds the images that the engine lacks."""
    images = image_names()
    missing = {
        target: name
        for target, name in (("operator", images.operator), ("bot", images.bot))
        if not engine.has_image(name)
    }
    if missing:
        with only_one_at_a_time("images"):
            _build(engine, missing)
    return images


def content_key() -> str:
    """The hash of what the Dockerfile copies, and of itself."""
    files = [PROJECT / name for name in ("Dockerfile", "pyproject.toml", "README.md")]
    files += (PROJECT / "requirements").glob("*.txt")
    files += (file for source in _SOURCES for file in (PROJECT / source).rglob("*") if _is_source(file))
    return files_key(PROJECT, files)


def ensure_wheels() -> Path:
    """A directory with the wheels of every requirement, fetched by hash for the image's Python and C library."""
    locks = [PROJECT / "requirements" / f"{name}.txt" for name in _REQUIREMENTS]
    target = cache_directory() / "wheels" / f"wheels-{recipe_key(*(lock.read_text() for lock in locks), *_tags())}"
    with only_one_at_a_time("wheels"):
        if not target.exists():
            with progress("fetching the wheels for the images"), new_entry(target) as unfinished:
                unfinished.mkdir()
                for lock in locks:
                    _download(lock, unfinished)
    return target


def ensure_python_image(engine: Engine) -> str:
    """The base image: the usual one where a registry answers, else one made from Debian's packages."""
    tar = root_file_system_path("python", _PYTHON_PACKAGES)
    if engine.has_image(_STOCK_PYTHON) or (not tar.exists() and registry_answers(engine, _STOCK_PYTHON)):
        return pulled(engine, _STOCK_PYTHON)
    name = f"desk-python:{tar.stem.rpartition('-')[2]}"
    if not engine.has_image(name):
        root_file_system("python", _PYTHON_PACKAGES)
        with progress("loading the base image into the container engine"):
            engine.run("import", str(tar), name)
    return name


def without_python_markers(lock: str) -> str:
    """The requirements without conditions about Python's version: a host's patch release differs from the image's."""
    lines = []
    for line in lock.splitlines():
        requirement, separator, marker = line.partition(" ; ")
        about_python = separator and "python_" in marker
        lines.append(
            f"{requirement} \\" if about_python and line.endswith("\\") else requirement if about_python else line
        )
    return "\n".join(lines) + "\n"


def _build(engine: Engine, targets: dict[str, str]) -> None:
    base = ensure_python_image(engine)
    with _context(ensure_wheels()) as context:
        for target, name in targets.items():
            with progress(f"building the image {name}"):
                options = ("--target", target, "--tag", name, "--build-arg", f"PYTHON_IMAGE={base}")
                engine.run("build", "--quiet", "--network", "none", *options, str(context))


@contextmanager
def _context(wheels: Path) -> Iterator[Path]:
    """A build context of the sources and the wheels, the latter linked from the cache."""
    with TemporaryDirectory(dir=cache_directory(), prefix=".context-") as directory:
        context = Path(directory)
        for name in ("Dockerfile", ".dockerignore", "pyproject.toml", "README.md"):
            shutil.copy(PROJECT / name, context)
        for name in (*_SOURCES, "requirements"):
            shutil.copytree(PROJECT / name, context / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        shutil.copytree(wheels, context / "wheelhouse", copy_function=os.link)
        yield context


def _download(lock: Path, target: Path) -> None:
    with TemporaryDirectory() as directory:
        requirements = Path(directory) / lock.name
        requirements.write_text(without_python_markers(lock.read_text()))
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes", "--no-deps"]
        run([*command, "--only-binary=:all:", *_tags(), "--requirement", requirements, "--dest", target])


def _tags() -> list[str]:
    """What pip is told about the image's interpreter, so that the host's own does not matter."""
    machine = platform.machine()
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in range(_GLIBC, 4, -1)]
    abi = f"cp{_PYTHON_VERSION.replace('.', '')}"
    return [
        *("--implementation", "cp", "--python-version", _PYTHON_VERSION),
        *(f"--abi={name}" for name in (abi, "abi3", "none")),
        *(f"--platform={name}" for name in (*platforms, f"manylinux2014_{machine}")),
    ]


def _is_source(file: Path) -> bool:
    return file.is_file() and "__pycache__" not in file.parts and file.suffix != ".pyc"
