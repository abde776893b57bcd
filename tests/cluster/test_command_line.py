"""One clear line for whatever is wrong."""

from pathlib import Path

import pytest

from tests.cluster import tools
from tests.cluster.command_line import main


def test_an_unknown_program_is_answered_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tools", "kubectl", "horse"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert said[0].startswith("error: no such program: horse; there are actionlint, coredns, etcd")


def test_a_cluster_of_an_unknown_kind_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CLUSTER", "minikube")
    assert main(["status"]) == 1
    assert capsys.readouterr().err == "error: CLUSTER=minikube: must be kind (the default) or current\n"


def test_without_go_and_without_a_cache_it_says_what_is_needed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DESK_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    tools.forget()
    try:
        assert main(["tools", "etcd"]) == 1
    finally:
        tools.forget()
    assert capsys.readouterr().err == "error: Go 1.25.0 or newer is needed to build etcd: none is on PATH\n"
