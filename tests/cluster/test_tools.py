"""Which programs are taken, and what the locks pin."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cluster import tools
from tests.cluster.versions import parse_version, shown


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("Docker version 20.10.24+dfsg1, build 297e128", (20, 10, 24)),
        ("Client Version: v1.34.4\nKustomize Version: v5.7.1", (1, 34, 4)),
        ("kind v0.33.0 go1.26.8 linux/amd64", (0, 33, 0)),
        ("go1.26 linux/amd64", (1, 26, 0)),
        ("no version here", None),
    ],
)
def test_the_version_in_what_programs_say(text: str, version: tuple[int, int, int] | None) -> None:
    assert parse_version(text) == version


@given(st.tuples(*[st.integers(0, 10_000)] * 3))
def test_a_version_is_read_as_it_is_shown(version: tuple[int, int, int]) -> None:
    assert parse_version(shown(version)) == version


def _program(directory: Path, name: str, answer: str) -> None:
    program = directory / name
    program.write_text(f"#!/bin/sh\necho '{answer}'\n")
    program.chmod(0o755)


def test_a_program_on_path_is_taken_from_its_minimum_version_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    minimum = tools.FOUND["helm"].minimum
    _program(tmp_path, "helm", f"v{shown(minimum)}+g7877b45")
    assert tools.found("helm") == tmp_path / "helm"
    _program(tmp_path, "helm", f"v{minimum[0]}.{minimum[1] - 1}.9+g7877b45")
    assert tools.found("helm") is None
    _program(tmp_path, "helm", "what?")
    assert tools.found("helm") is None


def test_programs_of_the_node_image_are_never_taken_from_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    _program(tmp_path, "etcd", "etcd Version: 99.0.0")
    assert tools.found("etcd") is None


def test_every_module_is_locked_and_names_no_host_of_a_registry() -> None:
    for module in {tool.module for tool in tools.TOOLS.values()} - {"pause"}:
        lock = tools.MODULES / module
        assert (lock / "go.sum").stat().st_size > 0
        assert "https:" not in "".join((lock / name).read_text() for name in ("go.mod", "go.sum", "tools.go"))


def test_every_package_that_is_built_is_pinned_by_its_module() -> None:
    for tool in tools.TOOLS.values():
        if tool.module != "pause":
            pinned = re.findall(r'_ "(.+)"', (tools.MODULES / tool.module / "tools.go").read_text())
            assert tool.package in pinned


def test_kubernetes_and_its_parts_are_of_one_version() -> None:
    version = tools.module_version("kubernetes", "k8s.io/kubernetes")
    lock = (tools.MODULES / "kubernetes" / "go.mod").read_text()
    replaced = set(re.findall(r"^\tk8s\.io/\S+ => k8s\.io/\S+ (\S+)$", lock, re.MULTILINE))
    assert replaced == {version.replace("v1.", "v0.", 1)}
