"""A real API server that knows the TradingBot."""

import json
from typing import Any

import pytest

from deskapi import API_VERSION, KIND
from tests.api.crd import install_crd
from tests.cluster.control_plane import ControlPlane
from tests.cluster.errors import ClusterError
from tests.cluster.kubectl import Kubectl


class BotServer:
    """What people do with bots on an API server, as an administrator, through kubectl."""

    def __init__(self, kubectl: Kubectl) -> None:
        self.kubectl = kubectl

    def apply(self, bot: dict[str, Any], *options: str) -> dict[str, Any]:
        """Applies and gives back what the server made of it."""
        stored: dict[str, Any] = json.loads(
            self.kubectl("apply", "-f", "-", "-o", "json", *options, given=json.dumps(bot))
        )
        return stored

    def refusal(self, bot: dict[str, Any]) -> str:
        """The words with which the server refuses a bot."""
        with pytest.raises(ClusterError) as refused:
            self.apply(bot, "--dry-run=server")
        return str(refused.value)

    def patch(self, name: str, patch: dict[str, Any], *options: str) -> None:
        """A merge patch of the spec, or of the status with `--subresource=status`."""
        self.kubectl("patch", "tradingbot", name, "--type=merge", "-p", json.dumps(patch), *options)

    def patch_status(self, name: str, status: dict[str, Any] | None) -> None:
        """A merge patch of the status."""
        self.patch(name, {"status": status}, "--subresource=status")

    def apply_status(self, name: str, status: dict[str, Any], *, manager: str) -> None:
        """A server-side apply of a part of the status by its writer."""
        part = {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": name}, "status": status}
        options = ("--server-side", f"--field-manager={manager}", "--subresource=status")
        self.kubectl("apply", *options, "-f", "-", given=json.dumps(part))

    def get(self, name: str) -> dict[str, Any]:
        """The bot as the server has it."""
        bot: dict[str, Any] = json.loads(self.kubectl("get", "tradingbot", name, "-o", "json"))
        return bot


@pytest.fixture(scope="session")
def bot_server(control_plane: ControlPlane) -> BotServer:
    """The API server with the CRD."""
    install_crd(control_plane.kubectl)
    return BotServer(control_plane.kubectl)
