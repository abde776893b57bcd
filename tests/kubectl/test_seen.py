"""What `kubectl desk` reads out of a bot's object: when a halt counts as confirmed, and what is acknowledged."""

from typing import Any

import pytest

from deskoperator.kubectl.release import images_of
from deskoperator.kubectl.resume import held, question, still_held
from deskoperator.kubectl.seen import see, with_report
from deskoperator.plan.bot import Bot, read_bot
from deskoperator.plan.kill_report import KillReport
from deskoperator.resources.kinds import Object
from tests.operator.test_kill import latch
from tests.operator.worlds import bot_object, engine, halt, with_status


def bot(**status: Any) -> Bot:
    return read_bot(with_status(bot_object(halted=True), **status))


def test_s5_nobody_has_latched_yet() -> None:
    seen = see(bot(engine=engine()), 2)
    assert (seen.confirmed, seen.halt_id, seen.note) == (False, "", "nobody has latched yet")


def test_s5_the_operators_confirmed_latch_is_a_proof_once_it_has_seen_this_generation() -> None:
    confirmed = latch("o-1", "Confirmed", confirmedBy="KillJob", ordersCancelled=3)
    assert not see(bot(killSwitch=confirmed, observedGeneration=1), 2).confirmed
    seen = see(bot(killSwitch=confirmed, observedGeneration=2), 2)
    assert (seen.by, seen.orders_cancelled) == ("KillJob", 3)


@pytest.mark.parametrize(
    ("state", "generation", "confirmed"),
    [("Halted", 2, True), ("Halted", 1, False), ("Halting", 2, False)],
)
def test_s5_with_the_operator_gone_the_engines_own_proof_counts_for_the_generation_it_has_seen(
    state: str, generation: int, confirmed: bool
) -> None:
    proof = halt("e-1", reason="SpecHalted", confirmed=True)
    seen = see(bot(engine=engine(state, observedGeneration=generation, halt=proof)), 2)
    assert (seen.confirmed, seen.halt_id) == (confirmed, "e-1")


@pytest.mark.parametrize(("changes", "by"), [({}, "KillJob"), ({"halt_id": "other"}, ""), ({"dry_run": True}, "")])
def test_s5_a_kill_jobs_report_counts_for_its_own_halt_alone(changes: Any, by: str) -> None:
    report = KillReport(
        **{
            "halt_id": "o-1",
            "confirmed": True,
            "confirmed_at": "2026-11-21T09:00:00Z",
            "residual_orders": 0,
            **changes,
        }
    )
    seen = see(bot(killSwitch=latch("o-1")), 1)
    assert with_report(seen, report).by == by


def test_the_question_says_what_is_released_and_what_is_not_proven() -> None:
    unproven = question(bot(killSwitch=latch("o-1")), "o-1")
    assert "desk/bot1: halt o-1 (SpecHalted)" in unproven
    assert "NOT confirmed" in unproven
    assert "3 cancelled" in question(bot(killSwitch=latch("o-1", "Confirmed", ordersCancelled=3)), "o-1")
    assert "halted by its engine" in question(bot(engine=engine("Halted", halt=halt("e-1"))), "e-1")


def test_the_halt_in_force_is_the_latchs_or_else_the_engines() -> None:
    assert held(bot(killSwitch=latch("o-1"), engine=engine("Halted", halt=halt("e-1")))) == "o-1"
    assert held(bot(killSwitch=latch("o-1", "Released"), engine=engine("Halted", halt=halt("e-1")))) == "e-1"
    assert held(bot(engine=engine())) == ""


def test_a_halt_is_over_once_neither_side_holds_it() -> None:
    assert "a further halt holds: o-2" in still_held(bot(killSwitch=latch("o-2")), "o-1")
    condition = {"type": "Halted", "status": "True", "message": "acknowledged, and not released: spec.halted"}
    refused = bot(killSwitch=latch("o-1", "Confirmed"), conditions=[condition])
    assert still_held(refused, "o-1") == "acknowledged, and not released: spec.halted"
    engine_holds = bot(killSwitch=latch("o-1", "Released"), engine=engine("Halted", halt=halt("o-1")))
    assert "engine still holds" in still_held(engine_holds, "o-1")
    assert still_held(bot(killSwitch=latch("o-1", "Released"), engine=engine()), "o-1") == ""


def test_s5_the_image_is_the_one_that_the_operators_deployment_names() -> None:
    def deployment(*arguments: str) -> Object:
        return {"spec": {"template": {"spec": {"containers": [{"args": list(arguments)}, {}]}}}}

    assert images_of(deployment("run", "--bot-image", "desk-bot:7", "--namespace", "desk")) == ["desk-bot:7"]
    assert images_of(deployment("run", "--bot-image")) == []
