"""The envelope: hard limits that no strategy can move, each one a named check in the engine's gate.

All limits are set by the bot's owner; the amounts have no default, because only the owner knows what may be lost. The
others default to what a careful quoting bot needs.

    spec.envelope ──narrow──▶ status.effectiveEnvelope ──narrow──▶ what the engine checks orders against
                     ▲                                     ▲
       ceilings of every RiskPolicy in scope      the envelope of a newer spec that nobody has judged

A ceiling only ever tightens. Which way that is stands in one table, `TIGHTER`; a limit that is added to the envelope is
added there, and to `Bounds`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field
from pydantic.alias_generators import to_camel

from deskapi.base import SpecModel, StatusModel
from deskapi.quantities import PositiveAmount, PositiveRatio, duration_between

_DataAge = Annotated[timedelta, duration_between("100ms", "60s", "5s")]
_ControlAge = Annotated[timedelta, duration_between("10s", "60s", "30s")]


class Envelope(SpecModel):
    """Hard limits of the bot. An order that would break one is not sent."""

    max_order_notional: PositiveAmount = Field(
        description='Largest value of one order in the quote currency, for example "250".'
    )
    max_position_notional: PositiveAmount = Field(
        description="Largest value of the position in one market, in the quote currency, long or short, counted as if "
        'every open order that adds to it were filled. For example "1000".'
    )
    max_open_orders: int = Field(
        default=20, ge=1, le=500, description="Largest number of orders open at once, over all markets."
    )
    orders_per_second: int = Field(
        default=5, ge=1, le=100, description="Largest number of new orders sent within any one second."
    )
    price_collar: PositiveRatio = Field(
        default="5%",
        validate_default=True,
        description="Largest distance of an order's price from the middle of the book, as a percentage of it.",
    )
    max_data_age: _DataAge = Field(
        default="5s",
        validate_default=True,
        description="Oldest market data on which an order may be based. Older: quotes are pulled.",
    )
    max_control_age: _ControlAge = Field(
        default="30s",
        validate_default=True,
        description="In a cluster: how old the bot's last renewed Lease and the last look at its own object may be. "
        "Older: quotes are pulled and no risk is added, until the API server answers again.",
    )


class Bounds(BaseModel):
    """The envelope's fields, each of which may be absent: then it bounds nothing."""

    max_order_notional: PositiveAmount | None = Field(
        default=None, description="Largest value of one order in the quote currency."
    )
    max_position_notional: PositiveAmount | None = Field(
        default=None, description="Largest value of the position in one market, in the quote currency."
    )
    max_open_orders: Annotated[int, Field(ge=1, le=500)] | None = Field(
        default=None, description="Largest number of orders open at once, over all markets."
    )
    orders_per_second: Annotated[int, Field(ge=1, le=100)] | None = Field(
        default=None, description="Largest number of new orders sent within any one second."
    )
    price_collar: PositiveRatio | None = Field(
        default=None, description="Largest distance of an order's price from the middle of the book."
    )
    max_data_age: _DataAge | None = Field(
        default=None, description="Oldest market data on which an order may be based."
    )
    max_control_age: _ControlAge | None = Field(
        default=None, description="How old the last renewed Lease and the last look at the own object may be."
    )


class Ceilings(Bounds, SpecModel):
    """What no bot in scope may be looser than."""


class EffectiveEnvelope(Bounds, StatusModel):
    """The envelope as it is in force: the bot's own, narrowed."""


# Of two values of a limit, the one that allows less: `min` for a maximum, `max` for a minimum.
TIGHTER: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "max_order_notional": min,
    "max_position_notional": min,
    "max_open_orders": min,
    "orders_per_second": min,
    "price_collar": min,
    "max_data_age": min,
    "max_control_age": min,
}


@dataclass(frozen=True)
class Narrowed:
    """An envelope after ceilings. `set_by`: for each field that one of them set, as manifests write it, its name."""

    envelope: Envelope
    set_by: Mapping[str, str]


def narrow(envelope: Envelope, ceilings: Mapping[str, Bounds]) -> Narrowed:
    """The envelope inside every one of the named ceilings; of two that say the same, the first by name has set it."""
    limits: dict[str, Any] = {}
    set_by: dict[str, str] = {}
    for field, tighter in TIGHTER.items():
        limits[field] = getattr(envelope, field)
        for name in sorted(ceilings):
            ceiling = getattr(ceilings[name], field)
            if ceiling is not None and ceiling != limits[field] and tighter(ceiling, limits[field]) == ceiling:
                limits[field], set_by[to_camel(field)] = ceiling, name
    return Narrowed(envelope.model_copy(update=limits), set_by)


def as_bounds(envelope: Envelope) -> EffectiveEnvelope:
    """An envelope as what bounds others, and as the status shows it."""
    return EffectiveEnvelope(**{field: getattr(envelope, field) for field in TIGHTER})
