"""Uncertainty may reduce risk, never add it: two operators, an engine and people, in every order of their requests.

What is played is the operators' real work on a bot (`controller/reconcile.py`) and the engine's real reading of its
object (`runtime/admitted.py`) over an API server in memory. What may be in force is said here a second time, from the
objects themselves, without the plan.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskapi import spec_hash
from deskbot.runtime.admitted import Known, look
from deskoperator.controller.queue import WorkQueue
from deskoperator.controller.reconcile import Reconciler
from deskoperator.controller.recorder import Recorder
from deskoperator.controller.tasks import Task, Work
from deskoperator.errors import ApiError
from deskoperator.resources.kinds import RISK_POLICY, TRADING_BOT, Object
from tests.operator.simulated_api import SimulatedApi, SimulatedCluster, failed, policies_of
from tests.operator.worlds import ACCOUNT, IMAGE, bot_object, engine, halt, policy_object, with_status

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
LIMITS = ("maxOrderNotional", "maxPositionNotional", "maxOpenOrders")
POLICIES: list[dict[str, Any] | None] = [
    {},
    {"ceilings": {"maxOrderNotional": "100"}},
    {"ceilings": {"maxOrderNotional": "300", "maxOpenOrders": 2}},
    {"selector": {"matchLabels": {"desk": "alpha"}}, "ceilings": {"maxPositionNotional": "50"}},
    {"allowed": {"markets": [BTC]}},
    {"allowed": {"modes": ["DryRun"]}},
    {"halted": True},
    None,
]
SPECS: list[dict[str, Any]] = [
    {},
    {"envelope": {"maxOrderNotional": "900", "maxPositionNotional": "900"}},
    {"envelope": {"maxOrderNotional": "20", "maxPositionNotional": "20", "maxOpenOrders": 1}},
    {"markets": [BTC, ETH]},
    {"halted": True},
    {"paused": True},
]
DEFAULT_OPEN_ORDERS = 20


@dataclass
class Moment:
    """The world as people made it, once."""

    bot: Object
    policies: list[Object]

    def selecting(self) -> list[Object]:
        labels = self.bot["metadata"].get("labels", {})
        wanted = [(policy, policy["spec"]["selector"].get("matchLabels", {})) for policy in self.policies]
        return [policy for policy, asked in wanted if asked.items() <= labels.items()]

    def limit(self, name: str) -> float:
        envelope = {"maxOpenOrders": DEFAULT_OPEN_ORDERS, **self.bot["spec"]["envelope"]}
        ceilings = (policy["spec"].get("ceilings", {}) for policy in self.selecting())
        return min(float(each[name]) for each in (envelope, *ceilings) if name in each)

    def allows(self) -> bool:
        allowed = [policy["spec"].get("allowed", {}) for policy in self.selecting()]
        markets = all(set(self.bot["spec"]["markets"]) <= set(each.get("markets", (BTC, ETH))) for each in allowed)
        return markets and all("modes" not in each for each in allowed)

    def halts(self) -> bool:
        return bool(self.bot["spec"].get("halted")) or any(each["spec"].get("halted") for each in self.selecting())

    def names(self) -> set[str]:
        return {policy["metadata"]["name"] for policy in self.selecting()}

    def admits(self, judged: Object, listed: Iterable[str]) -> bool:
        """Whether this is what may be in force now; `listed` are the policies by which the bot was judged before."""
        named = judged["admitted"]
        this = (named["generation"], named["specHash"])
        same = this == (self.bot["metadata"]["generation"], spec_hash(self.bot["spec"]))
        limits = all(float(judged["effectiveEnvelope"][name]) == self.limit(name) for name in LIMITS)
        return same and limits and self.allows() and set(listed) <= self.names()


@dataclass
class Pass:
    """One piece of work of one operator: what it may rest on begins with the moment at which it read the bot."""

    task: asyncio.Task[None]
    since: int = -1
    listed: set[str] = field(default_factory=set)
    blind: bool = False  # a list of policies has failed


class Played:
    """One world, and what has been seen of it."""

    def __init__(self) -> None:
        bot = with_status(bot_object(paused=None), engine=engine(accountId=ACCOUNT))
        bot["metadata"]["labels"] = {"desk": "alpha"}
        self.api = SimulatedApi(bot)
        self.history: list[Moment] = []
        self.passes: dict[str, Pass] = {}
        self.reconcilers = {name: self._operator(name) for name in ("first", "second")}
        self.known: Known | None = None
        self.checked = 0
        self._note()

    def _operator(self, name: str) -> Reconciler:
        cluster = SimulatedCluster(self.api, name)
        return Reconciler(cluster, cluster, WorkQueue[Task](lambda: 1.0), Recorder(cluster, name), IMAGE)

    def _note(self) -> None:
        self.history.append(Moment(self.api.bot, policies_of(self.api)))

    # people

    def policy(self, number: int) -> None:
        name, spec = ("alpha", "beta")[number % 2], POLICIES[number // 2 % len(POLICIES)]
        if spec is None:
            self.api.remove(RISK_POLICY, name)
        else:
            self.api.put(RISK_POLICY, policy_object(name, len(self.history), **spec))
        self._note()

    def spec(self, number: int) -> None:
        spec = bot_object(**SPECS[number % len(SPECS)])["spec"]
        latch = self.api.bot["status"].get("killSwitch")
        if latch is not None and number % 4 == 0:
            spec["acknowledgedHalt"] = latch["id"]
        self._edit(spec=spec)

    def _edit(self, **parts: Any) -> None:
        bot = self.api.bot
        metadata = {**bot["metadata"], "generation": bot["metadata"]["generation"] + 1}
        self.api.put(TRADING_BOT, {**bot, "metadata": metadata, **parts})
        self._note()

    def label(self, number: int) -> None:
        bot = self.api.bot
        labels = {"desk": ("alpha", "beta")[number % 2]}
        self.api.put(TRADING_BOT, {**bot, "metadata": {**bot["metadata"], "labels": labels}})
        self._note()

    # the engine

    def look(self, number: int) -> None:
        if number % 10 == 0:
            self.known = None  # it has started anew
        bot = self.api.bot
        self.known = look(bot, bot["metadata"]["uid"], bot["metadata"]["generation"], self.known)
        seen = self.known.seen
        if seen.paused or seen.bot is None:
            return
        status = bot["status"]
        limits = seen.bot.spec.envelope
        assert limits.max_order_notional <= float(status["effectiveEnvelope"]["maxOrderNotional"])
        assert limits.max_position_notional <= float(status["effectiveEnvelope"]["maxPositionNotional"])
        assert limits.max_open_orders <= status["effectiveEnvelope"]["maxOpenOrders"]
        named = status["admitted"]["specHash"]
        judged = next(each.bot["spec"] for each in self.history if spec_hash(each.bot["spec"]) == named)
        assert set(seen.bot.spec.markets) <= set(judged["markets"])
        assert seen.halted or not judged.get("halted")
        assert not judged.get("paused")

    def report(self, _number: int) -> None:
        """The engine proves the halt that is latched, or says that it runs."""
        latch = self.api.bot["status"].get("killSwitch", {"state": "Released"})
        said = engine(accountId=ACCOUNT)
        if latch["state"] != "Released":
            said = engine("Halted", accountId=ACCOUNT, halt=halt(latch["id"], reason="StatusHalted", confirmed=True))
        bot = self.api.bot
        self.api.put(TRADING_BOT, {**bot, "status": {**bot["status"], "engine": said}})

    # operators

    def begin(self, number: int) -> None:
        name = ("first", "second")[number % 2]
        if name not in self.passes or self.passes[name].task.done():
            task = Task((Work.BOT, Work.BOT, Work.LATCH)[number // 2 % 3], "desk", "bot1")
            self.passes[name] = Pass(asyncio.ensure_future(self._work(name, task)))

    async def _work(self, name: str, task: Task) -> None:
        try:
            await self.reconcilers[name].work(task)
        except ApiError:
            return  # the queue would bring it back

    def turn(self, number: int) -> None:
        self._let(number, fail=False)

    def fail(self, number: int) -> None:
        self._let(number, fail=True)

    def _let(self, number: int, *, fail: bool) -> None:
        if not self.api.waiting:
            return
        request = self.api.waiting.pop(number % len(self.api.waiting))
        work = self.passes[request.of]
        if request.kind == TRADING_BOT and request.words == "get":
            work.since = len(self.history) - 1
            work.listed = {each["name"] for each in self.api.bot["status"].get("policies", ())}
        if request.kind == RISK_POLICY and fail:
            work.blind = True
        if request.go.done():
            return
        if fail:
            request.go.set_exception(failed())
        else:
            request.go.set_result(None)

    def restart(self, number: int) -> None:
        name = ("first", "second")[number % 2]
        if name in self.passes:
            self.passes[name].task.cancel()

    # what must hold

    def check(self) -> None:
        for of, before, after in self.api.written[self.checked :]:
            work = self.passes[of]
            moments = self.history[work.since :]
            if _judged(after) != _judged(before):
                assert not work.blind, "judged without a list of policies"
                self._check_judgement(work, before, after, moments)
            if _state(before) != "Released" == _state(after):
                assert any(not moment.halts() for moment in moments), "released while a cause stood"
                assert not work.blind
        self.checked = len(self.api.written)

    def _check_judgement(self, work: Pass, before: Object, after: Object, moments: list[Moment]) -> None:
        if "admitted" in after:
            assert any(moment.admits(after, work.listed) for moment in moments), "admitted what nobody allowed"
        elif "effectiveEnvelope" in before:
            limits = [(after["effectiveEnvelope"][name], before["effectiveEnvelope"][name]) for name in LIMITS]
            assert all(float(now) <= float(then) for now, then in limits), "not admitted, and looser"
        names = {each["name"] for each in after["policies"]}
        assert work.listed <= names, "a policy was forgotten"

    def check_at_rest(self) -> None:
        """With nothing left to do, what is in force is what may be, neither more nor less."""
        status, last = self.api.bot["status"], self.history[-1]
        listed = {each["name"] for each in status["policies"]}
        if last.allows() and listed <= last.names():
            assert last.admits(status, listed)
        else:
            assert "admitted" not in status
        assert all(float(status["effectiveEnvelope"][name]) <= last.limit(name) for name in LIMITS)
        if last.halts():
            assert _state(status) in {"Latched", "Confirmed"}
        self.look(1)
        assert self.known is not None
        assert self.known.seen.paused == ("admitted" not in status or bool(last.bot["spec"].get("paused")))


def _judged(status: Object) -> Object:
    return {name: status.get(name) for name in ("admitted", "effectiveEnvelope", "policies")}


def _state(status: Object) -> str:
    return str(status.get("killSwitch", {}).get("state", "Released"))


ACTIONS: dict[str, Callable[[Played, int], None]] = {
    "turn": Played.turn,
    "begin": Played.begin,
    "policy": Played.policy,
    "spec": Played.spec,
    "label": Played.label,
    "look": Played.look,
    "report": Played.report,
    "fail": Played.fail,
    "restart": Played.restart,
}
OFTEN = (
    ["turn"] * 12 + ["begin"] * 4 + ["policy", "policy", "spec", "label", "look", "look", "report", "fail", "restart"]
)
STEPS = st.lists(st.tuples(st.sampled_from(OFTEN), st.integers(0, 999)), min_size=40, max_size=80)


async def _settle() -> None:
    for _ in range(8):
        await asyncio.sleep(0)


async def _played(steps: list[tuple[str, int]]) -> Played:
    played = Played()
    for name, number in steps:
        ACTIONS[name](played, number)
        await _settle()
        played.check()
    for work in played.passes.values():
        work.task.cancel()
    await _settle()
    return played


async def _come_to_rest(played: Played) -> None:
    """One operator that is let alone."""
    for number in range(12):
        written = len(played.api.written)
        for work in (0, 4):  # everything about the bot, then its latch
            played.begin(work)
            await _settle()
            while played.api.waiting:
                played.turn(0)
                await _settle()
                played.check()
        if len(played.api.written) == written and number:
            return
    raise AssertionError("two looks without news wrote each time")


@pytest.mark.control("S7.3")
@given(STEPS)
def test_s7_uncertainty_may_reduce_risk_and_never_adds_it(steps: list[tuple[str, int]]) -> None:
    async def live() -> None:
        played = await _played(steps)
        await _come_to_rest(played)
        played.check_at_rest()

    asyncio.run(live())
