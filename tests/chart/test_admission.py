"""The admission policies: who may report, hold a Lease and acknowledge a halt; on a real API server."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from deskapi import API_VERSION, KIND
from tests.api.bots import changed
from tests.api.crd import install_crd
from tests.chart.conftest import NAMESPACE, Chart
from tests.cluster.commands import wait_until
from tests.cluster.control_plane import ControlPlane
from tests.cluster.errors import ClusterError

pytestmark = pytest.mark.apiserver

BOT_ACCOUNT = f"system:serviceaccount:{NAMESPACE}:bot-guarded"
OPERATOR = f"system:serviceaccount:{NAMESPACE}:desk-operator"
ADMINISTRATORS = "system:masters"
POLICIES = {"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}
LATCH = {"state": "Latched", "id": "89e5efad-1763718000123"}
JUDGED: dict[str, Any] = {
    "admitted": {"uid": "u", "generation": 1, "specHash": "0" * 64},
    "effectiveEnvelope": {"maxOrderNotional": "10"},
    "policies": [{"name": "alpha"}],
}
READY = {"type": "Ready", "status": "True", "reason": "Running", "lastTransitionTime": "2026-11-21T09:00:00Z"}


_HERE = ("--namespace", NAMESPACE)


def _rights(group: str, *verbs: str) -> dict[str, Any]:
    """A Role with these verbs on the bots of the namespace, bound to a group of its name."""
    metadata = {"name": group, "namespace": NAMESPACE}
    rbac = "rbac.authorization.k8s.io"
    rules = [{"apiGroups": ["tradingdesk.io"], "resources": ["tradingbots"], "verbs": list(verbs)}]
    subjects = [{"apiGroup": rbac, "kind": "Group", "name": group}]
    binding = {"roleRef": {"apiGroup": rbac, "kind": "Role", "name": group}, "subjects": subjects}
    role = {"apiVersion": f"{rbac}/v1", "kind": "Role", "metadata": metadata, "rules": rules}
    bound = {"apiVersion": f"{rbac}/v1", "kind": "RoleBinding", "metadata": metadata, **binding}
    return {"apiVersion": "v1", "kind": "List", "items": [role, bound]}


ROLES = [_rights("editors", "get", "patch"), _rights("risk", "get", "patch", "acknowledge")]


class Guarded:
    """An API server with the policy in force, and a latched bot `guarded` in one namespace and `other` beside it."""

    def __init__(self, control_plane: ControlPlane) -> None:
        self.kubectl = control_plane.kubectl

    def report(self, status: dict[str, Any], account: str, bot: str = "guarded") -> None:
        """A server-side apply of the status by an account. RBAC lets it do everything: only the policy stops it."""
        part = {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": bot, "namespace": NAMESPACE}}
        options = ("--server-side", "--force-conflicts", f"--field-manager={account.rpartition(':')[2]}")
        identity = ("--as", account, "--as-group", "system:masters")
        given = json.dumps({**part, "status": status})
        self.kubectl("apply", *options, *identity, "--subresource=status", "-f", "-", given=given)

    def hold(self, account: str, **changes: Any) -> None:
        """A merge patch of the Lease by an account that RBAC allows everything."""
        identity = ("--as", account, "--as-group", "system:masters")
        self.kubectl("patch", "lease", "guarded", *_HERE, *identity, "--type=merge", "-p", json.dumps(changes))

    def acknowledge(self, halt: str | None, user: str, *groups: str) -> None:
        """A merge patch of the spec that changes nothing, by a user with the rights of these groups."""
        identity = ("--as", user, *(part for group in groups for part in ("--as-group", group)))
        patch = json.dumps({"spec": {"acknowledgedHalt": halt}})
        self.kubectl("patch", "tradingbot", "guarded", *_HERE, *identity, "--type=merge", "-p", patch)

    def delete_lease(self, account: str) -> None:
        identity = ("--as", account, "--as-group", "system:masters")
        self.kubectl("delete", "lease", "guarded", *_HERE, *identity, "--dry-run=server")

    def acknowledgements_are_guarded(self) -> bool:
        try:
            self.acknowledge("89e5efad-1", OPERATOR, ADMINISTRATORS)
        except ClusterError:
            return True
        self.acknowledge(None, OPERATOR, ADMINISTRATORS)
        return False

    def leases_are_guarded(self) -> bool:
        try:
            self.hold(OPERATOR, spec={"holderIdentity": "pod-9"})
        except ClusterError:
            return True
        return False

    def is_in_force(self) -> bool:
        """A policy takes effect about a second after it was created."""
        try:
            self.report({"engine": {"state": "Running"}}, BOT_ACCOUNT, bot="other")
        except ClusterError as error:
            return "a bot reports in its own TradingBot only" in str(error)
        return False


@pytest.fixture(scope="module")
def guarded(control_plane: ControlPlane, chart: Chart) -> Iterator[Guarded]:
    kubectl = control_plane.kubectl
    install_crd(kubectl)
    kubectl("create", "namespace", NAMESPACE)
    for name in ("guarded", "other"):
        kubectl("apply", "--namespace", NAMESPACE, "-f", "-", given=json.dumps(changed({}, name=name)))
    server = Guarded(control_plane)
    server.report({"killSwitch": LATCH, "conditions": [READY], "phase": "Halting", **JUDGED}, OPERATOR)
    policies = [each for (kind, _), each in chart.render().items() if kind in POLICIES]
    given = json.dumps({"apiVersion": "v1", "kind": "List", "items": policies})
    kubectl("apply", "-f", "-", given=given)
    labelled = {"name": "guarded", "namespace": NAMESPACE, "labels": {"tradingdesk.io/bot": "guarded"}}
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": labelled}
    kubectl("apply", "-f", "-", given=json.dumps(lease))
    wait_until("the admission policy is in force", server.is_in_force, timeout_seconds=30)
    wait_until("the policy of Leases is in force", server.leases_are_guarded, timeout_seconds=30)
    wait_until("the policy of halts is in force", server.acknowledgements_are_guarded, timeout_seconds=30)
    for rights in ROLES:
        kubectl("apply", "-f", "-", given=json.dumps(rights))
    yield server
    kubectl("delete", "-f", "-", given=given)
    kubectl("delete", "namespace", NAMESPACE)


def test_a_bot_reports_its_engine(guarded: Guarded) -> None:
    guarded.report({"engine": {"state": "Halting", "openOrders": 0}}, BOT_ACCOUNT)


@pytest.mark.control("S4.6")
@pytest.mark.parametrize(
    ("status", "words"),
    [
        ({"killSwitch": {**LATCH, "id": "89e5efad-1763718000999"}}, r"status\.killSwitch belongs to the operator"),
        ({"killSwitch": {**LATCH, "state": "Confirmed"}}, r"status\.killSwitch belongs to the operator"),
        ({"conditions": [{**READY, "status": "False"}]}, r"status\.conditions belong to the operator"),
        ({"admitted": {**JUDGED["admitted"], "generation": 2}}, "what was judged"),
        ({"effectiveEnvelope": {"maxOrderNotional": "1000"}}, "what was judged"),
        ({"policies": [{"name": "alpha", "generation": 2}]}, "what was judged"),
        ({"phase": "Halted"}, "the rest of the status belongs to the operator"),
        ({"observedGeneration": 99}, "the rest of the status belongs to the operator"),
    ],
    ids=[
        "another latch",
        "a confirmed latch",
        "a condition",
        "another spec admitted",
        "a looser envelope",
        "a policy",
        "the phase",
        "the observed generation",
    ],
)
def test_a_bot_writes_nothing_else(guarded: Guarded, status: dict[str, Any], words: str) -> None:
    with pytest.raises(ClusterError, match=words):
        guarded.report({"engine": {"state": "Running"}, **status}, BOT_ACCOUNT)


@pytest.mark.control("S4.6")
def test_a_bot_does_not_report_for_another(guarded: Guarded) -> None:
    with pytest.raises(ClusterError, match="a bot reports in its own TradingBot only"):
        guarded.report({"engine": {"state": "Running"}}, BOT_ACCOUNT, bot="other")


def test_the_operator_writes_the_rest(guarded: Guarded) -> None:
    rest = {"conditions": [READY], "phase": "Halted", **JUDGED}
    guarded.report({"killSwitch": {**LATCH, "state": "Confirmed"}, **rest}, OPERATOR)


@pytest.mark.control("S1.2")
def test_s1_only_the_bots_own_pod_writes_its_lease(guarded: Guarded) -> None:
    mark = {"annotations": {"tradingdesk.io/released": "true"}}
    guarded.hold(BOT_ACCOUNT, spec={"holderIdentity": "pod-1"})
    guarded.hold(BOT_ACCOUNT, spec={"holderIdentity": ""}, metadata=mark)
    for account in (OPERATOR, "somebody", f"system:serviceaccount:{NAMESPACE}:bot-other"):
        for changes in (
            {"spec": {"holderIdentity": "pod-2"}},
            {"spec": None},
            {"metadata": {"annotations": {"tradingdesk.io/released": None}}},
            {"metadata": {"annotations": {"tradingdesk.io/proven": "true"}}},
            {"metadata": {"labels": {"tradingdesk.io/bot": None}}},
        ):
            with pytest.raises(ClusterError, match="the Lease of a bot is written by the bot's own pod"):
                guarded.hold(account, **changes)
    guarded.hold("somebody", metadata={"annotations": {"team": "alpha"}})
    guarded.hold(OPERATOR, metadata={"annotations": {"tradingdesk.io/venue-scope": "{}"}})


@pytest.mark.control("S6.4")
def test_s6_no_program_but_the_operator_removes_a_lease(guarded: Guarded) -> None:
    guarded.delete_lease(OPERATOR)
    guarded.delete_lease("somebody")
    for account in (BOT_ACCOUNT, "system:serviceaccount:argocd:argocd-application-controller"):
        with pytest.raises(ClusterError, match="the Lease of a bot is removed by the operator"):
            guarded.delete_lease(account)


@pytest.mark.control("S4.5")
@pytest.mark.parametrize(
    "account", [OPERATOR, BOT_ACCOUNT, "system:serviceaccount:argocd:argocd-application-controller"]
)
def test_s4_no_service_account_acknowledges_a_halt_and_each_may_empty_it(guarded: Guarded, account: str) -> None:
    with pytest.raises(ClusterError, match="a halt is acknowledged by a person"):
        guarded.acknowledge(LATCH["id"], account, ADMINISTRATORS)
    guarded.acknowledge("", account, ADMINISTRATORS)
    guarded.acknowledge(None, account, ADMINISTRATORS)


@pytest.mark.control("S4.5")
def test_s4_a_person_needs_the_verb_to_acknowledge_and_not_to_edit(guarded: Guarded) -> None:
    with pytest.raises(ClusterError, match="takes the verb acknowledge"):
        guarded.acknowledge(LATCH["id"], "erin", "editors")
    guarded.acknowledge(None, "erin", "editors")
    guarded.acknowledge(LATCH["id"], "rosa", "risk")
    guarded.acknowledge(None, "erin", "editors")


@pytest.mark.parametrize("policy", ["bots-report-only", "leases-of-bots", "halts-acknowledged-by-people"])
def test_the_policy_is_sound_for_the_api_server(guarded: Guarded, policy: str) -> None:
    name = ("get", "validatingadmissionpolicy", f"{NAMESPACE}-desk-{policy}", "-o", "json")
    status: dict[str, Any] = {}

    def checked() -> bool:
        status.update(json.loads(guarded.kubectl(*name)).get("status", {}))
        return "observedGeneration" in status

    wait_until("the API server has checked the policy's expressions", checked, timeout_seconds=30)
    assert status["typeChecking"].get("expressionWarnings", []) == []
