"""One installed desk for the whole tier, with an account for every bot that a test makes."""

from collections.abc import Iterator

import pytest

from tests.cluster import kind
from tests.cluster.seen import progress_is_seen
from tests.demo import desk as desks
from tests.demo.desk import Desk

ACCOUNTS = {
    "demo-key": "",
    "halt-key": "",
    "kill-key": "",
    "idle-key": "",
    "repair-key": "",
    "withdraw-key": ":withdraw",
    "hedge-key": ":hedge",
    "mended-key": "",
}


@pytest.fixture(scope="session")
def desk(kind_cluster: kind.Cluster, request: pytest.FixtureRequest) -> Iterator[Desk]:
    """The chart, installed; removed afterwards with every bot."""
    accounts = [part for key, trait in ACCOUNTS.items() for part in ("--account", f"{key}:secret:USDT=100000{trait}")]
    with progress_is_seen(request.config):
        installed = desks.install(kind_cluster, {"accounts": [_demo()], "extraArguments": accounts[2:]})
    yield installed
    installed.kubectl("delete", "tradingbots", "--all", "--timeout=60s")
    desks.uninstall(kind_cluster)


def _demo() -> dict[str, object]:
    return {"apiKey": "demo-key", "secret": "demo-secret", "balances": {"USDT": "100000"}}
