"""The engine's two builds. What a compiler made is kept outside the tree, by the hash of what it was made from."""

import shutil
import sys
from importlib.metadata import version
from pathlib import Path

from deskbot.bench import compiled
from tests.cluster.cache import cache_directory, files_key, forget_others, new_entry, only_one_at_a_time, recipe_key

PROJECT = Path(__file__).parents[2]
COMPILED = PROJECT / "build" / "compiled"


def compiled_build() -> dict[str, Path]:
    """The compiled bot of the tree as it is, by the name of its build; nothing where there is no C compiler."""
    if shutil.which("gcc") is None:
        return {}
    shutil.rmtree(COMPILED, ignore_errors=True)
    return {"compiled": lay_out(COMPILED)}


def lay_out(folder: Path, optimise: int = 3) -> Path:
    """A copy of the bot in a folder with native modules beside the pure ones, compiled where the cache has none."""
    natives = ensure_natives(optimise)
    compiled.copy(folder)
    shutil.copytree(natives, folder, dirs_exist_ok=True)
    return folder


def ensure_natives(optimise: int) -> Path:
    """The native modules alone, in the cache."""
    package = compiled.PACKAGE.parent
    sources = files_key(package, [Path(compiled.__file__), *(package / name for name in compiled.sources())])
    key = recipe_key(sources, sys.version, version("mypy"), version("msgspec"))
    target = cache_directory() / "compiled" / f"natives-o{optimise}-{key}"
    with only_one_at_a_time(f"compiled-o{optimise}"):
        if not target.exists():
            with new_entry(target) as unfinished:
                unfinished.mkdir()
                _compile(unfinished, optimise)
            forget_others(target)
    return target


def _compile(target: Path, optimise: int) -> None:
    work = target / ".work"
    for native in compiled.natives(compiled.build(work, optimise)):
        kept = target / native.relative_to(work)
        kept.parent.mkdir(parents=True, exist_ok=True)
        native.rename(kept)
    shutil.rmtree(work)
