"""Never two bots admitted on one account: two operators, three bots, and every order of their requests (safety.md 3).

What is played is the operators' real work over an API server in memory, with requests that fail, operators that start
anew between any two of them, bots that are halted, deleted, made again under their name and given other keys. An engine
is taken at its worst: from the moment at which its object named an account it may send orders there, until its Lease is
gone. What a kill Job may take is checked when the Job is made.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskapi.lease import RELEASED_MARK
from deskoperator.controller.queue import WorkQueue
from deskoperator.controller.reconcile import Reconciler
from deskoperator.controller.recorder import Recorder
from deskoperator.controller.tasks import Task, Work
from deskoperator.errors import ApiError
from deskoperator.resources.kinds import JOB, LEASE, POD, RISK_POLICY, STATEFUL_SET, TRADING_BOT, Kind, Object
from deskoperator.resources.labels import child_name
from deskoperator.resources.venue_scope import scope_on
from tests.operator.simulated_api import SimulatedApi, SimulatedCluster, failed
from tests.operator.test_kill_job import job_pod, outcome
from tests.operator.worlds import IMAGE, bot_object, engine, with_status

BOTS = ("bot1", "bot2", "bot3")
ACCOUNTS = ("1001", "1001", "1001", "2002")
PLAYED = (TRADING_BOT, RISK_POLICY, LEASE)
LONG_AGO = "2020-01-01T00:00:00Z"


class Desk:
    """One namespace, two operators, and what has been seen of them."""

    def __init__(self) -> None:
        self.made = 0
        self.api = SimulatedApi(self._new("bot1"))
        for name in BOTS[1:]:
            self.api.put(TRADING_BOT, self._new(name))
        self.passes: dict[str, asyncio.Task[None]] = {}
        self.operators: dict[str, Reconciler] = {}
        for number in (0, 1):
            self.restart(number)
        self.on: dict[str, str] = {}  # UID -> the account that it was admitted on
        self.proven: set[str] = set()
        self.judged: set[str] = set()
        self.flowing = 0  # requests that are let through before anything else happens

    def _new(self, name: str) -> Object:
        self.made += 1
        obj = bot_object()
        obj["metadata"] |= {"name": name, "uid": f"{self.made:08}-uid"}
        return obj

    def bot(self, number: int) -> Object | None:
        return self.api.objects.get((TRADING_BOT, BOTS[number % 3]))

    def of(self, kind: Kind) -> list[Object]:
        return [obj for (found, _), obj in self.api.objects.items() if found == kind]

    # people, engines, the cluster

    def report(self, number: int) -> None:
        """The engine tells the account that its key opens: mostly the same as it did before. Its pod came after its
        Lease."""
        obj = self.bot(number)
        if obj is None or not self._has_its_lease(obj):
            return
        before = obj["status"].get("engine", {}).get("accountId")
        account = before if before and number % 10 else ACCOUNTS[number // 3 % 4]
        reconciled = LONG_AGO if obj["status"].get("admitted", {}).get("accountId") else None
        said = engine("Running" if reconciled else "Stalled", accountId=account, reconciledAt=reconciled)
        self.api.put(TRADING_BOT, with_status(obj, engine=said))

    def _has_its_lease(self, obj: Object) -> bool:
        scope = scope_on(self.api.objects.get((LEASE, obj["metadata"]["name"])))
        return scope is not None and scope.uid == obj["metadata"]["uid"]

    def delete(self, number: int) -> None:
        name = BOTS[number % 3]
        self.api.remove(TRADING_BOT, name)
        self.api.remove(STATEFUL_SET, child_name(name))

    def make(self, number: int) -> None:
        name = BOTS[number % 3]
        if self.bot(number) is None:
            self.api.put(TRADING_BOT, self._new(name))

    def halt(self, number: int) -> None:
        """Long enough ago that the second path is due."""
        obj = self.bot(number)
        if obj is not None:
            switch = {"state": "Latched", "id": f"h-{number}", "reason": "SpecHalted", "triggeredAt": LONG_AGO}
            self.api.put(TRADING_BOT, with_status(obj, killSwitch=switch))

    def release(self, number: int) -> None:
        """The pod ends, and marks its Lease."""
        lease = self.api.objects.get((LEASE, BOTS[number % 3]))
        if lease is not None:
            marks = {**lease["metadata"]["annotations"], RELEASED_MARK: "true"}
            self.api.put(LEASE, {**lease, "metadata": {**lease["metadata"], "annotations": marks}})

    def prove(self, number: int) -> None:
        """A kill Job comes to its end."""
        jobs = self.of(JOB)
        if not jobs:
            return
        job = jobs[number % len(jobs)]
        args = dict(one.split("=", 1) for one in _arguments(job) if "=" in one)
        pod = job_pod(outcome(haltId=args["--halt-id"]), owner=job["metadata"]["uid"])
        name = job["metadata"]["name"]
        pod["metadata"] |= {"name": f"{name}-x", "labels": {"batch.kubernetes.io/job-name": name}}
        self.api.put(POD, pod)
        self.proven.add(args["--bot-uid"])

    # operators

    def restart(self, number: int) -> None:
        """It forgets everything; what it had under way ends there."""
        name = ("first", "second")[number % 2]
        if name in self.passes:
            self.passes[name].cancel()
        cluster = SimulatedCluster(self.api, name, PLAYED)
        self.operators[name] = Reconciler(
            cluster, cluster, WorkQueue[Task](lambda: 1.0), Recorder(cluster, name), IMAGE
        )

    def begin(self, number: int) -> None:
        name = ("first", "second")[number % 2]
        if name not in self.passes or self.passes[name].done():
            self.passes[name] = asyncio.ensure_future(self._work(name, BOTS[number // 2 % 3]))

    async def _work(self, operator: str, bot: str) -> None:
        try:
            await self.operators[operator].work(Task(Work.BOT, "desk", bot))
        except ApiError:
            return  # the queue would bring it back

    def whole(self, number: int) -> None:
        """Everything that waits goes through, one after the other, and what comes of it."""
        self.begin(number)
        self.flowing = 30

    def turn(self, number: int) -> None:
        self._let(number, fail=False)

    def fail(self, number: int) -> None:
        self._let(number, fail=True)

    def _let(self, number: int, *, fail: bool) -> None:
        if not self.api.waiting:
            return
        request = self.api.waiting.pop(number % len(self.api.waiting))
        if request.go.done():
            return
        if fail:
            request.go.set_exception(failed())
        else:
            request.go.set_result(None)

    # what must hold

    def check(self) -> None:
        for obj in self.of(TRADING_BOT):
            admitted = obj["status"].get("admitted", {})
            if admitted.get("accountId"):
                uid, account = admitted["uid"], admitted["accountId"]
                assert uid == obj["metadata"]["uid"]
                assert self.on.setdefault(uid, account) == account, "admitted on another account than before"
        live = self.live()
        for account in set(live.values()):
            assert list(live.values()).count(account) == 1, f"two bots on {account}: {live}"
        for job in self.of(JOB):
            self._check_job(job, live)

    def live(self) -> dict[str, str]:
        """UID -> account, of every bot that may still have orders there."""
        here = {obj["metadata"]["uid"] for obj in self.of(TRADING_BOT)}
        left = {scope.uid for lease in self.of(LEASE) if (scope := scope_on(lease)) is not None}
        for uid in set(self.on) - here - left:
            assert uid in self.proven, "buried without a proof"
            del self.on[uid]
        return self.on

    def _check_job(self, job: Object, live: dict[str, str]) -> None:
        """When it was made, nobody else had the account that it empties."""
        if job["metadata"]["uid"] in self.judged:
            return
        self.judged.add(job["metadata"]["uid"])
        args = dict(one.split("=", 1) for one in _arguments(job) if "=" in one)
        assert args.get("--account-id"), "a Job that takes whatever the key opens"
        others = [uid for uid, account in live.items() if account == args["--account-id"] and uid != args["--bot-uid"]]
        assert others == [], "a Job takes the orders of another bot"


def _arguments(job: Object) -> list[str]:
    args: list[str] = job["spec"]["template"]["spec"]["containers"][0]["args"]
    return args


ACTIONS: dict[str, Callable[[Desk, int], None]] = {
    "whole": Desk.whole,
    "turn": Desk.turn,
    "begin": Desk.begin,
    "report": Desk.report,
    "halt": Desk.halt,
    "delete": Desk.delete,
    "make": Desk.make,
    "release": Desk.release,
    "prove": Desk.prove,
    "fail": Desk.fail,
    "restart": Desk.restart,
}
OFTEN = (
    ["turn"] * 24 + ["begin"] * 6 + ["report"] * 4 + ["make", "prove", "release", "delete", "halt", "fail", "restart"]
)
STEPS = st.lists(st.tuples(st.sampled_from(OFTEN), st.integers(0, 999)), min_size=60, max_size=160)


async def _settle() -> None:
    for _ in range(8):
        await asyncio.sleep(0)


async def _step(desk: Desk, name: str, number: int) -> None:
    ACTIONS[name](desk, number)
    await _settle()
    desk.check()
    while desk.flowing and desk.api.waiting:
        desk.flowing -= 1
        desk.turn(number)
        await _settle()
        desk.check()
    desk.flowing = 0


async def _to_the_end(desk: Desk, number: int) -> None:
    """One pass of the first operator about a bot, let alone."""
    desk.begin(2 * number)
    await _settle()
    while desk.api.waiting:
        desk.turn(0)
        await _settle()
        desk.check()


async def _come_to_rest(desk: Desk) -> None:
    for task in desk.passes.values():
        task.cancel()
    await _settle()
    for _ in range(8):
        for number in range(3):
            desk.release(number)
            desk.prove(number)
            await _to_the_end(desk, number)


def _at_rest(desk: Desk) -> None:
    """Every account that some bot tells of is one bot's, and that bot is admitted; unless its key opened another one
    when it was about to be."""
    taken = set(desk.live().values())
    for obj in desk.of(TRADING_BOT):
        status: Any = obj["status"]
        told = status.get("engine", {}).get("accountId")
        noted = scope_on(desk.api.objects.get((LEASE, obj["metadata"]["name"])))
        if told and noted is not None and noted.account_id in {"", told}:
            assert told in taken, json.dumps(status)


@pytest.mark.control("S3.8")
@given(STEPS)
def test_s3_never_are_two_bots_on_one_account_and_no_kill_takes_anothers_orders(steps: list[tuple[str, int]]) -> None:
    async def live() -> None:
        desk = Desk()
        for number in range(3):
            await _to_the_end(desk, number)
        for name, number in steps:
            await _step(desk, name, number)
        await _come_to_rest(desk)
        _at_rest(desk)

    asyncio.run(live())
