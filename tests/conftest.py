"""Fixtures that several rooms share: the clusters. A tier that cannot run here is skipped with the reason."""

from collections.abc import Iterator

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.errors import MissingProgramError


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """A real API server with nothing of ours in it (tests install what they need and may leave it there)."""
    try:
        with ControlPlane.start() as running:
            yield running
    except MissingProgramError as reason:
        pytest.skip(f"API server tier not run: {reason}")
