"""A TradingBot as the plan sees it: every part read on its own, so that one unreadable part hides no other.

The kill switch must work on an object whose spec or report this version cannot read, so its inputs (`halted`,
`acknowledged`, the latch, the engine's halt) are read without the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from deskapi import (
    Admitted,
    EffectiveEnvelope,
    EngineStatus,
    Halt,
    Invalid,
    KillSwitch,
    LatchState,
    ObjectMeta,
    PolicyInForce,
    TradingBotSpec,
    load_bot,
    read_part,
    spec_hash,
)
from deskoperator.resources.kinds import Object

_TIME = TypeAdapter(datetime)
_OF_A_BOT_THAT_RAN = ("admitted", "effectiveEnvelope", "policies", "engine")


@dataclass(frozen=True)
class Bot:
    """One TradingBot. `spec` is None when this version cannot read it; `spec_problem` then says why.

    `admitted`, `effective` and `policies` are what was judged before and is in force.
    """

    metadata: ObjectMeta
    spec: TradingBotSpec | None = None
    spec_problem: str = ""
    spec_hash: str = ""
    halted: bool = False
    acknowledged: str | None = None
    latch: KillSwitch | None = None
    latch_readable: bool = True
    admitted: Admitted | None = None
    effective: EffectiveEnvelope | None = None
    policies: tuple[PolicyInForce, ...] = ()
    engine: EngineStatus | None = None
    engine_halt: Halt | None = None
    reported_at: datetime | None = None
    written_status: Mapping[str, Any] = field(default_factory=dict)
    written_spec: Mapping[str, Any] = field(default_factory=dict)
    latch_written_at: datetime | None = None

    @property
    def latched(self) -> bool:
        """Whether the latch holds; one that cannot be read does."""
        return not self.latch_readable or (self.latch is not None and self.latch.state is not LatchState.RELEASED)

    @property
    def judged_before(self) -> bool:
        """Whether the latest generation is the one that may run, though a newer schema may show more fields of it."""
        found = self.admitted
        if found is None or self.effective is None:
            return False
        return (found.uid, found.generation) == (self.metadata.uid, self.metadata.generation)

    @property
    def may_have_run(self) -> bool:
        """Whether it was ever judged or has reported: what was not never had a pod, whatever else its status says."""
        return any(self.written_status.get(part) for part in _OF_A_BOT_THAT_RAN)

    @property
    def deleting(self) -> bool:
        return self.metadata.deletion_timestamp is not None


def read_bot(obj: Object) -> Bot:
    """The view of an object that the API server returned. Raises `pydantic.ValidationError` without a usable name."""
    spec, spec_problem = _read_spec(obj)
    wishes = obj.get("spec") or {}
    status = obj.get("status") or {}
    engine = status.get("engine") or {}
    latch = read_part(KillSwitch, status.get("killSwitch"))
    return Bot(
        metadata=ObjectMeta.model_validate(obj["metadata"]),
        spec=spec,
        spec_problem=spec_problem,
        spec_hash=spec_hash(wishes),
        halted=wishes.get("halted") is True,
        acknowledged=wishes.get("acknowledgedHalt"),
        latch=latch,
        latch_readable=latch is not None or not status.get("killSwitch"),
        admitted=read_part(Admitted, status.get("admitted")),
        effective=read_part(EffectiveEnvelope, status.get("effectiveEnvelope")),
        policies=tuple(map(_policy_in_force, status.get("policies") or ())),
        engine=read_part(EngineStatus, engine),
        engine_halt=read_part(Halt, engine.get("halt")),
        reported_at=_written_at(obj, "f:engine"),
        written_status=status,
        written_spec=wishes,
        latch_written_at=_written_at(obj, "f:killSwitch"),
    )


def _read_spec(obj: Object) -> tuple[TradingBotSpec | None, str]:
    try:
        return load_bot({key: value for key, value in obj.items() if key != "status"}).spec, ""
    except Invalid as error:
        return None, str(error).removeprefix("Invalid: ")


def _policy_in_force(part: Mapping[str, Any]) -> PolicyInForce:
    """The name is enough: a policy that is listed must not be forgotten for what a newer version says of it."""
    return read_part(PolicyInForce, part) or PolicyInForce(name=str(part.get("name")))


def _written_at(obj: Object, part: str) -> datetime | None:
    """When a part of the status last changed, by the API server's clock: the report itself carries no such time."""
    times = [
        entry["time"]
        for entry in obj["metadata"].get("managedFields", ())
        if entry.get("subresource") == "status"
        and "time" in entry
        and part in entry.get("fieldsV1", {}).get("f:status", {})
    ]
    return max((_TIME.validate_python(time) for time in times), default=None)
