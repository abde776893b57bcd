"""What a bot sees of its own object, from whatever it is read.

The last good spec stays in force when the object can no longer be read: an edit that makes no sense changes nothing,
except that it may always tighten. `halted: true` in an object that is otherwise wrong is a halt.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from deskapi import Invalid, TradingBot, check_change, load_bot


@dataclass(frozen=True)
class Observation:
    """The object at one moment.

    `bot` is the last good one (None until there was one) and `wrong` says why the newest is not it. `generation` counts
    the edits that were taken over. `latch_id` and `latch_released` mirror `status.killSwitch`. `ran_before`: an engine
    of this object has reported the account that it had met. `admitted`: the spec was judged, or needs no judge.
    `account`: the one that the bot was admitted on, "" for none yet; None: it needs no judge.
    """

    bot: TradingBot | None
    uid: str
    generation: int = 0
    halted: bool = False
    paused: bool = False
    latch_id: str = ""
    latch_released: bool = False
    deleted: bool = False
    ran_before: bool = False
    admitted: bool = True
    account: str | None = None
    wrong: str = ""


Deliver = Callable[[Observation], None]


class ControlSource(Protocol):
    """Where a bot's object is read."""

    async def run(self, deliver: Deliver) -> None:
        """Say what the object is now and at every change, until cancelled."""
        ...


def observe(raw: Mapping[str, Any], uid: str, generation: int, before: Observation | None) -> Observation:
    """What a newly read object means, after what was seen before."""
    try:
        bot = load_bot(_what_is_asked(raw))
        if before is not None and before.bot is not None:
            check_change(before.bot, bot)
    except Invalid as error:
        return tightened(raw, before or Observation(None, uid), error)
    seen = Observation(bot, uid, generation, bot.spec.halted, bot.spec.paused)
    return _with_latch(seen, raw)


def tightened(raw: Mapping[str, Any], before: Observation, error: Invalid) -> Observation:
    """What an object that is wrong still says: halted or paused, and the latch."""
    spec = _part(raw, "spec")
    seen = replace(
        before,
        halted=before.halted or spec.get("halted") is True,
        paused=before.paused or spec.get("paused") is True,
        wrong="; ".join(error.problems),
    )
    return _with_latch(seen, raw)


def _what_is_asked(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The object without what changes at every write to it, our own reports among them."""
    metadata = {name: value for name, value in _part(raw, "metadata").items() if name in ("name", "namespace", "uid")}
    return {**{key: value for key, value in raw.items() if key != "status"}, "metadata": metadata}


def _with_latch(seen: Observation, raw: Mapping[str, Any]) -> Observation:
    status = _part(raw, "status")
    latch = _part(status, "killSwitch")
    released = latch.get("state", "Released") == "Released"
    met = bool(_part(status, "engine").get("accountId"))
    return replace(seen, latch_id=str(latch.get("id", "")), latch_released=released, ran_before=met)


def gone(before: Observation) -> Observation:
    """What is left of an object that is not there any more, or is another one under the same name."""
    return replace(before, deleted=True)


def _part(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = raw.get(key)
    return part if isinstance(part, Mapping) else {}
