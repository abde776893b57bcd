"""The operator as a process beside the session's API server, once for each file of tests that asks for it."""

from collections.abc import Iterator

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.operator.desk import Api, Operator, allow_operator, running
from tests.operator.played import ready_api


@pytest.fixture(scope="module")
def api(control_plane: ControlPlane) -> Api:
    return ready_api(control_plane)


@pytest.fixture(scope="module")
def operator(api: Api, control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    log = tmp_path_factory.mktemp("operator") / "log"
    with running(Operator(allow_operator(control_plane), log, "--all-namespaces")) as started:
        yield started
