"""The status of a TradingBot. Each part has one writer: the bot writes `engine`, writers of their own in the operator
write `killSwitch` and what was judged (`admitted`, `effectiveEnvelope`, `policies`), the operator writes the rest.

Reasons and sources are plain text in the schema, so that an older reader understands a newer writer; the words in use
are in `deskapi.conditions`.
"""

from typing import Annotated, Any

from pydantic import AwareDatetime, Field

from deskapi.base import StatusModel
from deskapi.conditions import (
    ConditionStatus,
    ConditionType,
    Confirmer,
    DeadManState,
    EngineState,
    HaltSource,
    LatchState,
    Phase,
)
from deskapi.envelope import EffectiveEnvelope
from deskapi.quantities import SignedAmount

CamelCase = Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9]{0,63}$")]
HALT_ID = r"^[a-z0-9-]{1,40}$"
HaltId = Annotated[str, Field(pattern=HALT_ID)]
Count = Annotated[int, Field(ge=0)]
Message = Annotated[str, Field(max_length=4096)]


def _list_map(key: str) -> dict[str, Any]:
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]}


class Condition(StatusModel):
    """One condition, as Kubernetes defines them."""

    type: CamelCase = Field(description=f"Name of the condition. {ConditionType.explained()}.")
    status: ConditionStatus = Field(description="True, False or Unknown.")
    reason: CamelCase = Field(description="One CamelCase word for programs.")
    message: Message = Field(default="", description="One sentence for people.")
    last_transition_time: AwareDatetime = Field(description="When the status last changed.")
    observed_generation: Count | None = Field(default=None, description="Generation of the spec that was judged.")


class Halt(StatusModel):
    """One halt and its evidence."""

    id: HaltId = Field(description="Name of this halt, never used again; spec.acknowledgedHalt releases it by this.")
    source: CamelCase | None = Field(default=None, description=f"Who latched first. {HaltSource.explained()}.")
    reason: CamelCase | None = Field(default=None, description="Why, in one CamelCase word.")
    triggered_at: AwareDatetime | None = Field(default=None, description="When it latched.")
    confirmed_at: AwareDatetime | None = Field(
        default=None, description="When the venue's own answers proved that no order was left."
    )
    confirmed_by: CamelCase | None = Field(
        default=None, description=f"Who asked the venue for that proof. {Confirmer.explained()}."
    )
    orders_cancelled: Count | None = Field(default=None, description="Number of orders cancelled by this halt.")
    residual_orders: Count | None = Field(
        default=None, description="Number of orders still on the venue at the last look."
    )
    residual_position: Annotated[str, Field(max_length=1024)] | None = Field(
        default=None, description="What is still held, for example 0.012 BTC/USDT:USDT; empty: flat."
    )


class KillSwitch(Halt):
    """The latch. Only a person's acknowledgement of its id releases it; the API server refuses anything else."""

    state: LatchState = Field(description=f"{LatchState.explained()}.")
    policies: tuple[str, ...] = Field(
        default=(),
        description="Names of the RiskPolicies whose halt this id stands for.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )


class Admitted(StatusModel):
    """The one spec that may run. The engine runs no other; without this it sends no order."""

    uid: str = Field(description="UID of the object that was judged.")
    generation: Count = Field(description="Generation of the spec that was judged.")
    spec_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] = Field(
        description="SHA-256 of that spec, as JSON with sorted keys."
    )
    account_id: str | None = Field(default=None, description="Account id as the engine reported it.")


class PolicyInForce(StatusModel):
    """A RiskPolicy by which the bot was judged."""

    name: str = Field(description="Name of the RiskPolicy.")
    generation: Count | None = Field(default=None, description="Generation of the RiskPolicy.")
    sets: tuple[str, ...] = Field(
        default=(),
        description="Fields of the effective envelope that it has set.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )


class Position(StatusModel):
    """What the bot holds in one market."""

    market: str = Field(description="The market, as in spec.markets.")
    amount: SignedAmount = Field(
        description="Amount in the base currency (contracts times their size); short is negative."
    )
    average_price: SignedAmount | None = Field(default=None, description="Average entry price; absent when flat.")
    notional: SignedAmount | None = Field(
        default=None, description="Value in the quote currency at the middle of the book; short is negative."
    )


class Problem(StatusModel):
    """Why the engine cannot trade."""

    reason: CamelCase = Field(description="One CamelCase word for programs.")
    message: Message = Field(description="One line for people: what is wrong, where, and what would be right.")


class DeadMan(StatusModel):
    """The exchange's dead man's switch."""

    state: DeadManState = Field(description=f"{DeadManState.explained()}.")
    message: Message | None = Field(default=None, description="Why there is none.")


class EngineStatus(StatusModel):
    """What the engine reports about itself. Written by the bot alone."""

    state: EngineState = Field(description=f"{EngineState.explained()}.")
    since: AwareDatetime | None = Field(default=None, description="When it came into this state.")
    observed_generation: Count | None = Field(default=None, description="Generation of the spec that it runs.")
    pod_uid: str | None = Field(default=None, description="UID of the pod that reports.")
    version: str | None = Field(default=None, description="Version of the engine.")
    account_id: str | None = Field(default=None, description="Account id as the venue tells it.")
    started_at: AwareDatetime | None = Field(default=None, description="When the process started.")
    reconciled_at: AwareDatetime | None = Field(
        default=None, description="When start-up reconciliation was done; absent until then."
    )
    last_tick_time: AwareDatetime | None = Field(default=None, description="Time of the last market data.")
    last_fill_time: AwareDatetime | None = Field(default=None, description="Time of the last fill.")
    equity: SignedAmount | None = Field(
        default=None, description="Value of the account in the quote currency, unrealised PnL included."
    )
    day_pnl: SignedAmount | None = Field(
        default=None,
        description="Realised and unrealised PnL less fees in the quote currency, since the start of the UTC day.",
    )
    realised_pnl: SignedAmount | None = Field(
        default=None, description="Realised PnL before fees, in the quote currency."
    )
    positions: tuple[Position, ...] = Field(
        default=(),
        max_length=20,
        description="What the bot holds, in the order of spec.markets.",
        json_schema_extra=_list_map("market"),
    )
    open_orders: Count | None = Field(default=None, description="Number of orders open on the venue.")
    orders: Count | None = Field(default=None, description="Number of orders sent since the journal began.")
    fills: Count | None = Field(default=None, description="Number of fills since the journal began.")
    halt: Halt | None = Field(default=None, description="The halt that the journal holds; absent: none.")
    acknowledged_halt: HaltId | None = Field(default=None, description="Id of the halt released last.")
    problem: Problem | None = Field(default=None, description="Why it cannot trade, in state Stalled.")
    closed_markets: tuple[str, ...] = Field(
        default=(),
        max_length=20,
        description="Markets of spec.markets that the venue lets nobody trade on now; the bot goes on with the others.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
    dead_man: DeadMan | None = Field(default=None, description="The exchange's dead man's switch, where it is wanted.")


class TradingBotStatus(StatusModel):
    """What the desk found and did."""

    observed_generation: Count | None = Field(default=None, description="Generation of the spec that the operator saw.")
    phase: Phase | None = Field(default=None, description=f"{Phase.explained()}.")
    conditions: tuple[Condition, ...] = Field(
        default=(), max_length=32, description="State in detail.", json_schema_extra=_list_map("type")
    )
    kill_switch: KillSwitch | None = Field(default=None, description="The latch of the kill switch.")
    admitted: Admitted | None = Field(
        default=None, description="The spec that may run; absent: none, orders are cancelled and no risk is added."
    )
    effective_envelope: EffectiveEnvelope | None = Field(
        default=None, description="The envelope in force: spec.envelope inside the ceilings of every RiskPolicy."
    )
    policies: tuple[PolicyInForce, ...] = Field(
        default=(),
        description="RiskPolicies by which the bot was judged. One that no longer selects it stays here.",
        json_schema_extra=_list_map("name"),
    )
    engine: EngineStatus | None = Field(default=None, description="The bot's own report.")
