"""`kubectl desk resume`: a person acknowledges one halt, by its id.

The id is shown first and acknowledged under the resourceVersion that showed it: a halt that came in between is not
released by an answer to the one before.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from deskapi import LatchState
from deskoperator.controller import clock
from deskoperator.controller.cluster import Cluster
from deskoperator.errors import ApiError, Conflict
from deskoperator.kubectl.job import LOOK_SECONDS
from deskoperator.kubectl.seen import halt_words
from deskoperator.plan.bot import Bot, read_bot
from deskoperator.plan.kill import evidence_in_words
from deskoperator.resources.kinds import TRADING_BOT


@dataclass(frozen=True)
class Resumed:
    """`problem` "": released."""

    namespace: str
    bot: str
    halt_id: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Resuming:
    """`ask` is given the question and says whether the answer is yes."""

    cluster: Cluster
    ask: Callable[[str], bool]
    timeout: timedelta

    async def resume(self, namespace: str, name: str) -> Resumed:
        """One bot, whatever comes of it."""
        found = await self.cluster.get(TRADING_BOT, namespace, name)
        if found is None:
            return Resumed(namespace, name, problem=f"there is no TradingBot {name} in {namespace}")
        bot = read_bot(found)
        halt_id = held(bot)
        if not halt_id:
            return Resumed(namespace, name, problem="it is not halted")
        if not self.ask(question(bot, halt_id)):
            return Resumed(namespace, name, halt_id, "not acknowledged, nothing was changed")
        try:
            await self._acknowledge(bot, halt_id)
            return Resumed(namespace, name, halt_id, await self._wait(namespace, name, halt_id))
        except Conflict:
            return Resumed(namespace, name, halt_id, "the bot has changed meanwhile: look again")
        except ApiError as error:
            return Resumed(namespace, name, halt_id, str(error))

    async def _acknowledge(self, bot: Bot, halt_id: str) -> None:
        spec = {"halted": None, "acknowledgedHalt": halt_id}
        metadata = {"resourceVersion": bot.metadata.resource_version, "uid": bot.metadata.uid}
        changes = {"metadata": metadata, "spec": spec}
        await self.cluster.merge(TRADING_BOT, bot.metadata.namespace, bot.metadata.name, changes)

    async def _wait(self, namespace: str, name: str, halt_id: str) -> str:
        began, refusal = clock.monotonic(), ""
        while clock.monotonic() - began < self.timeout.total_seconds():
            found = await self.cluster.get(TRADING_BOT, namespace, name)
            if found is None:
                return f"there is no TradingBot {name} in {namespace} any more"
            refusal = still_held(read_bot(found), halt_id)
            if not refusal:
                return ""
            await clock.pause(LOOK_SECONDS)
        return f"acknowledged, and not released yet: {refusal}"


def held(bot: Bot) -> str:
    """The id of the halt in force, "" for none."""
    if bot.latch is not None and bot.latch.state is not LatchState.RELEASED:
        return bot.latch.id
    return bot.engine_halt.id if bot.engine_halt is not None else ""


def still_held(bot: Bot, halt_id: str) -> str:
    """Why the halt is not over yet, in words; "" when it is."""
    latch = bot.latch
    if latch is not None and latch.state is not LatchState.RELEASED:
        if latch.id != halt_id:
            return f"a further halt holds: {latch.id} ({latch.reason or 'no reason given'})"
        return halt_words(bot) or "the operator has not released it yet"
    if bot.engine_halt is not None:
        return f"the engine still holds halt {bot.engine_halt.id}"
    return ""


def question(bot: Bot, halt_id: str) -> str:
    """What is acknowledged, in words."""
    name = f"{bot.metadata.namespace}/{bot.metadata.name}"
    latch = bot.latch
    if latch is None or latch.id != halt_id:
        halt = bot.engine_halt
        reason = halt.reason if halt is not None and halt.reason else "no reason given"
        return f"{name} is halted by its engine: halt {halt_id} ({reason}). Release it?"
    confirmed = latch.state is LatchState.CONFIRMED
    proof = evidence_in_words(latch) if confirmed else "the venue has NOT confirmed that no order is left"
    return f"{name}: halt {halt_id} ({latch.reason or 'no reason given'}); {proof}. Release it?"
