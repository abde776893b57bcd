"""One source, interpreted and compiled: the engine's files are what mypyc can compile, and both decide the same."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deskbot import core

pytestmark = [pytest.mark.component, pytest.mark.timeout(600)]

PROJECT = Path(__file__).parents[2]
RUN = ("run", str(PROJECT / "examples" / "bot.yaml"), "--speed", "max", "--for", "20s", "--output", "json")


def test_the_compiled_engine_gives_the_same_bytes_as_the_interpreted_one(tmp_path: Path) -> None:
    if shutil.which("gcc") is None:
        pytest.skip("not run: there is no C compiler (gcc) on this machine")
    compiled = _compile(tmp_path)
    assert list(compiled.glob("deskbot/core/engine.*.so"))
    assert _digest(PROJECT / "botimage") == _digest(compiled)


def _compile(folder: Path) -> Path:
    """A copy of the bot's package whose engine is compiled in place."""
    package = Path(core.__file__).parents[1]
    shutil.copytree(package, folder / "deskbot", ignore=shutil.ignore_patterns("__pycache__"))
    names = sorted(f"deskbot/core/{path.name}" for path in (package / "core").glob("*.py") if path.stem != "__init__")
    mypyc = Path(sys.executable).with_name("mypyc")
    environment = {**os.environ, "MYPYC_OPT_LEVEL": "0", "MYPYPATH": ""}
    done = subprocess.run([mypyc, *names], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def _digest(bot: Path) -> str:
    path = os.pathsep.join([str(bot), *(str(PROJECT / name) for name in ("crds", "strategies"))])
    command = [sys.executable, "-m", "deskbot.cli", *RUN]
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found: str = json.loads(done.stdout)["digest"]
    return found
