"""The cache of built things and the state of running ones: two directories outside the source tree.

A cache entry is named after the hash of its recipe, so it is never updated, only made: beside its place, then renamed
into it, so that an interrupted run leaves no half of one. The cache survives `down`; the state does not.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_directory() -> Path:
    """`$DESK_CACHE`, else `desk` in the user's cache directory."""
    named = os.environ.get("DESK_CACHE")
    if named:
        return Path(named).resolve()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "desk"


def state_directory() -> Path:
    """`$DESK_STATE`, else `desk-cluster` in the user's state directory."""
    named = os.environ.get("DESK_STATE")
    if named:
        return Path(named).resolve()
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "desk-cluster"


def recipe_key(*parts: str | bytes) -> str:
    """The first 12 hex digits of the SHA-256 over the parts, each with its length, so no two lists are alike."""
    hasher = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        hasher.update(len(data).to_bytes(8, "big"))
        hasher.update(data)
    return hasher.hexdigest()[:12]


def files_key(root: Path, files: Iterable[Path]) -> str:
    """The key of files by their paths below root, their contents and whether they may be executed."""
    parts: list[str | bytes] = []
    for file in sorted(files):
        executable = "x" if os.access(file, os.X_OK) else "-"
        parts += [file.relative_to(root).as_posix(), executable, file.read_bytes()]
    return recipe_key(*parts)


def remove(path: Path) -> None:
    """Removes a file, a link or a directory with all in it, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def new_entry(target: Path) -> Iterator[Path]:
    """A path beside the target to make the entry at: the target when the block ends well, removed when not."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        yield unfinished
        unfinished.rename(target)
    finally:
        remove(unfinished)


def forget_others(entry: Path) -> None:
    """Removes what the same recipe made before it changed: entries whose names differ from this one in the key."""
    name, _, _ = entry.stem.rpartition("-")
    for other in entry.parent.glob(f"{name}-*{entry.suffix}"):
        if other != entry and other.stem.rpartition("-")[0] == name:
            remove(other)


@contextmanager
def only_one_at_a_time(name: str) -> Iterator[None]:
    """Holds off other processes of this user that are about to make the same thing."""
    directory = cache_directory()
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
