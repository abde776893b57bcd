"""The engine's two builds."""

import shutil
from pathlib import Path

from deskbot.bench import compiled
from tests.cluster.natives import ensure_natives

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
    compiled.copy(folder)
    shutil.copytree(ensure_natives(optimise), folder, dirs_exist_ok=True)
    return folder
