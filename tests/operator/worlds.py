"""Worlds for the plan: objects as an API server would return them, and what applying a plan makes of them."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from deskapi import dump
from deskoperator.plan.account import own_claim
from deskoperator.plan.bot import Bot, read_bot
from deskoperator.plan.kill_target import venue_scope
from deskoperator.plan.plan import Plan, plan
from deskoperator.plan.policies import Policy
from deskoperator.plan.world import World
from deskoperator.resources.children import children
from deskoperator.resources.kinds import LEASE, STATEFUL_SET, Kind, Object
from deskoperator.resources.lease import new_lease
from deskoperator.resources.venue_scope import notes

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
UID = "4edcb75a-0000-4000-8000-000000000001"
POD_UID = "pod-1"
IMAGE = "desk-bot:test"
REVISION = "bot-bot1-5d4"
ACCOUNT = "1001"
JUDGED = ("admitted", "effectiveEnvelope", "policies")


def text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def bot_object(**spec: Any) -> Object:
    """A valid TradingBot; keyword arguments replace fields of the spec, None removes one."""
    fields: Object = {
        "mode": "Testnet",
        "venue": {
            "exchange": "bybit",
            "marketType": "Swap",
            "endpoint": "http://exchange-simulator:8080",
            "credentialsSecretRef": {"name": "bot1-keys"},
        },
        "markets": ["BTC/USDT:USDT"],
        "strategies": [{"name": "simple-maker", "enabled": True, "params": {"levels": 3}}],
        "envelope": {"maxOrderNotional": "250", "maxPositionNotional": "1000"},
        **spec,
    }
    return {
        "apiVersion": "tradingdesk.io/v1alpha1",
        "kind": "TradingBot",
        "metadata": {"name": "bot1", "namespace": "desk", "uid": UID, "generation": 1, "resourceVersion": "7"},
        "spec": {name: value for name, value in fields.items() if value is not None},
        "status": {},
    }


def engine(state: str = "Running", **more: Any) -> Object:
    """A report of an engine that is up and reconciled; None removes a field."""
    report = {"state": state, "observedGeneration": 1, "podUid": POD_UID, "reconciledAt": text(NOW), **more}
    return {name: value for name, value in report.items() if value is not None}


def halt(name: str, *, reason: str = "JournalLost", at: datetime = NOW, confirmed: bool = False) -> Object:
    """A halt as the engine reports it."""
    evidence = {"confirmedAt": text(at), "ordersCancelled": 4, "residualOrders": 0} if confirmed else {}
    return {"id": name, "source": "Engine", "reason": reason, "triggeredAt": text(at), **evidence}


def with_status(obj: Object, **parts: Any) -> Object:
    """The same object with parts of its status replaced."""
    return {**obj, "status": {**obj["status"], **parts}}


def reported(obj: Object, at: datetime) -> Object:
    """The same object with the time at which the API server took the engine's report."""
    fields: Object = {"f:status": {"f:engine": {"f:state": {}}}}
    entry = {"manager": "desk-bot", "subresource": "status", "time": text(at), "fieldsV1": fields}
    return {**obj, "metadata": {**obj["metadata"], "managedFields": [entry]}}


def pod_object(*, ready: bool = True, running: bool = True, waiting: Object | None = None, **metadata: Any) -> Object:
    """The bot's pod."""
    state = {"running": {"startedAt": text(NOW)}} if running else {"waiting": waiting or {"reason": "Creating"}}
    condition = {"type": "Ready", "status": str(ready), "lastTransitionTime": text(NOW)}
    labels = {"controller-revision-hash": REVISION}
    return {
        "metadata": {"name": "bot-bot1-0", "uid": POD_UID, "labels": labels, **metadata},
        "status": {"conditions": [condition], "containerStatuses": [{"name": "bot", "state": state}]},
    }


def live_children(obj: Object, image: str = IMAGE) -> dict[Kind, Object]:
    """All children of a bot, as a server keeps them: with fields of its own added."""
    bot = read_bot(obj)
    assert bot.spec is not None
    wanted = children(bot.metadata, bot.spec, image, live_lease(obj))
    return {kind: _stored(kind, child) for kind, child in wanted.items()}


def live_lease(obj: Object, holder: str = "", *, released: bool = False, account: str = ACCOUNT) -> Object:
    """The bot's Lease, as a server keeps it; the bot was admitted on an account, unless that is ""."""
    bot = read_bot(obj)
    written = notes(venue_scope(bot, None, account), obj["status"].get("killSwitch"))
    lease = _stored(LEASE, new_lease(bot.metadata, written, never_ran=released))
    return {**lease, "spec": {"holderIdentity": holder}}


def _stored(kind: Kind, child: Object) -> Object:
    live = copy.deepcopy(child)
    live["metadata"] |= {
        "uid": f"{kind.kind}-uid",
        "generation": 1,
        "resourceVersion": "5",
        "creationTimestamp": text(NOW),
    }
    if kind == STATEFUL_SET:
        live["status"] = {"observedGeneration": 1, "updateRevision": REVISION}
        live["spec"]["template"]["spec"] |= {"dnsPolicy": "ClusterFirst", "restartPolicy": "Always"}
        live["spec"]["template"]["spec"]["containers"][0]["terminationMessagePath"] = "/dev/termination-log"
    return live


@dataclass(frozen=True)
class Scene:
    """One moment: the bot's object and the rest of the world."""

    obj: Object
    world: World = field(default_factory=lambda: World(IMAGE, policies=()))
    now: datetime = NOW

    @cached_property
    def bot(self) -> Bot:
        return read_bot(self.obj)

    def plan(self) -> Plan:
        return plan(self.bot, self.world, self.now)

    def after(self, done: Plan, *, seconds: float = 1.0) -> "Scene":
        """The scene once everything that was planned has been written."""
        status = copy.deepcopy(self.obj["status"])
        if done.latch is not None:
            status["killSwitch"] = dump(done.latch)
        if done.confirmation is not None:
            status["killSwitch"] = dump(done.confirmation)
        if done.admission is not None:
            status = {name: part for name, part in status.items() if name not in JUDGED} | done.admission
        status |= done.status or {}
        live = {kind: child for kind, child in self.world.children.items() if not _removed(done, kind, child)}
        live |= {apply.kind: _stored(apply.kind, apply.manifest) for apply in done.applies}
        lease = self.world.lease if done.lease is None else _stored(LEASE, done.lease)
        if lease is not None and done.notes is not None:
            lease = _annotated(lease, done.notes.annotations)
        pod = self.world.pod_object
        removed = {delete.uid for delete in (*done.deletes, *done.stops)}
        if pod is not None and pod["metadata"]["uid"] in removed:
            pod = None
        job = self.world.kill_job
        if job is not None and job["metadata"]["uid"] in removed:
            job = None
        for made in done.creates:
            job = {**made.manifest, "metadata": {**made.manifest["metadata"], **_new(self.now)}}
        claim = done.claim or self.world.claim
        world = replace(self.world, children=live, pod_object=pod, kill_job=job, lease=lease, claim=claim)
        return Scene({**self.obj, "status": status}, world, self.now + timedelta(seconds=seconds))

    def settled(self) -> "Scene":
        """The scene after as many rounds as it takes."""
        scene = self
        for _ in range(5):
            done = scene.plan()
            if done.writes_nothing:
                return scene
            scene = scene.after(done)
        raise AssertionError(f"still writing: {scene.plan()}")

    def conditions(self) -> dict[str, tuple[str, str]]:
        """Status and reason of each condition that is written."""
        return {each["type"]: (each["status"], each["reason"]) for each in self.obj["status"]["conditions"]}


def _annotated(lease: Object, changes: Mapping[str, str | None]) -> Object:
    merged = {**lease["metadata"].get("annotations", {}), **changes}
    kept = {name: note for name, note in merged.items() if note is not None}
    return {**lease, "metadata": {**lease["metadata"], "annotations": kept}}


def _new(at: datetime) -> Object:
    return {"uid": "job-1", "creationTimestamp": text(at)}


def _removed(done: Plan, kind: Kind, child: Object) -> bool:
    return any(delete.kind == kind and delete.uid == child["metadata"]["uid"] for delete in done.deletes)


def policy_object(name: str = "alpha", generation: int = 1, **spec: Any) -> Object:
    """A RiskPolicy that selects every bot; keyword arguments are fields of its spec."""
    metadata = {"name": name, "namespace": "desk", "uid": f"{name}-uid", "generation": generation}
    spec = {"selector": {}, **spec}
    return {"apiVersion": "tradingdesk.io/v1alpha1", "kind": "RiskPolicy", "metadata": metadata, "spec": spec}


def scene(
    obj: Object, *, pod: Object | None = None, now: datetime = NOW, policies: tuple[Policy, ...] | None = ()
) -> Scene:
    """A bot whose children are all there, admitted on its account."""
    live, lease = live_children(bot_object()), live_lease(obj)
    world = World(IMAGE, children=live, pod_object=pod, policies=policies, lease=lease)
    return Scene(obj, replace(world, claim=own_claim(read_bot(obj), lease)), now)
