"""The children, as they are built."""

from typing import Any

import pytest

from deskapi import TradingBotSpec, load_bot
from deskoperator.resources.children import children
from deskoperator.resources.kinds import CHILDREN, ROLE, ROLE_BINDING, SERVICE_ACCOUNT, STATEFUL_SET, Object
from deskoperator.resources.labels import DESIRED_HASH
from tests.operator.worlds import IMAGE, UID, bot_object


def built(image: str = IMAGE, **spec: Any) -> dict[Any, Object]:
    bot = load_bot(bot_object(**spec))
    return children(bot.metadata, bot.spec, image)


def pod_spec(image: str = IMAGE, **spec: Any) -> Object:
    found: Object = built(image, **spec)[STATEFUL_SET]["spec"]["template"]["spec"]
    return found


def test_every_child_is_named_after_the_bot_and_controlled_by_it() -> None:
    found = built()
    assert tuple(found) == CHILDREN
    for child in found.values():
        metadata = child["metadata"]
        assert (metadata["name"], metadata["namespace"]) == ("bot-bot1", "desk")
        assert metadata["labels"]["tradingdesk.io/bot"] == "bot1"
        [owner] = metadata["ownerReferences"]
        assert (owner["kind"], owner["name"], owner["uid"], owner["controller"]) == ("TradingBot", "bot1", UID, True)


def test_the_role_allows_the_bots_own_object_and_lease_and_nothing_else() -> None:
    names = {"apiGroups": ["tradingdesk.io"], "resourceNames": ["bot1"]}
    assert built()[ROLE]["rules"] == [
        {**names, "resources": ["tradingbots"], "verbs": ["get", "list", "watch"]},
        {**names, "resources": ["tradingbots/status"], "verbs": ["get", "patch"]},
        {**names, "apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get", "update", "patch"]},
    ]


def test_the_role_is_bound_to_the_bots_own_service_account() -> None:
    binding = built()[ROLE_BINDING]
    assert binding["roleRef"] == {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "bot-bot1"}
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "bot-bot1", "namespace": "desk"}]
    assert built()[SERVICE_ACCOUNT]["automountServiceAccountToken"] is False


def test_the_pod_meets_the_restricted_standard_with_a_read_only_root() -> None:
    pod = pod_spec()
    [container] = pod["containers"]
    assert pod["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "runAsGroup": 10001,
        "fsGroup": 10001,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["terminationGracePeriodSeconds"] == 15


def test_the_stateful_set_runs_one_pod_and_takes_its_journal_with_it() -> None:
    spec = built()[STATEFUL_SET]["spec"]
    assert (spec["replicas"], spec["podManagementPolicy"], spec["updateStrategy"]) == (
        1,
        "Parallel",
        {"type": "OnDelete"},
    )
    assert spec["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] == "Delete"
    [claim] = spec["volumeClaimTemplates"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "1Gi"
    assert "storageClassName" not in claim["spec"]


def test_the_command_tells_the_bot_its_object_journal_credentials_and_port() -> None:
    [container] = pod_spec()["containers"]
    assert container["command"] == ["desk"]
    assert " ".join(container["args"]) == (
        "run --object desk/bot1 --journal /journal/journal.sqlite --credentials /credentials --listen 0.0.0.0:8080"
    )
    assert [variable["name"] for variable in container["env"]] == ["POD_NAME", "POD_NAMESPACE", "POD_UID"]
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"


def test_the_secret_is_mounted_by_name_and_may_be_missing() -> None:
    volumes = {volume["name"]: volume for volume in pod_spec()["volumes"]}
    assert volumes["credentials"]["secret"] == {"secretName": "bot1-keys", "optional": True}


def test_a_bot_without_a_secret_mounts_none() -> None:
    pod = pod_spec(mode="DryRun", venue={"exchange": "bybit", "marketType": "Swap"})
    assert [volume["name"] for volume in pod["volumes"]] == ["tmp"]
    assert [mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]] == ["/journal", "/tmp"]  # noqa: S108


def test_placement_resources_storage_and_image_pass_through() -> None:
    toleration = {"key": "desk", "operator": "Exists", "effect": "NoSchedule"}
    term = {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}}
    chosen: dict[str, Any] = {
        "image": "registry.example/desk-bot:2",
        "resources": {"requests": {"cpu": "500m"}, "limits": {"memory": "1Gi"}},
        "nodeSelector": {"disk": "fast"},
        "tolerations": [toleration],
        "affinity": affinity,
        "storage": {"size": "2Gi", "storageClassName": "fast"},
    }
    pod = pod_spec(**chosen)
    assert pod["containers"][0]["image"] == "registry.example/desk-bot:2"
    assert pod["containers"][0]["resources"] == chosen["resources"]
    assert (pod["nodeSelector"], pod["tolerations"], pod["affinity"]) == ({"disk": "fast"}, [toleration], affinity)
    [claim] = built(**chosen)[STATEFUL_SET]["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "2Gi"
    assert claim["spec"]["storageClassName"] == "fast"


# What the bot reads from its own object while it runs. A field added to the spec belongs here, or changes the pod.
RUN_TIME_FIELDS: dict[str, Any] = {
    "halted": True,
    "paused": True,
    "acknowledgedHalt": "4edcb75a-1",
    "markets": ["ETH/USDT:USDT"],
    "strategies": [{"name": "simple-maker", "enabled": False, "params": {"levels": 9}}],
    "envelope": {"maxOrderNotional": "1", "maxPositionNotional": "2"},
    "killSwitch": {"deadManAfter": "10s"},
}
POD_FIELDS = {"mode", "venue", "image", "resources", "storage", "nodeSelector", "tolerations", "affinity"}


@pytest.mark.parametrize("field", RUN_TIME_FIELDS)
def test_what_the_bot_reads_while_it_runs_changes_no_child(field: str) -> None:
    assert built(**{field: RUN_TIME_FIELDS[field]}) == built()


def test_every_field_of_the_spec_is_known_to_change_the_pod_or_not() -> None:
    aliases = {field.alias for field in TradingBotSpec.model_fields.values()}
    assert aliases == set(RUN_TIME_FIELDS) | POD_FIELDS


def test_another_default_image_changes_only_the_stateful_set_and_its_hash() -> None:
    before, after = built("desk-bot:1"), built("desk-bot:2")
    changed = [kind for kind in CHILDREN if before[kind] != after[kind]]
    assert changed == [STATEFUL_SET]
    hashes = {each[STATEFUL_SET]["metadata"]["annotations"][DESIRED_HASH] for each in (before, after)}
    assert len(hashes) == 2
