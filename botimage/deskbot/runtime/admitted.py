"""What a bot in a cluster may run: the spec that was judged, inside the envelope in force, and never anything looser.

    object ──▶ newest spec ─────────┐
       │                            ├─▶ in_force ─▶ what the engine is told
       ├─▶ status.admitted ─▶ base ─┤
       └─▶ status.effectiveEnvelope ┘

The operator judges a spec and names it in `status.admitted` by UID, generation and hash. Until it has judged a newer
one, the engine runs on with the one that was judged and takes from the newer only what tightens: halted, paused, lower
limits, fewer markets or strategies. Where nothing is admitted, or the spec that is was never seen (a bot that started
after two edits), no order may leave: the bot is paused, still cancels and halts, and goes on when it is admitted.

`admitted` also names the account that is this bot's; without one, a bot whose orders reach a venue is admitted to
nothing (`account_gate.py`).

A bot that runs from a file is its own judge and does without this module.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from deskapi import (
    Admitted,
    EffectiveEnvelope,
    Mode,
    TradingBot,
    TradingBotSpec,
    as_bounds,
    narrow,
    read_part,
    spec_hash,
)
from deskbot.runtime.observation import Observation, observe


@dataclass(frozen=True)
class Version:
    """One spec of the object, as what identifies it."""

    bot: TradingBot
    generation: int
    spec_hash: str

    def is_admitted(self, admitted: Admitted, uid: str, told: tuple[int, str]) -> bool:
        """Whether this is the spec that was judged. `told`: generation and hash of the object as it is now.

        A newer schema shows the same generation with more fields, and so with another hash: to a version that cannot
        read those it is still the spec that it knows.
        """
        if (admitted.uid, admitted.generation) != (uid, self.generation):
            return False
        return admitted.spec_hash == self.spec_hash or (self.generation, admitted.spec_hash) == told


@dataclass(frozen=True)
class Known:
    """What a bot knows of its object.

    `asked` is the object as if nobody had to judge it, `newest` its last spec that could be read, `base` the last one
    that was admitted (None: none ever was); `seen` is what comes of them, for the engine.
    """

    asked: Observation
    newest: Version | None
    base: Version | None
    seen: Observation


def look(raw: Mapping[str, Any], uid: str, generation: int, before: Known | None) -> Known:
    """What a newly read object means, after what was known before."""
    asked = observe(raw, uid, generation, before.asked if before is not None else None)
    newest = before.newest if before is not None else None
    told = (generation, spec_hash(raw.get("spec") or {}))
    if asked.bot is not None and not asked.wrong:
        newest = Version(asked.bot, *told)
    status = raw.get("status") or {}
    admitted, effective = read_part(Admitted, status.get("admitted")), _effective(status.get("effectiveEnvelope"))
    last = before.base if before is not None else None
    judged = next(
        (each for each in (newest, last) if each and admitted and each.is_admitted(admitted, uid, told)), None
    )
    base, account = judged or last, _account(admitted, uid)
    named = judged is not None and bool(account or judged.bot.spec.mode is Mode.DRY_RUN)
    seen = _seen(asked, base or newest, newest, effective, admitted=named and effective is not None)
    return Known(asked, newest, base, replace(seen, account=account))


def in_force(
    base: TradingBotSpec, newest: TradingBotSpec, effective: EffectiveEnvelope | None, *, admitted: bool
) -> TradingBotSpec:
    """The spec that the engine runs: `base`, tightened by `newest`, inside `effective`. Not `admitted`: paused.

    Pausing pulls every quote and opens nothing; what is held stays reducible by a halt or by a person on the venue. The
    acknowledgement of a halt loosens, so it counts only when it was judged, or where nothing can be sent after it.
    """
    markets = tuple(market for market in base.markets if market in newest.markets)
    enabled = {strategy.name for strategy in newest.strategies if strategy.enabled}
    same_release = base.acknowledged_halt == newest.acknowledged_halt
    bounds = {"newest": as_bounds(newest.envelope), **({} if effective is None else {"effective": effective})}
    return base.model_copy(
        update={
            "halted": base.halted or newest.halted,
            "paused": base.paused or newest.paused or not markets or not admitted,
            "acknowledged_halt": newest.acknowledged_halt if same_release or not admitted else None,
            # A bot has at least one market; without one that both name it is paused.
            "markets": markets or base.markets,
            "strategies": tuple(
                strategy.model_copy(update={"enabled": strategy.enabled and strategy.name in enabled})
                for strategy in base.strategies
            ),
            "envelope": narrow(base.envelope, bounds).envelope,
        }
    )


def _seen(
    asked: Observation,
    base: Version | None,
    newest: Version | None,
    effective: EffectiveEnvelope | None,
    *,
    admitted: bool,
) -> Observation:
    if base is None or newest is None:
        return replace(asked, admitted=False)
    spec = in_force(base.bot.spec, newest.bot.spec, effective, admitted=admitted)
    return replace(
        asked,
        bot=base.bot.model_copy(update={"spec": spec}),
        generation=base.generation,
        halted=asked.halted or spec.halted,
        paused=asked.paused or spec.paused,
        admitted=admitted,
    )


def _account(admitted: Admitted | None, uid: str) -> str:
    """The account that this object was admitted on, whichever of its specs was judged."""
    return admitted.account_id or "" if admitted is not None and admitted.uid == uid else ""


def _effective(part: object) -> EffectiveEnvelope | None:
    """The envelope in force; one that bounds nothing is none."""
    read = read_part(EffectiveEnvelope, part)
    return read if read is not None and read.model_dump(exclude_none=True) else None
