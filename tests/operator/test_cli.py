"""The command line: one clear line for whoever starts the operator wrongly."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from deskoperator.cli import main


class _WithoutCrd(BaseHTTPRequestHandler):
    """An API server that knows no TradingBot."""

    def do_GET(self) -> None:
        body = json.dumps({"kind": "Status", "code": 404, "message": "the server could not find the resource"}).encode()
        self.send_response(404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Says nothing."""


@contextmanager
def server() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _WithoutCrd) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        try:
            yield listening.server_port
        finally:
            listening.shutdown()
            thread.join()


def kubeconfig(path: Path, port: int) -> Path:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    path.write_text(json.dumps(config))
    return path


def started(config: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    code = "from deskoperator.cli import main; raise SystemExit(main())"
    command = [sys.executable, "-W", "error", "-c", code, "run", *arguments]
    environment = {**os.environ, "KUBECONFIG": str(config)}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)


@pytest.mark.component
def test_without_a_way_to_a_cluster_it_says_how_to_give_one(tmp_path: Path) -> None:
    done = started(tmp_path / "missing", "--bot-image", "desk-bot:1")
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("desk-operator: no way to a cluster:")
    assert line.endswith("set KUBECONFIG, or run in a pod with a service account")


@pytest.mark.component
def test_a_cluster_without_the_crd_is_said_in_one_line(tmp_path: Path) -> None:
    with server() as port:
        done = started(kubeconfig(tmp_path / "config", port), "--bot-image", "desk-bot:1")
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line == (
        "desk-operator: the cluster does not know tradingbots of tradingdesk.io/v1alpha1: install the CRDs first, "
        "as the chart does"
    )


@pytest.mark.component
def test_an_api_server_that_does_not_answer_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        done = started(kubeconfig(tmp_path / "config", closed.getsockname()[1]), "--bot-image", "desk-bot:1")
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("desk-operator: no answer from the API server: Cannot connect to host 127.0.0.1")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "the following arguments are required: --bot-image"),
        (["--bot-image", "i", "--namespace", "a", "--all-namespaces"], "not allowed with argument --namespace"),
        (["--bot-image", "i", "--listen", "8080"], '"8080" is not HOST:PORT; write for example 0.0.0.0:8080'),
        (["--bot-image", "i", "--resync", "0"], '"0" is not a number of seconds above zero; write for example 300'),
        (["--bot-image", "i", "--resync", "5m"], '"5m" is not a number of seconds above zero'),
        (["--bot-image", "i", "--listen", "0.0.0.0:99999"], '"0.0.0.0:99999" is not HOST:PORT'),
    ],
)
def test_wrong_arguments_are_named(arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["run", *arguments])
    assert line in capsys.readouterr().err
