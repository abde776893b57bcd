"""The desk's own images, built from the Dockerfile and brought into the cluster.

Their tag is the hash of all that goes into them: a changed tree is built and loaded again, an unchanged one is there.
They are built without network: the base image comes from the registry that answers, else from Debian's packages, the
wheels from a cache that the host filled from the hash-locked requirements, and the compiled engine from the same cache.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.cluster.cache import cache_directory, files_key, forget_others, new_entry, only_one_at_a_time
from tests.cluster.commands import progress, say, succeeds
from tests.cluster.debian import root_file_system, root_file_system_path
from tests.cluster.engine import Engine
from tests.cluster.kind import Cluster
from tests.cluster.natives import natives_for_images
from tests.cluster.node_image import pulled, registry_answers
from tests.cluster.wheels import IMAGE_PARTS, PYTHON_VERSION, ensure_wheels

PROJECT = Path(__file__).parents[2]
_FILES = ("Dockerfile", ".dockerignore", "pyproject.toml", "README.md")
_LOCKS = tuple(f"requirements/{part}.txt" for part in (*IMAGE_PARTS, "compile"))
_SOURCES = ("crds", "operator", "botimage", "strategies")
_STOCK_PYTHON = f"python:{PYTHON_VERSION}-slim"
_PYTHON_PACKAGES = ("python3", "python3-venv", "ca-certificates")


@dataclass(frozen=True)
class Images:
    """The full names of the two images, as a pod spec has them."""

    operator: str
    bot: str


def ensure_images(cluster: Cluster) -> Images:
    """The images of the tree as it is, in the cluster. The current cluster must be able to pull them by itself."""
    with snapshot() as tree:
        return ensure_images_of(tree, cluster)


def ensure_images_of(tree: Path, cluster: Cluster) -> Images:
    """Builds and loads what the cluster lacks of the images of a snapshot."""
    images = image_names(tree)
    if cluster.engine is None:
        images = image_names(tree, os.environ.get("IMAGE_PREFIX", ""))
        say(f"this cluster must be able to pull {images.operator} and {images.bot} (IMAGE_PREFIX says from where)")
    elif cluster.lacks([images.operator, images.bot]):
        cluster.load(_ensure_archive(cluster.engine, tree, images))
    return images


def prefetch(engine: Engine) -> None:
    """Builds the images of the tree as it is into the cache."""
    with snapshot() as tree:
        _ensure_archive(engine, tree, image_names(tree))


@contextmanager
def snapshot() -> Iterator[Path]:
    """A copy of what the images are made from, so that an edit meanwhile cannot part name and content."""
    cache_directory().mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=cache_directory(), prefix=".context-") as directory:
        tree = Path(directory)
        (tree / "requirements").mkdir()
        for name in (*_FILES, *_LOCKS):
            shutil.copy(PROJECT / name, tree / name)
        for name in _SOURCES:
            shutil.copytree(PROJECT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        yield tree


def image_names(tree: Path, prefix: str = "") -> Images:
    """The names of the images of a tree, below a registry's prefix; the tag is the hash of what goes into them."""
    key = files_key(tree, (file for file in tree.rglob("*") if file.is_file()))
    start = f"{prefix.rstrip('/')}/" if prefix else ""
    return Images(operator=f"{start}desk-operator:{key}", bot=f"{start}desk-bot:{key}")


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


def _ensure_archive(engine: Engine, tree: Path, images: Images) -> Path:
    """A docker archive of both images in the cache, built when absent: a new cluster is filled without building."""
    target = cache_directory() / "images" / f"desk-images-{images.bot.rpartition(':')[2]}.tar"
    with only_one_at_a_time("images"):
        if not target.exists():
            _build(engine, tree, {"operator": images.operator, "bot": images.bot})
            with new_entry(target) as unfinished:
                engine.run("save", "--output", str(unfinished), images.operator, images.bot)
            forget_others(target)
            _forget_others(engine, images)
    return target


def _build(engine: Engine, tree: Path, targets: dict[str, str]) -> None:
    base = ensure_python_image(engine)
    with _wheelhouse(tree), _natives(tree):
        for target, name in targets.items():
            with progress(f"building the image {name}"):
                options = ("--target", target, "--tag", name, *_arguments(base))
                engine.run("build", "--quiet", "--network", "none", *options, str(tree))


def _arguments(base: str) -> list[str]:
    """Nothing is compiled in there: without network it cannot be, and the cache has what it comes to."""
    return ["--build-arg", f"PYTHON_IMAGE={base}", "--build-arg", f"COMPILER_IMAGE={base}"]


@contextmanager
def _natives(tree: Path) -> Iterator[None]:
    """The compiled engine in the build context while the images are built; they are no part of the tree, as wheels."""
    found, place = natives_for_images(tree), tree / "natives"
    if found is not None:
        shutil.copytree(found, place, copy_function=os.link)
    try:
        yield
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def _wheelhouse(tree: Path) -> Iterator[None]:
    """The wheels in the build context while the images are built; they are no part of the tree: its locks name them."""
    place = tree / "wheelhouse"
    shutil.copytree(ensure_wheels(tree / "requirements"), place, copy_function=os.link)
    try:
        yield
    finally:
        shutil.rmtree(place)


def _forget_others(engine: Engine, images: Images) -> None:
    """Removes the images of earlier trees, a few hundred megabytes each; the engine keeps one that a container uses."""
    for name in (images.operator, images.bot):
        repository = name.rpartition(":")[0]
        for other in engine.run("images", "--format", "{{.Repository}}:{{.Tag}}", repository).split():
            if other != name:
                succeeds(engine.command("rmi", other))
