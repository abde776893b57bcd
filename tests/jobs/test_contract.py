"""The kill Job that the operator makes and the command that it runs: neither knows the other, so both are held here."""

import json

from deskbot.cli.arguments import parse
from deskbot.fencing.durations import LEASE_DURATION, SECOND
from deskbot.jobs.command import _order
from deskbot.jobs.kill import Outcome
from deskoperator.plan.kill_report import KillReport
from deskoperator.resources.kill_job import LEASE_SECONDS, KillTarget, kill_job

TARGET = KillTarget(
    namespace="desk",
    bot="bot1",
    uid="4edcb75a-0000-4000-8000-000000000001",
    halt_id="4edcb75a-1763715600000",
    mode="Testnet",
    exchange="bybit",
    market_type="Swap",
    endpoint="http://exchange-simulator:8080",
    markets=("BTC/USDT:USDT", "ETH/USDT:USDT"),
    secret="bot1-keys",
    account_id="42",
)


def _arguments(*, dry_run: bool = False) -> list[str]:
    [container] = kill_job(TARGET, "desk-bot:test", dry_run=dry_run)["spec"]["template"]["spec"]["containers"]
    arguments: list[str] = container["args"]
    return arguments


def test_s5_the_command_understands_every_argument_of_the_job() -> None:
    order = _order(parse(_arguments()))
    assert (order.scope.markets, order.scope.whole_account) == (TARGET.markets, True)
    assert (order.halt_id, order.bot, order.account_id) == (TARGET.halt_id, "desk/bot1", "42")
    assert (order.patience_seconds, order.dry_run) == (None, False)
    assert _order(parse(_arguments(dry_run=True))).dry_run


def test_s5_the_job_waits_as_long_as_a_lease_may_last() -> None:
    assert LEASE_SECONDS * SECOND >= LEASE_DURATION
    assert _order(parse(_arguments())).lease_seconds == LEASE_SECONDS


def test_s5_the_operator_reads_what_the_command_says_and_takes_only_its_proof_for_one() -> None:
    order = _order(parse(_arguments()))
    outcome = Outcome(order, 1, 2, confirmed_at=3, residual_orders=0, orders_cancelled=7, reason="HaltConfirmed")
    report = KillReport.model_validate_json(json.dumps(outcome.plain()))
    assert report.proves(TARGET.halt_id)
    assert (report.orders_cancelled, report.residual_orders) == (7, 0)
    unproven = KillReport.model_validate_json(json.dumps(Outcome(order, 1, 2).plain()))
    assert not unproven.proves(TARGET.halt_id)
