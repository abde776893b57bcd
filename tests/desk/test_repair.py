"""Children that are deleted or edited come back as they should be."""

import json

import pytest

from tests.demo.desk import Desk, eventually
from tests.desk import bots

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

CHILDREN = ("statefulset", "role", "rolebinding", "serviceaccount")


def test_every_deleted_child_comes_back_and_the_bot_trades_on(desk: Desk) -> None:
    with bots.applied(desk, "repair", "repair-key"):
        bots.ready(desk, "repair")
        for kind in CHILDREN:
            before = _uid(desk, kind)
            desk.kubectl("delete", kind, "bot-repair", "--wait=false")
            eventually(f"the {kind} is back", lambda: _uid(desk, kind) not in ("", before), seconds=60)  # noqa: B023
        bots.ready(desk, "repair", seconds=90)


def test_an_edited_child_is_corrected_and_a_second_reconcile_writes_nothing(desk: Desk) -> None:
    with bots.applied(desk, "repair", "repair-key"):
        bots.ready(desk, "repair")
        desk.kubectl("scale", "statefulset", "bot-repair", "--replicas=2")
        eventually("one replica is asked for again", lambda: _get(desk, "statefulset")["spec"]["replicas"] == 1)
        bots.ready(desk, "repair")
        versions = [_get(desk, kind)["metadata"]["generation"] for kind in ("statefulset",)]
        desk.kubectl("annotate", "tradingbot", "repair", "tests.desk/touched=yes")
        bots.ready(desk, "repair")
        assert versions == [_get(desk, kind)["metadata"]["generation"] for kind in ("statefulset",)]


def _get(desk: Desk, kind: str) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = json.loads(desk.kubectl("get", kind, "bot-repair", "--output", "json"))
    return found


def _uid(desk: Desk, kind: str) -> str:
    path = "jsonpath={.metadata.uid}"
    return desk.kubectl("get", kind, "bot-repair", "--ignore-not-found", "--output", path).strip()
