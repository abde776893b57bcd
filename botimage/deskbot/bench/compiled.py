"""The same source, compiled: `python -m deskbot.bench.compiled FOLDER` makes a copy of the bot with native modules.

`--simulation` compiles what `desk simulate` runs as well: twice the lives an hour, for two minutes of compiling.

    deskbot/ ──copy──▶ FOLDER/deskbot/ ──mypyc──▶ FOLDER/deskbot/core/*.so beside the pure files

With FOLDER first in PYTHONPATH the compiled modules are imported in place of the pure ones; without a C compiler the
pure ones work as they are, only slower. It is never required.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import deskbot

PACKAGE: Final = Path(deskbot.__file__).parent
# What runs for each event; the rest of the bot waits for sockets and disks.
FOLDERS: Final = ("core",)
SIMULATION: Final = ("matching", "simulation")
MODULES: Final = ("bench/maker", "bench/sink", "bench/venue", "bench/workload", "runtime/encoding")


def build(folder: Path, optimise: int = 3, folders: Sequence[str] = FOLDERS) -> Path:
    """Copy and compile; returns the folder. Raises RuntimeError with the compiler's words."""
    copy(folder)
    done = subprocess.run(
        [Path(sys.executable).with_name("mypyc"), *sources(folders)],
        cwd=folder,
        env={**os.environ, "MYPYC_OPT_LEVEL": str(optimise), "MYPYPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"mypyc: {done.stdout}{done.stderr}")
    return folder


def copy(folder: Path) -> None:
    """The bot as it is, into the folder; what was compiled of an older one is gone."""
    shutil.rmtree(folder / "deskbot", ignore_errors=True)
    shutil.copytree(PACKAGE, folder / "deskbot", ignore=shutil.ignore_patterns("__pycache__"))


def build_natives(target: Path, optimise: int = 3) -> None:
    """Compile, and keep the native modules alone, each where it belongs below the folder of packages."""
    with tempfile.TemporaryDirectory() as name:
        folder = build(Path(name), optimise)
        for native in folder.rglob("*.so"):
            kept = target / native.relative_to(folder)
            if "build" not in kept.relative_to(target).parts:  # what the compiler made on the way
                kept.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(native, kept)


def sources(folders: Sequence[str] = FOLDERS) -> list[str]:
    """The files that are compiled, together, so that calls between them are native."""
    found = [path for folder in folders for path in (PACKAGE / folder).glob("*.py") if path.stem != "__init__"]
    found += [PACKAGE / f"{module}.py" for module in MODULES]
    return sorted(str(path.relative_to(PACKAGE.parent)) for path in found)


def main() -> int:
    """Build into the folder that is named."""
    parser = argparse.ArgumentParser(prog="python -m deskbot.bench.compiled", description="Compile the bot by mypyc.")
    parser.add_argument("folder", type=Path, help="where the copy is made, for example build/compiled")
    parser.add_argument("--simulation", action="store_true", help="what `desk simulate` runs as well")
    parser.add_argument("--natives", action="store_true", help="keep the native modules alone: for images")
    arguments = parser.parse_args()
    if shutil.which("gcc") is None and shutil.which("cc") is None:
        sys.stderr.write("there is no C compiler on this machine; the bot works without, only slower\n")
        return 1
    if arguments.natives:
        build_natives(arguments.folder)
        return 0
    build(arguments.folder, folders=FOLDERS + SIMULATION if arguments.simulation else FOLDERS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
