"""The object from a file: edits, wrong edits, and files that go away."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from deskbot.core.errors import Invalid
from deskbot.runtime.control_file import ControlFile
from deskbot.runtime.observation import Observation
from tests.runtime import virtual_time
from tests.runtime.virtual_time import run
from tests.runtime.world import SECRET, manifest

Edit = Callable[[Path], None]


def write(file: Path, **changes: Any) -> None:
    file.write_text(yaml.safe_dump_all([manifest(**changes), SECRET]))


def after(file: Path, *edits: Edit) -> list[Observation]:
    """What is delivered, when the file is edited every ten seconds."""

    async def main() -> list[Observation]:
        seen: list[Observation] = []
        control = ControlFile(file, virtual_time.clock())
        watching = asyncio.ensure_future(control.run(seen.append))
        await asyncio.sleep(10)
        for edit in edits:
            edit(file)
            await asyncio.sleep(10)
        watching.cancel()
        return seen

    return run(main())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "bot.yaml"
    write(file)
    return file


def test_edits_are_counted_and_the_uid_stays(file: Path) -> None:
    first, second, third = after(file, lambda f: write(f, paused=True), lambda f: write(f, halted=True))
    assert [first.generation, second.generation, third.generation] == [1, 2, 3]
    assert first.uid == third.uid
    assert second.paused
    assert third.halted
    assert not third.paused


def test_the_same_name_finds_the_same_uid_in_another_folder(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    write(other)
    assert after(file)[0].uid == after(other)[0].uid


def test_a_file_that_is_only_touched_is_no_edit_of_the_spec(file: Path) -> None:
    assert {seen.halted for seen in after(file, lambda f: f.touch())} == {False}


@pytest.mark.parametrize(
    "edit",
    [
        lambda f: f.write_text("spec: [unclosed"),
        lambda f: f.write_text(""),
        lambda f: write(f, envelope={"maxOrderNotional": 5}),
        lambda f: write(f, market="BTC/USDT"),
        lambda f: write(f, mode="DryRun"),
        lambda f: f.write_bytes(b"\xff\xfe\x00"),
    ],
    ids=["not YAML", "empty", "wrong type", "unknown field", "a field that never changes", "no text"],
)
def test_a_wrong_edit_leaves_the_last_good_spec_and_says_why_in_one_line(file: Path, edit: Edit) -> None:
    good, wrong, mended = after(file, edit, write)
    assert wrong.bot == good.bot
    assert wrong.wrong
    assert "\n" not in wrong.wrong
    assert not mended.wrong


@pytest.mark.parametrize(
    "changes", [{"envelope": {}}, {"strategies": "none"}, {"mode": "DryRun"}, {"no such field": 1}]
)
def test_a_wrong_edit_may_still_halt_and_pause(file: Path, changes: dict[str, Any]) -> None:
    good, wrong = after(file, lambda f: write(f, halted=True, paused=True, **changes))
    assert wrong.halted
    assert wrong.paused
    assert wrong.wrong
    assert wrong.bot == good.bot


def test_a_wrong_edit_never_loosens(file: Path) -> None:
    write(file, halted=True)
    _, wrong = after(file, lambda f: write(f, halted=False, envelope={}))
    assert wrong.halted


def test_a_removed_file_is_a_deleted_object_but_a_replaced_one_is_not(file: Path, tmp_path: Path) -> None:
    def replace(f: Path) -> None:
        other = tmp_path / "new.yaml"
        write(other, paused=True)
        other.rename(f)

    _, replaced, removed = after(file, replace, Path.unlink)
    assert replaced.paused
    assert not replaced.deleted
    assert removed.deleted


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "No such file or directory; name a file with one TradingBot"),
        (b"\xff\xfe\x00\x01", "not a text file"),
        (b"", "0 objects of kind TradingBot"),
        (b"a: [", "not YAML"),
    ],
)
def test_a_file_that_cannot_be_used_at_all_is_refused_in_one_line(
    tmp_path: Path, content: bytes | None, words: str
) -> None:
    file = tmp_path / "bot.yaml"
    if content is not None:
        file.write_bytes(content)

    async def main() -> None:
        with pytest.raises(Invalid, match=words) as caught:
            ControlFile(file, virtual_time.clock())
        assert str(file) in caught.value.message
        assert "\n" not in caught.value.message

    run(main())
