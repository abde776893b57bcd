"""The chart, rendered by a real Helm."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.commands import run
from tests.cluster.errors import MissingProgramError
from tests.cluster.tools import tool

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "desk"
RELEASE, NAMESPACE = "desk", "trading"

Object = dict[str, Any]


class Chart:
    """What `helm` makes of the chart with some values."""

    def __init__(self, helm: Path) -> None:
        self._helm = helm

    def helm(self, *arguments: str, values: Object | None = None) -> str:
        """Standard output of `helm`, given values; ClusterError with its words when it fails."""
        return run((self._helm, *arguments, "--values", "-"), given=json.dumps(values or {}), timeout_seconds=60)

    def lint(self, values: Object) -> str:
        return self.helm("lint", "--strict", str(CHART), values=values)

    def render(self, values: Object | None = None) -> dict[tuple[str, str], Object]:
        """All objects by kind and name."""
        # Helm takes the Kubernetes version from the cluster; without one it has to be told.
        options = ("--namespace", NAMESPACE, "--kube-version", "1.34.0")
        text = self.helm("template", RELEASE, str(CHART), *options, values=values)
        objects = [document for document in yaml.safe_load_all(text) if document is not None]
        return {(each["kind"], each["metadata"]["name"]): each for each in objects}


@pytest.fixture(scope="session")
def chart() -> Chart:
    try:
        return Chart(tool("helm"))
    except MissingProgramError as reason:
        pytest.skip(f"chart not rendered: {reason}")


def pod_templates(objects: dict[tuple[str, str], Object]) -> dict[str, Object]:
    """The pod templates of all Deployments, by name."""
    return {name: each["spec"]["template"] for (kind, name), each in objects.items() if kind == "Deployment"}
