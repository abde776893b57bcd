"""One bot for each account of an exchange: who has it, who is told so, what a halt of the other does (safety.md 3)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from deskoperator.plan.account import incumbent
from deskoperator.plan.actions import Happening
from deskoperator.plan.tombstone import Watched, decide_burial, tombstone
from deskoperator.plan.world import World
from deskoperator.resources.account_claim import Claim, claim_name, claim_object, read_claim
from deskoperator.resources.kinds import Object
from deskoperator.resources.venue_scope import scope_on
from tests.operator.test_kill import latch
from tests.operator.worlds import (
    ACCOUNT,
    IMAGE,
    NOW,
    UID,
    Scene,
    bot_object,
    engine,
    live_children,
    live_lease,
    pod_object,
    scene,
    text,
    with_status,
)

OWN = Claim("bybit", ACCOUNT, "desk", "bot1", UID)
OTHERS = Claim("bybit", ACCOUNT, "elsewhere", "incumbent", "their-uid")


def fresh(claim: Claim | None = None, **report: Any) -> Scene:
    """A bot whose engine tells its account and waits, on which it is not admitted yet."""
    report = {"state": "Stalled", "accountId": ACCOUNT, "reconciledAt": None, **report}
    obj = with_status(bot_object(), engine=engine(**report))
    found = scene(obj, pod=pod_object())
    return replace(found, world=replace(found.world, lease=live_lease(obj, account=""), claim=claim))


def status(found: Scene) -> Object:
    return dict(found.obj["status"])


def account_on(found: Scene) -> str:
    scope = scope_on(found.world.lease)
    assert scope is not None
    return scope.account_id


# admission


def test_s3_an_account_that_nobody_has_is_claimed_noted_and_then_named_in_the_admission() -> None:
    first = fresh().plan()
    assert first.claim == OWN
    assert first.admission is not None
    assert "accountId" not in first.admission["admitted"]
    claimed = fresh(OWN).plan()
    assert claimed.notes is not None
    assert claimed.admission is not None
    assert claimed.admission["admitted"]["accountId"] == ACCOUNT
    settled = fresh().settled()
    assert (account_on(settled), status(settled)["admitted"]["accountId"]) == (ACCOUNT, ACCOUNT)


@pytest.mark.control("S3.8")
def test_s3_of_an_account_that_another_has_the_bot_is_told_the_name_across_namespaces() -> None:
    found = fresh(OTHERS).settled()
    assert "admitted" not in status(found)
    assert found.conditions()["Admitted"] == ("False", "AccountTaken")
    assert found.conditions()["Stalled"] == ("True", "AccountTaken")
    [said] = [each["message"] for each in status(found)["conditions"] if each["type"] == "Admitted"]
    assert "account 1001 of bybit is TradingBot elsewhere/incumbent's" in said
    assert account_on(found) == ""
    assert found.plan().requeue_after is not None
    assert found.world.pod_object is not None


def test_s3_while_it_waits_the_engine_says_so_and_that_passes() -> None:
    waiting = fresh(OWN, problem={"reason": "AccountPending", "message": "not yet"}).settled()
    assert waiting.conditions()["Reconciling"] == ("True", "AccountPending")
    assert waiting.conditions()["Stalled"][0] == "False"


def test_s3_nothing_is_claimed_for_a_spec_that_may_not_run_nor_for_a_bot_that_sends_nothing() -> None:
    refused = fresh()
    assert replace(refused, world=replace(refused.world, policies=None)).plan().claim is None
    dry = with_status(bot_object(mode="DryRun"), engine=engine(accountId=ACCOUNT))
    assert scene(dry, pod=pod_object()).plan().claim is None
    silent = replace(fresh(), obj=bot_object())
    assert silent.plan().claim is None


@pytest.mark.control("S3.8")
def test_s3_a_key_of_another_account_stops_the_bot_with_both_accounts_in_words() -> None:
    rotated = with_status(bot_object(), engine=engine(accountId="2002"))
    found = scene(rotated, pod=pod_object()).settled()
    assert "admitted" not in status(found)
    assert found.conditions()["Admitted"] == ("False", "AccountChanged")
    [said] = [each["message"] for each in status(found)["conditions"] if each["type"] == "Admitted"]
    assert "2002" in said
    assert "1001" in said
    assert account_on(found) == ACCOUNT


def test_s3_a_claim_that_somebody_removed_is_made_again() -> None:
    found = scene(with_status(bot_object(), engine=engine(accountId=ACCOUNT)), pod=pod_object())
    assert replace(found, world=replace(found.world, claim=None)).plan().claim == OWN


# who has it


def lease_of(uid: str, *, made: int = 0, **parts: Any) -> Object:
    obj = bot_object(**parts)
    obj["metadata"] |= {"uid": uid, "name": f"bot-{uid}"}
    found = live_lease(obj)
    found["metadata"]["creationTimestamp"] = text(NOW + timedelta(seconds=made))
    return found


def test_s3_a_lease_that_names_the_account_keeps_it_with_its_bot_or_without() -> None:
    assert incumbent(OWN, [lease_of("a")]) == ("desk", "bot-a")
    assert incumbent(OWN, []) is None
    venue = {**bot_object()["spec"]["venue"], "exchange": "binanceusdm"}
    assert incumbent(OWN, [lease_of("a", venue=venue)]) is None
    assert incumbent(replace(OWN, account_id="2002"), [lease_of("a")]) is None


def test_s3_of_several_from_before_there_were_claims_the_oldest_lease_stays_and_then_the_lower_uid() -> None:
    leases = [lease_of("c", made=5), lease_of("b", made=5), lease_of("a", made=9)]
    assert incumbent(replace(OWN, uid="a"), leases) == ("desk", "bot-b")
    assert incumbent(replace(OWN, uid="c"), leases) == ("desk", "bot-b")
    assert incumbent(replace(OWN, uid="b"), leases) is None


def test_s3_there_is_one_name_for_a_claim_on_an_account_and_it_says_whose_it_is() -> None:
    made = claim_object(OWN, "desk-system")
    assert made["metadata"]["name"] == claim_name("bybit", ACCOUNT) == claim_object(OTHERS, "x")["metadata"]["name"]
    assert claim_name("bybit", "2") != claim_name("binance", "2") != claim_name("binance", "3")
    assert read_claim(made) == OWN
    assert read_claim({"metadata": {"annotations": {"tradingdesk.io/account-claim": "[]"}}}) is None
    assert read_claim({"metadata": {}}) is None


# halts


def test_s5_a_halt_of_a_bot_that_was_never_admitted_on_its_account_cancels_nothing_and_says_why_that_is_a_proof() -> (
    None
):
    waiting = fresh(OTHERS, state="Halting")
    obj = with_status(waiting.obj, killSwitch=latch("o-1"))
    late = replace(waiting, obj=obj, now=NOW + timedelta(minutes=5))
    done = late.plan()
    assert (done.creates, done.stops) == ((), ())
    assert done.confirmation is not None
    assert (done.confirmation.state, done.confirmation.confirmed_by) == ("Confirmed", "Operator")
    assert [each.happening for each in done.kill_events] == [Happening.HALT_CONFIRMED]
    assert "never admitted on an account" in done.kill_events[0].note


@pytest.mark.parametrize(
    ("account", "parts"),
    [
        (ACCOUNT, {}),
        ("", {"admitted": {"uid": UID, "generation": 1, "specHash": "0" * 64, "accountId": ACCOUNT}}),
        ("", {"engine": engine()}),
    ],
    ids=["its Lease names one", "its admission does", "its engine has met a venue"],
)
def test_s5_a_bot_that_may_have_sent_something_gets_its_job(account: str, parts: Any) -> None:
    obj = with_status(bot_object(), killSwitch=latch("o-1"), **parts)
    found = scene(obj)
    world = replace(found.world, lease=live_lease(obj, account=account))
    done = replace(found, world=world, now=NOW + timedelta(minutes=5)).plan()
    assert (done.confirmation, len(done.creates)) == (None, 1)


def test_s5_a_bot_without_its_lease_has_sent_nothing_only_if_it_was_never_judged() -> None:
    obj = with_status(bot_object(), killSwitch=latch("o-1"))
    for status_of, never in (({}, True), ({"effectiveEnvelope": {"maxOrderNotional": "1"}}, False)):
        found = replace(scene(with_status(obj, **status_of)), now=NOW + timedelta(minutes=5))
        done = replace(found, world=replace(found.world, lease=None)).plan()
        assert (done.confirmation is not None, len(done.creates)) == (never, 0 if never else 1)


def test_s5_no_job_takes_the_orders_of_a_bot_that_has_the_account_by_its_claim() -> None:
    obj = with_status(bot_object(), killSwitch=latch("o-1"))
    found = replace(scene(obj), now=NOW + timedelta(minutes=5))
    done = replace(found, world=replace(found.world, claim=OTHERS)).plan()
    assert (done.creates, [each.happening for each in done.kill_events]) == ((), [Happening.KILL_JOB_STUCK])
    left = live_lease(bot_object(), released=True)
    buried = tombstone("desk", "bot1", left, None)
    assert buried is not None
    step = decide_burial(buried, World(IMAGE, lease=left, claim=OTHERS), Watched(99, 99), NOW)
    assert (step.creates, step.deletes) == ((), ())
    assert "elsewhere/incumbent" in step.words


def test_s6_the_lease_of_a_bot_that_was_never_admitted_on_an_account_goes_without_a_job() -> None:
    left = live_lease(bot_object(), released=True, account="")
    found = tombstone("desk", "bot1", left, None)
    assert found is not None
    done = decide_burial(found, World(IMAGE, lease=left), Watched(), NOW)
    assert (done.creates, done.words, len(done.deletes)) == ((), "", 1)
    assert "never admitted on an account" in done.notices[0].note


def test_s3_a_bot_whose_children_are_not_there_yet_reports_nothing_and_claims_nothing() -> None:
    bare = Scene(bot_object())
    assert bare.plan().claim is None
    assert set(live_children(bot_object())) == set(bare.settled().world.children)
