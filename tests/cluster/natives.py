"""The bot's native modules, compiled on this machine and kept in the cache by the hash of what they were made from."""

import platform
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

from deskbot.bench import compiled
from tests.cluster.cache import cache_directory, files_key, forget_others, new_entry, only_one_at_a_time, recipe_key
from tests.cluster.commands import progress
from tests.cluster.errors import ClusterError
from tests.cluster.wheels import GLIBC, PYTHON_VERSION


def ensure_natives(optimise: int = 3) -> Path:
    """A folder with the native modules alone, laid out as they lie among the packages. It takes a C compiler."""
    target = cache_directory() / "compiled" / f"natives-o{optimise}-{_key(compiled.PACKAGE.parent, optimise)}"
    with only_one_at_a_time(f"natives-o{optimise}"):
        if not target.exists():
            with progress("compiling the engine"), new_entry(target) as unfinished:
                compiled.build_natives(unfinished, optimise)
            forget_others(target)
    return target


def fit_images() -> bool:
    """Whether what this machine compiles runs in the images: the same Python, a C library no newer than theirs."""
    python, libc = f"{sys.version_info.major}.{sys.version_info.minor}", platform.libc_ver()
    same = python == PYTHON_VERSION and libc[0] == "glibc" and int(libc[1].split(".")[1]) <= GLIBC
    return same and shutil.which("gcc") is not None


def natives_for_images(tree: Path) -> Path | None:
    """Those for the images of a snapshot of this tree; None where they do not fit.

    Raises ClusterError when the sources have changed since the snapshot was taken.
    """
    if not fit_images():
        return None
    if _key(tree / "botimage", 3) != _key(compiled.PACKAGE.parent, 3):
        raise ClusterError("the sources were changed while the images were being built; run this again")
    return ensure_natives()


def _key(root: Path, optimise: int) -> str:
    package = compiled.PACKAGE.parent
    names = [*compiled.sources(), str(Path(compiled.__file__).relative_to(package))]
    sources = files_key(root, [root / name for name in names])
    return recipe_key(sources, str(optimise), sys.version, version("mypy"), version("msgspec"))
