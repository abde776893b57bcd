"""The operator's rights and the pods' manners, as a real API server judges them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from deskapi import load_bot
from deskoperator.resources.children import children
from deskoperator.resources.pod import JOURNAL_VOLUME, pod_template
from tests.api.bots import changed, example
from tests.api.crd import install_crd
from tests.chart.conftest import CHART, NAMESPACE, RELEASE, Chart, Object, pod_templates
from tests.cluster.commands import run, wait_until
from tests.cluster.control_plane import ControlPlane
from tests.cluster.errors import ClusterError
from tests.cluster.tools import tool
from tests.operator.desk import Operator, running

pytestmark = pytest.mark.apiserver

OTHER_NAMESPACE = "elsewhere"
OPERATOR = f"system:serviceaccount:{NAMESPACE}:desk-operator"
ACCESS = {"ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}


class Account:
    """What the API server lets one account do. `scope` is how the operator is told where its bots are."""

    def __init__(self, control_plane: ControlPlane, user: str, scope: tuple[str, ...]) -> None:
        self._control_plane = control_plane
        self._user = user
        self.scope = scope
        self.kubeconfig = control_plane.kubeconfig_for(user)

    def apply(self, manifest: Object) -> None:
        """A server-side apply."""
        options = ("--server-side", "--force-conflicts", "--field-manager=test", "--as", self._user)
        self._control_plane.kubectl("apply", *options, "-f", "-", given=json.dumps(manifest))

    def may(self, verb: str, resource: str, namespace: str = NAMESPACE) -> bool:
        """Whether the account has a right, as the API server itself says. A resource is written `GROUP:pods/exec`."""
        group, _, name = resource.rpartition(":")
        kind, _, subresource = name.partition("/")
        attributes = {
            "verb": verb,
            "group": group,
            "resource": kind,
            "subresource": subresource,
            "namespace": namespace,
        }
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {"user": self._user, "resourceAttributes": {**attributes, "namespace": namespace}},
        }
        answer = json.loads(self._control_plane.kubectl("create", "-o", "json", "-f", "-", given=json.dumps(review)))
        return bool(answer["status"]["allowed"])


@pytest.fixture(scope="module")
def server(control_plane: ControlPlane) -> Iterator[ControlPlane]:
    """The API server with the CRD and two namespaces that demand restricted pods."""
    install_crd(control_plane.kubectl)
    for namespace in (NAMESPACE, OTHER_NAMESPACE):
        control_plane.kubectl("create", "namespace", namespace)
        control_plane.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    yield control_plane
    for namespace in (NAMESPACE, OTHER_NAMESPACE):
        control_plane.kubectl("delete", "namespace", namespace)


@pytest.fixture(scope="module", params=[False, True], ids=["one namespace", "all namespaces"])
def operator(request: pytest.FixtureRequest, server: ControlPlane, chart: Chart) -> Iterator[Account]:
    """The operator's account with the rights that the chart gives it."""
    objects = chart.render({"watch": {"allNamespaces": request.param}})
    access = json.dumps(
        {"apiVersion": "v1", "kind": "List", "items": [o for (k, _), o in objects.items() if k in ACCESS]}
    )
    server.kubectl("apply", "-f", "-", given=access)
    yield Account(server, OPERATOR, ("--all-namespaces",) if request.param else ("--namespace", NAMESPACE))
    server.kubectl("delete", "--ignore-not-found", "-f", "-", given=access)


def _children(server: ControlPlane) -> list[Object]:
    """The children of a bot that exists: the garbage collector would remove those of one that does not."""
    given = json.dumps(example())
    created = server.kubectl("apply", "--namespace", NAMESPACE, "-o", "json", "-f", "-", given=given)
    bot = load_bot(json.loads(created))
    return list(children(bot.metadata, bot.spec, "desk-bot:0.1.0").values())


def test_the_operator_may_apply_every_child_of_a_bot(server: ControlPlane, operator: Account) -> None:
    for child in _children(server):
        operator.apply(child)


@pytest.mark.parametrize(
    ("verb", "resource"),
    [
        ("get", "secrets"),
        ("list", "secrets"),
        ("create", "pods"),
        ("create", "pods/exec"),
        ("patch", "tradingdesk.io:tradingbots"),
        ("delete", "tradingdesk.io:tradingbots"),
        ("create", "rbac.authorization.k8s.io:clusterroles"),
        ("escalate", "rbac.authorization.k8s.io:roles"),
        ("bind", "rbac.authorization.k8s.io:roles"),
        ("get", "nodes"),
    ],
)
def test_the_operator_may_not(operator: Account, verb: str, resource: str) -> None:
    assert not operator.may(verb, resource)


def test_the_operator_may_report_and_tell(operator: Account) -> None:
    assert operator.may("patch", "tradingdesk.io:tradingbots/status")
    assert operator.may("create", "events.k8s.io:events")


def test_the_operator_grants_no_more_than_it_holds(operator: Account) -> None:
    greedy = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "greedy", "namespace": NAMESPACE},
        "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}],
    }
    with pytest.raises(ClusterError, match="attempting to grant RBAC permissions not currently held"):
        operator.apply(greedy)


def test_one_namespace_means_no_other(operator: Account) -> None:
    assert operator.may("list", "tradingdesk.io:tradingbots", NAMESPACE)
    assert operator.may("list", "tradingdesk.io:tradingbots", OTHER_NAMESPACE) == ("--all-namespaces" in operator.scope)


def test_an_operator_with_these_rights_gives_a_bot_its_children_and_is_refused_nothing(
    server: ControlPlane, operator: Account, tmp_path: Path
) -> None:
    server.kubectl("apply", "--namespace", NAMESPACE, "-f", "-", given=json.dumps(changed({}, name="served")))
    process = Operator(operator.kubeconfig, tmp_path / "log", *operator.scope)
    with running(process):
        kinds = "statefulset,role,rolebinding,serviceaccount"
        wanted = ("get", kinds, "--namespace", NAMESPACE, "-o", "name")
        wait_until("the children exist", lambda: server.kubectl(*wanted).count("bot-served") == 4, timeout_seconds=30)
        reported = ("get", "tradingbot", "served", "--namespace", NAMESPACE, "-o", "jsonpath={.status.phase}")
        wait_until("the status is written", lambda: server.kubectl(*reported) == "Pending", timeout_seconds=30)
    server.kubectl("delete", "tradingbot", "served", "--namespace", NAMESPACE)
    assert "forbidden" not in process.log.read_text().lower()


def test_every_pod_passes_the_restricted_standard(server: ControlPlane, chart: Chart) -> None:
    loaded = load_bot(example())
    templates = pod_templates(chart.render({"simulator": {"enabled": True}}))
    templates["bot"] = pod_template(loaded.metadata, loaded.spec, "desk-bot:0.1.0")
    # The StatefulSet adds the journal's volume from its claim template.
    templates["bot"]["spec"]["volumes"].append({"name": JOURNAL_VOLUME, "emptyDir": {}})
    for name, template in templates.items():
        template["spec"].pop("serviceAccountName", None)
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": template["spec"]}
        server.kubectl("create", "--dry-run=server", "--namespace", NAMESPACE, "-f", "-", given=json.dumps(pod))


def test_a_release_is_installed_says_what_comes_next_and_leaves_the_crd(server: ControlPlane, chart: Chart) -> None:
    place = ("--kubeconfig", str(server.kubeconfig), "--namespace", NAMESPACE)
    take_over = ("--take-ownership",)  # the CRD is there already, from the other tests of this API server
    notes = chart.helm("install", RELEASE, str(CHART), *place, *take_over, values={"simulator": {"enabled": True}})
    assert "kubectl wait -n trading --for=condition=Ready tradingbot/bot1" in notes
    assert "exchange-simulator" in server.kubectl("get", "deployments", "--namespace", NAMESPACE, "-o", "name")
    server.kubectl("delete", "tradingbots", "--all", "--namespace", NAMESPACE)
    run((tool("helm"), "uninstall", RELEASE, *place))
    assert server.kubectl("get", "deployments", "--namespace", NAMESPACE, "-o", "name") == ""
    assert "tradingbots.tradingdesk.io" in server.kubectl("get", "crd", "-o", "name")
