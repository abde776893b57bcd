"""Keys and entries of the cache."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cluster.cache import cache_directory, files_key, forget_others, new_entry, recipe_key


@given(st.lists(st.text(max_size=4), max_size=4), st.lists(st.text(max_size=4), max_size=4))
def test_different_recipes_have_different_keys(one: list[str], other: list[str]) -> None:
    assert (recipe_key(*one) == recipe_key(*other)) == (one == other)


def test_a_files_key_changes_with_name_content_and_mode_but_not_with_order_or_place(tmp_path: Path) -> None:
    roots = [tmp_path / "a", tmp_path / "b"]
    for root in roots:
        root.mkdir()
        (root / "x").write_text("1")
        (root / "y").write_text("2")
    first, second = ([root / "x", root / "y"] for root in roots)
    key = files_key(roots[0], first)
    assert files_key(roots[1], reversed(second)) == key
    (roots[1] / "y").chmod(0o755)
    assert files_key(roots[1], second) != key
    (roots[0] / "x").write_text("3")
    assert files_key(roots[0], first) != key


def test_an_entry_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "tools" / "program"
    with contextlib.suppress(KeyboardInterrupt), new_entry(target) as unfinished:
        unfinished.write_text("half of it")
        raise KeyboardInterrupt
    assert list(target.parent.iterdir()) == []
    with new_entry(target) as unfinished:
        unfinished.mkdir()
        (unfinished / "part").touch()
        assert not target.exists()
    assert [path.name for path in target.iterdir()] == ["part"]


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("DESK_CACHE", raising=False)
    assert cache_directory() == tmp_path / "desk"
    monkeypatch.setenv("DESK_CACHE", str(tmp_path / "elsewhere"))
    assert cache_directory() == tmp_path / "elsewhere"


def test_an_entry_takes_the_place_of_those_made_by_its_earlier_recipes_and_of_no_others(tmp_path: Path) -> None:
    for name in ("node-1a.tar", "node-2b.tar", "node-proxy-3c.tar", "other-4d.tar", "node-5e"):
        (tmp_path / name).touch()
    forget_others(tmp_path / "node-2b.tar")
    assert {path.name for path in tmp_path.iterdir()} == {"node-2b.tar", "node-proxy-3c.tar", "other-4d.tar", "node-5e"}
