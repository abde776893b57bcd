"""One source, interpreted and compiled: the same decisions, the same bytes, and the core's tests hold on both."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.bench.builds import lay_out

PROJECT = Path(__file__).parents[2]
RUN = ("run", str(PROJECT / "examples" / "bot.yaml"), "--speed", "max", "--for", "20s", "--output", "json")
pytestmark = [
    pytest.mark.component,
    pytest.mark.timeout(900),
    pytest.mark.skipif(shutil.which("gcc") is None, reason="not run: there is no C compiler (gcc) on this machine"),
]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled bot; not optimised, which is ten times as fast to build."""
    folder = lay_out(tmp_path_factory.mktemp("compiled"), optimise=0)
    assert list(folder.glob("deskbot/core/engine.*.so"))
    return folder


def surroundings(bot: Path) -> dict[str, str]:
    """The environment in which this build of the bot is imported."""
    path = [str(bot), *(str(PROJECT / name) for name in ("crds", "strategies"))]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}


def desk(bot: Path, *arguments: str) -> Any:
    """What `desk` prints on one build."""
    command = [sys.executable, "-m", "deskbot.cli", *arguments]
    done = subprocess.run(command, env=surroundings(bot), capture_output=True, text=True, check=True)
    return json.loads(done.stdout) if done.stdout else None


def test_a_run_in_virtual_time_writes_the_same_journal(compiled: Path) -> None:
    assert desk(PROJECT / "botimage", *RUN)["digest"] == desk(compiled, *RUN)["digest"]


@pytest.mark.parametrize("requote", ["0.5", "0.1"])
def test_the_reference_workload_gives_the_same_records_and_decisions(
    compiled: Path, tmp_path: Path, requote: str
) -> None:
    tape = tmp_path / "tape.npz"
    desk(compiled, "bench", "tape", str(tape), "--count", "30000")
    command = ("bench", "engine", "--quotes", str(tape), "--requote", requote, "--digest", "--output", "json")
    pure, native = desk(PROJECT / "botimage", *command), desk(compiled, *command)
    assert (pure["compiled"], native["compiled"]) == (False, True)
    names = ("orders", "fills", "pnl", "position", "journalBytes", "digest")
    assert [pure[name] for name in names] == [native[name] for name in names]


def test_lives_in_virtual_time_come_to_the_same(compiled: Path) -> None:
    """Mad strategies, broken streams, kills: what one build refuses, the other refuses in the same place."""
    command = ("simulate", "--first", "5000", "--seeds", "60", "--processes", "1", "--output", "json")
    pure, native = desk(PROJECT / "botimage", *command), desk(compiled, *command)
    for real in ("seconds", "secondsPerSecond"):
        del pure[real], native[real]
    assert pure == native


def test_the_tests_of_the_core_hold_on_the_compiled_engine(compiled: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-m", "not component", "-p", "no:cacheprovider", "tests/core"]
    done = subprocess.run(command, cwd=PROJECT, env=surroundings(compiled), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
