"""Whether a spec may run, inside which envelope, and what policies have to do with it."""

from dataclasses import replace
from typing import Any

import pytest

from deskapi import spec_hash
from deskoperator.plan.actions import Happening
from deskoperator.plan.admission import judge
from deskoperator.plan.bot import read_bot
from deskoperator.plan.policies import Policy, read_policy, scope_of
from deskoperator.plan.world import World
from deskoperator.resources.kinds import ROLE, STATEFUL_SET, Object
from tests.operator.worlds import (
    ACCOUNT,
    IMAGE,
    NOW,
    UID,
    Scene,
    bot_object,
    engine,
    halt,
    pod_object,
    policy_object,
    scene,
    with_status,
)

OWN = {"maxOrderNotional": "250", "maxPositionNotional": "1000"}
REST = {"maxOpenOrders": 20, "ordersPerSecond": 5, "priceCollar": "5%", "maxDataAge": "5s", "maxControlAge": "30s"}


def policies(*objects: Object) -> tuple[Policy, ...]:
    return tuple(map(read_policy, objects))


def labelled(obj: Object, **labels: str) -> Object:
    return {**obj, "metadata": {**obj["metadata"], "labels": labels}}


def edited(obj: Object, generation: int, **spec: Any) -> Object:
    """The same object after an edit of its spec."""
    return {**obj, "metadata": {**obj["metadata"], "generation": generation}, "spec": {**obj["spec"], **spec}}


def running(*given: Object, labels: dict[str, str] | None = None, **spec: Any) -> Scene:
    """A bot that was admitted under policies, got its children and reports that it runs."""
    obj = with_status(bot_object(**spec), engine=engine(accountId=ACCOUNT))
    return scene(labelled(obj, **(labels or {})), pod=pod_object(), policies=policies(*given)).settled()


def then(before: Scene, *given: Object, obj: Object | None = None) -> Scene:
    """The same bot, or what became of it, under other policies, when all is written."""
    world = replace(before.world, policies=policies(*given))
    return Scene(obj or before.obj, world, before.now).settled()


def status(found: Scene) -> Object:
    return dict(found.obj["status"])


ALLOWED = {
    "modes": ["DryRun", "Testnet"],
    "exchanges": ["bybit", "binance"],
    "markets": ["BTC/USDT:USDT", "ETH/USDT:USDT"],
    "strategies": ["simple-maker", "another"],
}
REFUSALS = [
    ({"modes": ["DryRun"]}, "ModeNotAllowed", "the mode Testnet; it allows DryRun"),
    ({"exchanges": ["binance"]}, "ExchangeNotAllowed", "the exchange bybit; it allows binance"),
    ({"markets": ["ETH/USDT:USDT"]}, "MarketNotAllowed", "the market BTC/USDT:USDT; it allows ETH/USDT:USDT"),
    ({"strategies": ["another"]}, "StrategyNotAllowed", "the strategy simple-maker; it allows another"),
]


def test_s3_a_bot_under_no_policy_is_admitted_inside_its_own_envelope() -> None:
    found = running()
    assert status(found)["admitted"] == {
        "uid": UID,
        "generation": 1,
        "specHash": spec_hash(found.obj["spec"]),
        "accountId": ACCOUNT,
    }
    assert status(found)["effectiveEnvelope"] == {**OWN, **REST}
    assert status(found)["policies"] == []
    assert Scene(bot_object(), World(IMAGE, policies=())).plan().admission_events == ()
    assert found.conditions()["Admitted"] == ("True", "Allowed")


@pytest.mark.control("S7.1")
def test_s7_ceilings_of_every_policy_in_scope_narrow_the_envelope_and_the_status_says_which_set_what() -> None:
    alpha = policy_object("alpha", 3, ceilings={"maxOrderNotional": "100", "maxOpenOrders": 50})
    beta = policy_object("beta", 7, ceilings={"maxOrderNotional": "80", "priceCollar": "1%"})
    gamma = policy_object("gamma", 1, selector={"matchLabels": {"desk": "other"}}, ceilings={"maxOpenOrders": 1})
    found = running(gamma, beta, alpha)
    assert status(found)["effectiveEnvelope"] == {**OWN, **REST, "maxOrderNotional": "80", "priceCollar": "1%"}
    assert status(found)["policies"] == [
        {"name": "alpha", "generation": 3, "sets": []},
        {"name": "beta", "generation": 7, "sets": ["maxOrderNotional", "priceCollar"]},
    ]
    assert found.conditions()["Admitted"] == ("True", "Allowed")


@pytest.mark.parametrize("allowed", [None, {}, ALLOWED], ids=["nothing said", "empty", "lists with all of it"])
def test_s3_what_every_policy_allows_is_admitted(allowed: Object | None) -> None:
    given = policy_object() if allowed is None else policy_object(allowed=allowed)
    assert running(given).conditions()["Admitted"] == ("True", "Allowed")


@pytest.mark.control("S3.6")
@pytest.mark.parametrize(("allowed", "reason", "words"), REFUSALS, ids=[reason for _, reason, _ in REFUSALS])
def test_s3_a_bot_that_never_ran_and_is_not_allowed_gets_no_pod(allowed: Object, reason: str, words: str) -> None:
    first = Scene(bot_object(), World(IMAGE, policies=policies(policy_object(allowed={**ALLOWED, **allowed}))))
    assert first.plan().applies == ()
    refused = first.settled()
    assert "admitted" not in status(refused)
    conditions = refused.conditions()
    assert (conditions["Admitted"], conditions["Stalled"]) == (("False", reason), ("True", reason))
    assert (conditions["Ready"], status(refused)["phase"]) == (("False", reason), "Stalled")
    messages = {each["type"]: each["message"] for each in status(refused)["conditions"]}
    assert messages["Admitted"] == f"RiskPolicy alpha does not allow {words}"
    assert [each.happening for each in first.plan().status_events] == [Happening.STALLED]


@pytest.mark.control("S3.6")
@pytest.mark.parametrize(("allowed", "reason", "_words"), REFUSALS, ids=[reason for _, reason, _ in REFUSALS])
def test_s3_a_bot_that_ran_keeps_its_pod_and_is_no_longer_admitted(allowed: Object, reason: str, _words: str) -> None:
    refused = then(running(), policy_object(allowed=allowed))
    assert "admitted" not in status(refused)
    assert status(refused)["effectiveEnvelope"] == {**OWN, **REST}
    assert refused.conditions()["Admitted"] == ("False", reason)
    assert refused.world.pod_object is not None
    assert STATEFUL_SET in refused.world.children


@pytest.mark.control("R6-15h")
def test_s3_a_market_that_any_policy_refuses_is_refused_and_the_first_one_by_name_says_so() -> None:
    wide, narrow = (
        policy_object("alpha", allowed={"markets": ["BTC/USDT:USDT"]}),
        policy_object("beta", allowed=ALLOWED),
    )
    both = then(running(narrow), narrow, wide, obj=None)
    assert both.conditions()["Admitted"] == ("True", "Allowed")
    edited_bot = edited(both.obj, 2, markets=["BTC/USDT:USDT", "ETH/USDT:USDT"])
    refused = then(both, narrow, wide, obj=edited_bot)
    [message] = [each["message"] for each in status(refused)["conditions"] if each["type"] == "Admitted"]
    assert message == "RiskPolicy alpha does not allow the market ETH/USDT:USDT; it allows BTC/USDT:USDT"


def test_s3_a_spec_that_cannot_be_read_is_not_admitted() -> None:
    before = running()
    unreadable = edited(before.obj, 2, colour="green")
    refused = then(before, obj=unreadable)
    assert "admitted" not in status(refused)
    assert status(refused)["effectiveEnvelope"] == {**OWN, **REST}
    assert refused.conditions()["Admitted"] == ("False", "SpecInvalid")


def test_s8_a_spec_that_was_judged_and_is_shown_with_a_newer_versions_fields_stays_admitted() -> None:
    before = running(CEILING, labels={"desk": "alpha"})
    shown = {**before.obj, "spec": {**before.obj["spec"], "colour": "green"}}
    same = then(before, CEILING, obj=shown)
    assert status(same)["admitted"] == status(before)["admitted"]
    assert status(same)["effectiveEnvelope"] == status(before)["effectiveEnvelope"]
    assert same.conditions()["Admitted"] == ("True", "SpecInvalid")
    tightened = {**CEILING, "metadata": {**CEILING["metadata"], "generation": 2}}
    assert then(before, tightened, obj=shown).conditions()["Admitted"] == ("False", "SpecInvalid")
    assert then(before, obj=shown).conditions()["Admitted"][0] == "False"


def test_s3_an_edit_that_is_allowed_is_admitted_with_its_generation() -> None:
    before = running(policy_object(allowed=ALLOWED))
    after = then(before, policy_object(allowed=ALLOWED), obj=edited(before.obj, 2, markets=["ETH/USDT:USDT"]))
    assert (status(after)["admitted"]["generation"], after.conditions()["Admitted"]) == (2, ("True", "Allowed"))


def test_s3_the_template_of_a_spec_that_is_not_admitted_is_not_written_and_its_other_children_are_repaired() -> None:
    before = running()
    children = {kind: child for kind, child in before.world.children.items() if kind != ROLE}
    obj = edited(before.obj, 2, image="desk-bot:2")
    refused = policies(policy_object(allowed={"modes": ["DryRun"]}))
    world = replace(before.world, children=children, policies=refused)
    applied = [apply.kind for apply in Scene(obj, world, NOW).plan().applies]
    assert applied == [ROLE]
    allowed = Scene(obj, replace(before.world, children=children, policies=()), NOW).plan()
    assert [apply.kind for apply in allowed.applies] == [ROLE, STATEFUL_SET]


def test_s3_a_refused_edit_cannot_loosen_the_envelope_in_force() -> None:
    before = running(policy_object(allowed=ALLOWED))
    wider = {"maxOrderNotional": "9999", "maxPositionNotional": "10"}
    refused = then(
        before, policy_object(allowed=ALLOWED), obj=edited(before.obj, 2, envelope=wider, markets=["SOL/USDT:USDT"])
    )
    assert status(refused)["effectiveEnvelope"] == {**REST, "maxOrderNotional": "250", "maxPositionNotional": "10"}


# a policy that is lost


CEILING = policy_object(selector={"matchLabels": {"desk": "alpha"}}, ceilings={"maxOrderNotional": "100"})


@pytest.mark.control("S7.2")
@pytest.mark.parametrize("how", ["relabelled", "deleted", "another selector"])
def test_s7_a_policy_that_no_longer_selects_the_bot_is_lost_and_its_envelope_stays(how: str) -> None:
    before = running(CEILING, labels={"desk": "alpha"})
    left: tuple[Object, ...] = (CEILING,)
    obj = before.obj
    if how == "relabelled":
        obj = labelled(before.obj, desk="beta")
    elif how == "deleted":
        left = ()
    else:
        left = (policy_object(generation=2, selector={"matchLabels": {"desk": "gamma"}}),)
    lost = then(before, *left, obj=obj)
    assert lost.conditions()["Admitted"] == ("False", "PolicyLost")
    assert "admitted" not in status(lost)
    assert status(lost)["effectiveEnvelope"]["maxOrderNotional"] == "100"
    assert [each["name"] for each in status(lost)["policies"]] == ["alpha"]
    assert lost.plan().writes_nothing
    back = then(lost, CEILING, obj=labelled(lost.obj, desk="alpha"))
    assert back.conditions()["Admitted"] == ("True", "Allowed")


@pytest.mark.control("S7.2")
def test_s7_a_lost_policy_with_a_new_one_in_its_place_is_still_lost() -> None:
    before = running(policy_object("alpha", ceilings={"maxOrderNotional": "100"}))
    lost = then(before, policy_object("beta", ceilings={"maxOpenOrders": 3}))
    assert lost.conditions()["Admitted"] == ("False", "PolicyLost")
    effective = status(lost)["effectiveEnvelope"]
    assert (effective["maxOrderNotional"], effective["maxOpenOrders"]) == ("100", 3)
    assert [each["name"] for each in status(lost)["policies"]] == ["alpha", "beta"]


# policies that change, and policies that nobody can read


def test_s7_a_policy_that_is_tightened_or_loosened_is_followed_in_one_round() -> None:
    found = running(policy_object(ceilings={"maxOrderNotional": "100"}))
    for generation, ceiling in ((2, "50"), (3, "200")):
        ceilings = {"maxOrderNotional": ceiling}
        newest = policies(policy_object(generation=generation, ceilings=ceilings))
        world = replace(found.world, policies=newest)
        planned = Scene(found.obj, world, NOW).plan()
        assert planned.admission is not None
        assert planned.admission["effectiveEnvelope"]["maxOrderNotional"] == ceiling
        assert planned.admission["policies"][0]["generation"] == generation
        [told] = planned.admission_events
        assert told.note == f"maxOrderNotional 100 -> {ceiling} by RiskPolicy alpha"


@pytest.mark.control("S7.3")
def test_s7_without_a_list_of_policies_nothing_is_judged_and_what_is_in_force_stays() -> None:
    before = running(policy_object(ceilings={"maxOrderNotional": "100"}))
    world = replace(before.world, policies=None)
    same = Scene(before.obj, world, NOW)
    assert same.plan().admission is None
    assert same.plan().requeue_after == 5.0
    assert same.settled().conditions()["Admitted"] == ("True", "PoliciesUnknown")
    assert same.settled().conditions()["Ready"][0] == "True"
    newer = Scene(edited(before.obj, 2, paused=False, image="desk-bot:2"), world, NOW)
    assert newer.plan().admission is None
    assert newer.plan().applies == ()
    assert newer.settled().conditions()["Admitted"] == ("Unknown", "PoliciesUnknown")


def test_s7_without_a_list_of_policies_a_new_bot_gets_no_pod() -> None:
    first = Scene(bot_object(), World(IMAGE, policies=None)).settled()
    assert first.world.children == {}
    assert first.conditions()["Ready"] == ("False", "PoliciesUnknown")


@pytest.mark.parametrize("part", ["selector", "ceilings"])
def test_s7_a_policy_of_a_newer_version_is_not_taken_for_absent(part: str) -> None:
    newer = policy_object()
    newer["spec"][part] = {"invented": "later"}
    found = Scene(bot_object(), World(IMAGE, policies=policies(newer)))
    assert found.plan().admission is None
    elsewhere = policy_object(selector={"matchLabels": {"desk": "other"}}, invented="later")
    assert Scene(bot_object(), World(IMAGE, policies=policies(elsewhere))).plan().admission is not None


def test_a_judgement_that_is_written_is_not_written_again_whatever_the_order_of_its_lists() -> None:
    both = policy_object("alpha", ceilings={"maxOrderNotional": "9", "maxOpenOrders": 2}), policy_object("beta")
    found = running(*both)
    shuffled = [{**each, "sets": each["sets"][::-1]} for each in status(found)["policies"]][::-1]
    obj = with_status(found.obj, policies=shuffled)
    assert Scene(obj, found.world, NOW).plan().admission is None


def test_s3_a_bot_that_is_being_deleted_is_not_judged() -> None:
    obj = bot_object()
    obj["metadata"]["deletionTimestamp"] = "2026-11-21T09:00:00Z"
    assert Scene(obj, World(IMAGE, policies=())).plan().admission is None


# a policy that halts


@pytest.mark.control("R6-12d")
def test_s4_a_policy_that_halts_latches_every_bot_in_scope_and_is_named() -> None:
    planned = scene(bot_object(), policies=policies(policy_object(halted=True))).plan()
    assert planned.latch is not None
    assert (planned.latch.state, planned.latch.source, planned.latch.reason) == ("Latched", "Policy", "PolicyHalted")
    assert planned.latch.policies == ("alpha",)
    assert [notice.note for notice in planned.latch_events] == [
        f"halt {planned.latch.id}: PolicyHalted by RiskPolicy alpha"
    ]
    other = policy_object(halted=True, selector={"matchLabels": {"desk": "other"}})
    assert scene(bot_object(), policies=policies(other)).plan().latch is None


def confirmed(found: Scene, **spec: Any) -> Object:
    """The object once its engine has proved the halt that is latched, with a changed spec."""
    latch = status(found)["killSwitch"]
    proof = halt(latch["id"], reason="StatusHalted", confirmed=True)
    obj = with_status(found.obj, engine=engine("Halted", halt=proof))
    return {**obj, "spec": {**obj["spec"], **spec}}


@pytest.mark.control("S4.7")
def test_s4_a_halt_by_policy_is_not_released_while_the_policy_halts() -> None:
    found = scene(bot_object(), policies=policies(policy_object(halted=True))).settled()
    acknowledged = confirmed(found, acknowledgedHalt=status(found)["killSwitch"]["id"])
    held = then(found, policy_object(halted=True), obj=acknowledged)
    assert status(held)["killSwitch"]["state"] == "Confirmed"
    [message] = [each["message"] for each in status(held)["conditions"] if each["type"] == "Halted"]
    assert "acknowledged, and not released: spec.halted of RiskPolicy alpha is still true" in message
    unknown = Scene(held.obj, World(IMAGE, held.world.children, policies=None), NOW).settled()
    assert status(unknown)["killSwitch"]["state"] == "Confirmed"
    assert status(then(held))["killSwitch"]["state"] == "Released"


def test_s4_a_further_policy_that_halts_supersedes_the_id_once() -> None:
    alpha, beta = policy_object("alpha", halted=True), policy_object("beta", halted=True)
    first = scene(bot_object(), policies=policies(alpha)).settled()
    acknowledged = confirmed(first, acknowledgedHalt=status(first)["killSwitch"]["id"])
    second = then(first, alpha, beta, obj=acknowledged)
    assert status(second)["killSwitch"]["id"] != status(first)["killSwitch"]["id"]
    assert status(second)["killSwitch"]["policies"] == ["alpha", "beta"]
    gone = then(second, policy_object("alpha"), policy_object("beta"))
    assert status(gone)["killSwitch"]["state"] == "Latched"


def test_s4_a_policy_that_halts_while_the_spec_does_is_not_released_by_an_acknowledgement_of_the_first_halt() -> None:
    by_spec = scene(bot_object(halted=True), policies=()).settled()
    first = status(by_spec)["killSwitch"]["id"]
    both = then(by_spec, policy_object(halted=True), obj=confirmed(by_spec))
    assert (status(both)["killSwitch"]["reason"], status(both)["killSwitch"]["policies"]) == ("SpecHalted", ["alpha"])
    prepared = {**both.obj, "spec": {**both.obj["spec"], "halted": False, "acknowledgedHalt": first}}
    assert status(then(both, policy_object(), obj=prepared))["killSwitch"]["state"] != "Released"


def test_s4_a_halt_of_the_engine_is_superseded_by_the_policys_and_once_is_enough() -> None:
    own = halt("eeee-2")
    found = scene(
        with_status(bot_object(), engine=engine("Halting", halt=own)), pod=pod_object(), policies=()
    ).settled()
    assert status(found)["killSwitch"]["id"] == "eeee-2"
    by_policy = then(found, policy_object(halted=True))
    assert status(by_policy)["killSwitch"]["reason"] == "PolicyHalted"
    assert by_policy.plan().latch is None


def test_s4_a_policy_whose_ceilings_cannot_be_read_halts_all_the_same() -> None:
    newer = policy_object(halted=True, ceilings={"invented": "later"})
    planned = scene(bot_object(), policies=policies(newer)).plan()
    assert planned.latch is not None
    assert planned.latch.policies == ("alpha",)


def test_a_scope_is_in_the_order_of_names() -> None:
    scope = scope_of({}, policies(policy_object("b"), policy_object("a"), policy_object("c", selector={"bad": 1})))
    assert ([policy.name for policy in scope.policies], scope.known) == (["a", "b"], False)


def test_s3_what_a_bot_is_judged_by_is_what_its_object_says_and_nothing_else() -> None:
    """Judging asks no children, no pod and no time."""
    found = judge(read_bot(bot_object()), scope_of({}, ()))
    assert (found.allowed, found.write) == (True, running_write())


def running_write() -> Object:
    admitted = {"uid": UID, "generation": 1, "specHash": spec_hash(bot_object()["spec"])}
    return {"admitted": admitted, "effectiveEnvelope": {**OWN, **REST}, "policies": []}
