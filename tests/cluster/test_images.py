"""What the images' names and wheels are made from."""

import re
from pathlib import Path

from deskbot.bench import compiled
from tests.cluster.images import PROJECT, image_names
from tests.cluster.wheels import applicable

LOCK = """\
# a comment
aiohttp==3.14.0 \\
    --hash=sha256:aa
    # via something
async-timeout==5.0.1 ; python_full_version < '3.11.3' \\
    --hash=sha256:bb
winloop==0.6.3 ; python_full_version < '3.15' and sys_platform == 'win32' \\
    --hash=sha256:cc \\
    --hash=sha256:dd
tomli==2.0.0 ; python_version < '3.11'
uvloop==0.22.1 ; sys_platform != 'win32'
"""


def test_a_requirement_is_kept_when_its_condition_may_hold_in_the_image() -> None:
    assert (
        applicable(LOCK)
        == """\
# a comment
aiohttp==3.14.0 \\
    --hash=sha256:aa
    # via something
async-timeout==5.0.1 \\
    --hash=sha256:bb
uvloop==0.22.1
"""
    )


def test_both_images_carry_the_hash_of_the_tree_below_the_prefix(tmp_path: Path) -> None:
    (tmp_path / "source").write_text("1")
    plain, prefixed = image_names(tmp_path), image_names(tmp_path, "registry.example/desk/")
    key = plain.bot.removeprefix("desk-bot:")
    assert plain.operator == f"desk-operator:{key}"
    assert prefixed.bot == f"registry.example/desk/desk-bot:{key}"
    (tmp_path / "source").write_text("2")
    assert image_names(tmp_path) != plain


def test_the_stage_that_compiles_is_given_every_file_that_is_compiled() -> None:
    stage = (PROJECT / "Dockerfile").read_text().partition("AS natives")[2].partition("FROM ")[0]
    given = re.findall(r"botimage/(deskbot/\S+)", stage)
    folders = tuple(path for path in given if path.endswith("/"))
    sources = [*compiled.sources(), "deskbot/bench/compiled.py", "deskbot/runtime/__init__.py", "deskbot/__init__.py"]
    assert [path for path in sources if path not in given and not path.startswith(folders)] == []
