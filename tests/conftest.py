"""Fixtures that several rooms share: the clusters. A tier that cannot run here is skipped with the reason."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, settings

from tests.cluster import kind
from tests.cluster.control_plane import ControlPlane
from tests.cluster.errors import MissingProgramError
from tests.cluster.seen import progress_is_seen

_SECONDS_ON_A_CLUSTER = 300

# How long an example takes says something about the machine, nothing about the code. A change is tried with few
# examples and often; the whole run (make test) tries many.
settings.register_profile("desk", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=50)
settings.register_profile("thorough", settings.get_profile("desk"), max_examples=200)
settings.load_profile("desk")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test's time limit is its own: what a cluster takes to come up, and to be built first, has limits there."""
    for item in items:
        of_a_tier = item.get_closest_marker("apiserver") or item.get_closest_marker("cluster")
        if of_a_tier and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(_SECONDS_ON_A_CLUSTER, func_only=True))


@pytest.fixture(scope="session")
def control_plane(request: pytest.FixtureRequest) -> Iterator[ControlPlane]:
    """A real API server with nothing of ours in it (tests install what they need and may leave it there)."""
    with ExitStack() as stack:
        try:
            with progress_is_seen(request.config):
                running = stack.enter_context(ControlPlane.start())
        except MissingProgramError as reason:
            pytest.skip(f"API server tier not run: {reason}")
        yield running


@pytest.fixture(scope="session")
def kind_cluster(request: pytest.FixtureRequest) -> Iterator[kind.Cluster]:
    """A real cluster with a node: the one that is up, and then it stays up, else one of our own for this session."""
    try:
        with progress_is_seen(request.config):
            found = kind.find()
            cluster = found or kind.up()
    except MissingProgramError as reason:
        pytest.skip(f"cluster tier not run: {reason}")
    try:
        yield cluster
    finally:
        if found is None:
            with progress_is_seen(request.config):
                kind.down()
