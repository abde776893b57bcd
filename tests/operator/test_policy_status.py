"""The status of a RiskPolicy: counts of bots, and whether it is in force on all of them."""

from datetime import timedelta
from typing import Any

from deskoperator.plan.bot import Bot, read_bot
from deskoperator.plan.policies import read_policy
from deskoperator.plan.policy_status import desired_policy_status
from deskoperator.resources.kinds import Object
from tests.operator.worlds import NOW, bot_object, policy_object, text, with_status


def bot(name: str, *, judged: int | None = None, trading: bool = False, latched: bool = False, **labels: str) -> Bot:
    obj = bot_object()
    obj["metadata"] |= {"name": name, "labels": labels}
    status: dict[str, Any] = {"conditions": [{"type": "Trading", "status": str(trading)}]}
    if judged is not None:
        status["policies"] = [{"name": "alpha", "generation": judged, "sets": []}]
    if latched:
        status["killSwitch"] = {"state": "Latched", "id": "h-1"}
    return read_bot(with_status(obj, **status))


def told(policy: Object, *bots: Bot) -> Object:
    found = desired_policy_status(read_policy(policy), bots, NOW)
    assert found is not None
    return found


def ready(status: Object) -> tuple[str, str]:
    (condition,) = status["conditions"]
    return condition["status"], condition["reason"]


def test_the_bots_in_scope_are_counted_and_no_others() -> None:
    policy = policy_object(selector={"matchLabels": {"desk": "alpha"}})
    found = told(
        policy,
        bot("one", trading=True, desk="alpha"),
        bot("two", latched=True, desk="alpha"),
        bot("three", trading=True, latched=True, desk="beta"),
    )
    assert found["bots"] == {"inScope": 2, "trading": 1, "halted": 1}
    assert found["observedGeneration"] == 1


def test_a_policy_is_ready_when_every_bot_in_scope_was_judged_by_its_latest_spec() -> None:
    policy = policy_object(generation=3)
    assert ready(told(policy)) == ("True", "Enforced")
    assert ready(told(policy, bot("one", judged=3), bot("two", judged=3))) == ("True", "Enforced")
    waiting = told(policy, bot("one", judged=3), bot("two", judged=2), bot("three"))
    assert ready(waiting) == ("False", "Enforcing")
    assert waiting["conditions"][0]["message"] == "1 of 3 bots in scope were judged by generation 3"


def test_a_policy_that_halts_is_ready_when_every_bot_in_scope_is_latched() -> None:
    policy = policy_object(halted=True)
    assert ready(told(policy, bot("one", judged=1))) == ("False", "Enforcing")
    assert ready(told(policy, bot("one", judged=1, latched=True))) == ("True", "Enforced")


def test_a_policy_that_cannot_be_read_is_not_ready() -> None:
    assert ready(told(policy_object(invented="later"))) == ("False", "SpecInvalid")


def test_what_is_written_is_not_written_again_and_keeps_its_time() -> None:
    policy = policy_object()
    bots = (bot("one", judged=1),)
    written = {**policy, "status": told(policy, *bots)}
    assert desired_policy_status(read_policy(written), bots, NOW + timedelta(hours=1)) is None
    more = desired_policy_status(read_policy(written), (*bots, bot("two", judged=1)), NOW + timedelta(hours=1))
    assert more is not None
    assert more["conditions"][0]["lastTransitionTime"] == text(NOW)
