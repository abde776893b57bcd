"""What the chart renders, and which values it refuses."""

import argparse
import itertools
import re
from typing import Any

import pytest
import yaml

from deskapi.schema import DEFINITIONS, Definition
from deskbot.simulator import command as simulator
from deskoperator.cli.command import _parser as operator_parser
from tests.chart.conftest import NAMESPACE, ROOT, Chart, Object, pod_templates
from tests.cluster.errors import ClusterError
from tests.operator.desk import OWN_RIGHTS

pytestmark = pytest.mark.component

EVERYTHING: Object = {
    "watch": {"allNamespaces": True},
    "imagePullSecrets": [{"name": "registry"}],
    "operator": {
        "image": {"repository": "registry.example/desk/operator", "tag": "1.2.3", "pullPolicy": "Always"},
        "nodeSelector": {"role": "desk"},
        "tolerations": [{"operator": "Exists"}],
        "affinity": {"nodeAffinity": {}},
        "killPriorityClass": "system-cluster-critical",
    },
    "simulator": {
        "enabled": True,
        "dialect": "binance",
        "recordings": {"files": ["one.gz", "two.gz"], "hostPath": "/srv/recordings"},
        "speed": "2.5",
        "seed": 7,
        "extraArguments": ["--latency", "20"],
        "accounts": [
            {"apiKey": "a", "secret": "sa", "balances": {"USDT": "1000", "BTC": "0.5"}},
            {"apiKey": "b", "secret": "sb", "balances": {"USDT": "10"}},
        ],
        "nodeSelector": {"role": "desk"},
        "tolerations": [{"operator": "Exists"}],
    },
}
BOTH = pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["defaults", "everything"])


def _simulator_arguments(objects: dict[tuple[str, str], Object]) -> argparse.Namespace:
    """The simulator's arguments as its own parser reads them."""
    (container,) = pod_templates(objects)["exchange-simulator"]["spec"]["containers"]
    assert [*container["command"], container["args"][0]] == ["desk", "simulator"]
    parser = argparse.ArgumentParser()
    simulator.add_arguments(parser)
    return parser.parse_args(container["args"][1:])


def _operator_arguments(objects: dict[tuple[str, str], Object]) -> argparse.Namespace:
    (container,) = pod_templates(objects)["desk-operator"]["spec"]["containers"]
    assert container["command"] == ["desk-operator"]
    return operator_parser().parse_args(container["args"])


@BOTH
def test_helm_finds_nothing_to_complain_about(chart: Chart, values: Object) -> None:
    assert "0 chart(s) failed" in chart.lint(values)


def test_a_plain_install_brings_the_crds_and_an_operator_for_one_namespace(chart: Chart) -> None:
    assert sorted(chart.render()) == [
        ("CustomResourceDefinition", "riskpolicies.tradingdesk.io"),
        ("CustomResourceDefinition", "tradingbots.tradingdesk.io"),
        ("Deployment", "desk-operator"),
        ("Role", "desk-operator"),
        ("RoleBinding", "desk-operator"),
        ("Service", "desk-bots"),
        ("ServiceAccount", "desk-operator"),
        ("ValidatingAdmissionPolicy", "trading-desk-bots-report-only"),
        ("ValidatingAdmissionPolicy", "trading-desk-halts-acknowledged-by-people"),
        ("ValidatingAdmissionPolicy", "trading-desk-leases-of-bots"),
        ("ValidatingAdmissionPolicyBinding", "trading-desk-bots-report-only"),
        ("ValidatingAdmissionPolicyBinding", "trading-desk-halts-acknowledged-by-people"),
        ("ValidatingAdmissionPolicyBinding", "trading-desk-leases-of-bots"),
    ]


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda definition: definition.kind)
def test_the_crd_is_the_generated_one_and_outlives_the_release(chart: Chart, definition: Definition) -> None:
    crd = chart.render()["CustomResourceDefinition", f"{definition.plural}.tradingdesk.io"]
    assert crd["metadata"].pop("annotations") == {"helm.sh/resource-policy": "keep"}
    assert crd == yaml.safe_load((ROOT / "crds" / definition.file).read_text())


def test_a_user_without_rights_on_the_cluster_can_leave_its_objects_to_others(chart: Chart) -> None:
    objects = chart.render({"crds": {"install": False}, "admissionPolicies": {"install": False}})
    assert {each["metadata"].get("namespace") for each in objects.values()} == {NAMESPACE}


@BOTH
def test_the_operator_reads_no_secret_and_holds_no_wildcard(chart: Chart, values: Object) -> None:
    rules = [
        rule
        for (kind, _), each in chart.render(values).items()
        if kind in {"Role", "ClusterRole"}
        for rule in each["rules"]
    ]
    words = {word for rule in rules for part in ("apiGroups", "resources", "verbs") for word in rule[part]}
    assert rules
    assert not words & {"*", "secrets", "pods/exec", "nodes", "escalate", "bind", "impersonate"}


def test_the_rights_are_the_same_for_one_namespace_and_for_all(chart: Chart) -> None:
    one = chart.render()["Role", "desk-operator"]["rules"]
    assert chart.render(EVERYTHING)["ClusterRole", f"{NAMESPACE}-desk-operator"]["rules"] == one


def test_the_rights_are_those_with_which_the_operator_is_tested(chart: Chart) -> None:
    def flat(rules: list[Object]) -> set[tuple[str, str, str]]:
        parts = ("apiGroups", "resources", "verbs")
        return {right for rule in rules for right in itertools.product(*(rule[part] for part in parts))}

    assert flat(chart.render()["Role", "desk-operator"]["rules"]) == flat(OWN_RIGHTS)


@BOTH
def test_every_container_is_shut_in(chart: Chart, values: Object) -> None:
    templates = pod_templates(chart.render(values))
    for template in templates.values():
        pod = template["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert {"livenessProbe", "readinessProbe", "startupProbe"} <= container.keys()
            assert "memory" in container["resources"]["limits"]


def test_only_the_operator_gets_a_token(chart: Chart) -> None:
    objects = chart.render(EVERYTHING)
    tokens = {name: each["spec"]["automountServiceAccountToken"] for name, each in pod_templates(objects).items()}
    assert tokens == {"desk-operator": True, "exchange-simulator": False}


def test_the_operator_understands_its_arguments(chart: Chart) -> None:
    plain = _operator_arguments(chart.render())
    assert (plain.bot_image, plain.namespace, plain.all_namespaces) == ("desk-bot:0.1.0", NAMESPACE, False)
    elsewhere = _operator_arguments(chart.render({"watch": {"namespace": "elsewhere"}}))
    assert elsewhere.namespace == "elsewhere"
    assert _operator_arguments(chart.render(EVERYTHING)).all_namespaces is True


def test_the_simulator_understands_its_arguments(chart: Chart) -> None:
    objects = chart.render(EVERYTHING)
    given = _simulator_arguments(objects)
    assert given.listen == ("0.0.0.0", 8080)  # noqa: S104 in a pod of its own
    assert (given.dialect, given.speed, given.seed, given.latency) == ("binance", 2.5, 7, 20)
    assert [str(path) for path in given.recording] == ["/recordings/one.gz", "/recordings/two.gz"]
    accounts = objects["Secret", "exchange-simulator-accounts"]["stringData"]["accounts"]
    options = simulator.read_options(given, accounts)
    assert [(each.key, each.secret, {c: str(a) for c, a in each.balances.items()}) for each in options.accounts] == [
        ("a", "sa", {"BTC": "0.5", "USDT": "1000"}),
        ("b", "sb", {"USDT": "10"}),
    ]


def test_a_simulator_without_recordings_has_the_demo_account_and_a_synthetic_market(chart: Chart) -> None:
    objects = chart.render({"simulator": {"enabled": True}})
    accounts = objects["Secret", "exchange-simulator-accounts"]["stringData"]["accounts"]
    given = _simulator_arguments(objects)
    options = simulator.read_options(given, accounts)
    assert given.dialect == "bybit"
    example = (ROOT / "examples" / "bot.yaml").read_text()
    assert options.recordings == ()
    assert all(f"apiKey: {each.key}" in example and f"secret: {each.secret}" in example for each in options.accounts)
    assert "http://exchange-simulator:8080" in example
    assert objects["Service", "exchange-simulator"]["spec"]["ports"][0]["port"] == 8080


@pytest.mark.parametrize(
    ("place", "volume"),
    [
        ({"hostPath": "/srv"}, {"hostPath": {"path": "/srv", "type": "Directory"}}),
        ({"existingClaim": "tapes"}, {"persistentVolumeClaim": {"claimName": "tapes", "readOnly": True}}),
        ({"configMap": "tapes"}, {"configMap": {"name": "tapes"}}),
    ],
)
def test_recordings_come_from_a_directory_a_claim_or_a_config_map(chart: Chart, place: Object, volume: Object) -> None:
    objects = chart.render({"simulator": {"enabled": True, "recordings": {"files": ["one.gz"], **place}}})
    volumes = pod_templates(objects)["exchange-simulator"]["spec"]["volumes"]
    assert {"name": "recordings", **volume} in volumes


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"simulater": {}}, "additional properties 'simulater' not allowed"),
        ({"operator": {"replicas": 3}}, "additional properties 'replicas' not allowed"),
        ({"crds": {"install": "yes"}}, "at '/crds/install': got string, want boolean"),
        ({"watch": {"namespace": "Trading"}}, "at '/watch/namespace': 'Trading' does not match pattern"),
        ({"operator": {"image": {"pullPolicy": "Sometimes"}}}, "at '/operator/image/pullPolicy': value must be one of"),
        ({"simulator": {"speed": "fast"}}, "at '/simulator/speed': 'fast' does not match pattern"),
        ({"simulator": {"seed": -1}}, "at '/simulator/seed': minimum: got -1, want 0"),
        ({"simulator": {"recordings": {"files": ["one.gz"]}}}, "at '/simulator/recordings/hostPath': minLength"),
        ({"simulator": {"recordings": {"files": ["../etc"]}}}, "at '/simulator/recordings/files/0'"),
        ({"simulator": {"accounts": []}}, "at '/simulator/accounts': minItems: got 0, want 1"),
        (
            {"simulator": {"accounts": [{"apiKey": "a:b", "secret": "s", "balances": {"USDT": "1"}}]}},
            "at '/simulator/accounts/0/apiKey': 'a:b' does not match pattern",
        ),
        (
            {"simulator": {"accounts": [{"apiKey": "a", "secret": "s", "balances": {"USDT": 1}}]}},
            "at '/simulator/accounts/0/balances/USDT': got number, want string",
        ),
    ],
)
def test_a_wrong_value_is_refused_with_its_place(chart: Chart, values: dict[str, Any], words: str) -> None:
    with pytest.raises(ClusterError, match=re.escape(words)):
        chart.render(values)
