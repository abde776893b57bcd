"""RiskPolicies with the operator as a process against a real API server. The test plays kubelet and bot."""

import asyncio
import ssl
import statistics
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from deskbot.runtime.clock import Clock
from deskbot.runtime.control_object import ControlObject
from deskbot.runtime.kube_api import ApiServer, KubeApi
from deskbot.runtime.observation import Observation
from deskoperator.resources.kinds import RISK_POLICY, STATEFUL_SET, TRADING_BOT, Object
from tests.cluster.control_plane import ControlPlane
from tests.operator.desk import Api, Operator, at_rest, eventually
from tests.operator.played import SPACE, Bot, Engine
from tests.operator.worlds import halt
from tests.runtime.rights import authority_of

pytestmark = [pytest.mark.apiserver, pytest.mark.timeout(1200)]  # the programs may have to be built first


class Policy:
    """One RiskPolicy over the bots with a label of its own."""

    def __init__(self, api: Api, name: str, **spec: Any) -> None:
        self.api, self.name = api, name
        body = {
            **RISK_POLICY.header(SPACE, name),
            "spec": {"selector": {"matchLabels": {"scope": name}}, **spec},
        }
        api.create(RISK_POLICY, SPACE, body)

    def patch(self, **spec: Any) -> None:
        self.api.merge(RISK_POLICY, SPACE, self.name, {"spec": spec})

    def status(self) -> Object:
        return dict(self.api.get(RISK_POLICY, SPACE, self.name).get("status") or {})

    def bot(self, **spec: Any) -> Bot:
        """A bot in its scope, from its first moment on."""
        return Bot(self.api, {"scope": self.name}, **spec)


def judged(bot: Bot, name: str) -> Any:
    return bot.status()[name]


def test_s7_a_ceiling_is_in_force_at_once_when_it_is_set_lowered_or_raised(operator: Operator, api: Api) -> None:
    policy = Policy(api, "ceiling", ceilings={"maxOrderNotional": "100"})
    bot = policy.bot()
    for ceiling, holds in (("100", "100"), ("40", "40"), ("9999", "250")):
        policy.patch(ceilings={"maxOrderNotional": ceiling})
        eventually(partial(_orders_up_to, bot, holds))
    bot.comes_to("Admitted", "True", "Allowed")
    [listed] = judged(bot, "policies")
    generation = api.get(RISK_POLICY, SPACE, "ceiling")["metadata"]["generation"]
    assert (listed["name"], listed["generation"], listed.get("sets", [])) == ("ceiling", generation, [])
    assert judged(bot, "admitted")["uid"] == bot.object()["metadata"]["uid"]


def _orders_up_to(bot: Bot, amount: str) -> bool:
    return bool(judged(bot, "effectiveEnvelope")["maxOrderNotional"] == amount)


def test_s3_a_bot_that_is_not_allowed_gets_no_pod_until_it_is(operator: Operator, api: Api) -> None:
    policy = Policy(api, "modes", allowed={"modes": ["DryRun"]})
    bot = policy.bot()
    bot.comes_to("Admitted", "False", "ModeNotAllowed")
    bot.comes_to("Stalled", "True", "ModeNotAllowed")
    assert api.find(STATEFUL_SET, SPACE, f"bot-{bot.name}") is None
    policy.patch(allowed={"modes": ["DryRun", "Testnet"]})
    bot.comes_to("Admitted", "True", "Allowed")
    bot.has_children()


def test_s3_the_engine_finds_admitted_what_it_reads_by_itself(
    operator: Operator, api: Api, control_plane: ControlPlane, tmp_path: Path
) -> None:
    """The operator reads one object, the engine a list and a watch: numbers and defaults are the same in them all."""
    params = {"size": "0.001", "small": 1e-7, "large": 1e21, "whole": 2.0, "deep": {"list": [1, 2.5, None, "ü"]}}
    bot = Bot(api, strategies=[{"name": "simple-maker", "enabled": True, "params": params}])
    bot.has_children()
    Engine(control_plane, bot).trades()
    token = tmp_path / "token"
    token.write_text(control_plane.kubectl("-n", SPACE, "create", "token", f"bot-{bot.name}"))
    tls = ssl.create_default_context(cafile=str(authority_of(control_plane)))
    server = ApiServer(control_plane.url, token, tls)

    async def until(generation: int, seen: list[Observation]) -> None:
        async with asyncio.timeout(30):
            while not seen or seen[-1].generation != generation or not seen[-1].admitted:  # noqa: ASYNC110 a watch tells
                await asyncio.sleep(0.02)

    async def main() -> Observation:
        client, seen = KubeApi(server, SPACE, bot.name), list[Observation]()
        watching = asyncio.ensure_future(ControlObject(client, Clock()).run(seen.append))
        await until(1, seen)
        await asyncio.to_thread(bot.patch, markets=["BTC/USDT:USDT", "ETH/USDT:USDT"])
        await until(2, seen)
        watching.cancel()
        await client.close()
        return seen[-1]

    found = asyncio.run(main())
    assert found.bot is not None
    assert found.bot.spec.markets == ("BTC/USDT:USDT", "ETH/USDT:USDT")
    assert not found.paused


def test_s7_a_bot_that_loses_its_policy_is_no_longer_admitted_and_keeps_its_envelope(
    operator: Operator, api: Api
) -> None:
    policy = Policy(api, "lost", ceilings={"maxOrderNotional": "100"})
    bot = policy.bot()
    bot.settled()
    api.merge(TRADING_BOT, SPACE, bot.name, {"metadata": {"labels": {"scope": "elsewhere"}}})
    bot.comes_to("Admitted", "False", "PolicyLost")
    assert "admitted" not in bot.status()
    api.merge(TRADING_BOT, SPACE, bot.name, {"metadata": {"labels": {"scope": "lost"}}})
    bot.comes_to("Admitted", "True", "Allowed")
    api.delete(RISK_POLICY, SPACE, "lost")
    bot.comes_to("Admitted", "False", "PolicyLost")
    assert judged(bot, "effectiveEnvelope")["maxOrderNotional"] == "100"
    assert api.find(STATEFUL_SET, SPACE, f"bot-{bot.name}") is not None


@pytest.mark.control("S4.7", "R6-12b")
def test_s4_a_policy_that_halts_latches_every_bot_in_scope_and_no_other(
    operator: Operator, api: Api, control_plane: ControlPlane
) -> None:
    policy = Policy(api, "switch")
    bots, outside = [policy.bot() for _ in range(20)], Bot(api)
    for bot in bots:
        bot.has_children()
    eventually(lambda: policy.status()["bots"]["inScope"] == 20)
    at_rest(operator)
    begin = time.perf_counter()
    policy.patch(halted=True)
    awaited, seen = {bot.name for bot in bots}, dict[str, float]()
    while len(seen) < len(awaited):
        for each in api.list(TRADING_BOT, SPACE):
            if each["metadata"]["name"] in awaited and (each.get("status") or {}).get("killSwitch"):
                seen.setdefault(each["metadata"]["name"], time.perf_counter() - begin)
        assert time.perf_counter() - begin < 20, seen  # a machine that is busy
        time.sleep(0.02)
    times = [seconds * 1000 for seconds in seen.values()]
    print(f"policy patched to latch seen, 20 bots: median {statistics.median(times):.0f} ms, most {max(times):.0f} ms")
    assert outside.latch() == {}
    latch = bots[0].latch()
    assert (latch["source"], latch["reason"], latch["policies"]) == ("Policy", "PolicyHalted", ["switch"])
    eventually(lambda: policy.status()["bots"] == {"inScope": 20, "trading": 0, "halted": 20})
    eventually(lambda: policy.status()["conditions"][0]["status"] == "True")

    engine = Engine(control_plane, bots[0])
    proof = {**halt(latch["id"], reason="StatusHalted"), "confirmedAt": "2026-11-21T09:00:01Z", "ordersCancelled": 1}
    engine.report("Halted", halt=proof)
    bots[0].patch(acknowledgedHalt=latch["id"])
    eventually(lambda: bots[0].latch()["state"] == "Confirmed")
    bots[0].comes_to("Halted", "True", "HaltConfirmed")
    assert bots[0].latch()["state"] == "Confirmed"
    policy.patch(halted=False)
    eventually(lambda: bots[0].latch()["state"] == "Released")
    assert bots[1].latch()["state"] != "Released"


def test_s4_a_bot_that_comes_into_the_scope_of_a_policy_that_halts_is_latched(operator: Operator, api: Api) -> None:
    policy = Policy(api, "already", halted=True)
    bot = policy.bot()
    eventually(partial(_latched, bot))
    assert bot.latch()["policies"] == ["already"]
    other = Bot(api)
    other.has_children()
    api.merge(TRADING_BOT, SPACE, other.name, {"metadata": {"labels": {"scope": "already"}}})
    eventually(partial(_latched, other))


def _latched(bot: Bot) -> Object | None:
    return bot.latch() or None


def test_s7_looking_again_at_a_judged_bot_writes_nothing(operator: Operator, api: Api) -> None:
    """Whatever order the API server keeps its lists in."""
    for name in ("zebra", "yak", "xerus"):
        Policy(api, name, selector={"matchLabels": {"scope": "many"}}, ceilings={"maxOpenOrders": 3})
    bot = Bot(api)
    api.merge(TRADING_BOT, SPACE, bot.name, {"metadata": {"labels": {"scope": "many"}}})
    eventually(lambda: len(judged(bot, "policies")) == 3)
    api.merge(RISK_POLICY, SPACE, "yak", {"spec": {"ceilings": {"maxOpenOrders": 2, "priceCollar": "1%"}}})
    eventually(lambda: judged(bot, "effectiveEnvelope")["maxOpenOrders"] == 2)
    bot.comes_to("Admitted", "True", "Allowed")
    time.sleep(1.5)  # the counts of the policies are written a second later
    at_rest(operator)
    before, looked = (
        bot.object()["metadata"]["resourceVersion"],
        operator.measured("desk_operator_reconcile_seconds_count"),
    )
    child = api.merge(STATEFUL_SET, SPACE, f"bot-{bot.name}", {"metadata": {"annotations": {"looked": "at"}}})
    assert child["metadata"]["annotations"]["looked"] == "at"
    eventually(lambda: operator.measured("desk_operator_reconcile_seconds_count") > looked)
    time.sleep(0.5)
    assert bot.object()["metadata"]["resourceVersion"] == before
