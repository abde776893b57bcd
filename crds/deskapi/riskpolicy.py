"""The RiskPolicy: limits over every bot that it selects. The only source of its CRD.

A policy can take from a bot and never give: its ceilings narrow envelopes, its lists allow less, its switch halts.
`halted` has no default in the schema, as in the TradingBot: a field that the server never writes is in no diff and
cannot be put back by a tool that syncs from Git.
"""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from deskapi.base import SpecModel, StatusModel
from deskapi.envelope import Ceilings
from deskapi.quantities import TextFormat, cel, rules
from deskapi.selector import Selector
from deskapi.status import Condition, Count
from deskapi.tradingbot import MARKET, STRATEGY_NAME, Mode, ObjectMeta
from deskapi.venue import Exchange

POLICY_KIND = "RiskPolicy"
POLICY_PLURAL = "riskpolicies"

_DASHED = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
_POLICY_NAME = TextFormat(
    str, _DASHED, 'a name of lower-case letters, digits and dashes; write for example "alpha"', max_length=63
)
_SET: dict[str, Any] = {"x-kubernetes-list-type": "set"}


class Allowed(SpecModel):
    """What bots in scope may do. A list that is left out allows everything."""

    modes: tuple[Mode, ...] | None = Field(
        default=None, min_length=1, max_length=10, description="Modes that bots may run in.", json_schema_extra=_SET
    )
    exchanges: tuple[Exchange, ...] | None = Field(
        default=None, min_length=1, max_length=50, description="Exchanges that bots may use.", json_schema_extra=_SET
    )
    markets: tuple[Annotated[str, MARKET], ...] | None = Field(
        default=None, min_length=1, max_length=200, description="Markets that bots may name.", json_schema_extra=_SET
    )
    strategies: tuple[Annotated[str, STRATEGY_NAME], ...] | None = Field(
        default=None, min_length=1, max_length=100, description="Strategies that bots may name.", json_schema_extra=_SET
    )


class RiskPolicySpec(SpecModel):
    """What holds for every bot in scope."""

    selector: Selector = Field(
        description="Which bots of the namespace are in scope, by their labels; empty: every one.",
    )
    halted: bool = Field(
        default=False,
        description="One kill switch for every bot in scope: true latches each of them. Setting it back releases "
        "nothing: each bot's halt is acknowledged by its id. Leave it out of files kept in Git.",
    )
    allowed: Allowed | None = Field(default=None, description="What bots in scope may do; absent: everything.")
    ceilings: Ceilings | None = Field(
        default=None, description="Limits that no bot in scope may be looser than; each is a field of spec.envelope."
    )


class BotCounts(StatusModel):
    """Bots of a policy."""

    in_scope: Count = Field(default=0, description="Number of bots that the policy selects.")
    trading: Count = Field(default=0, description="Number of those whose engine may send orders now.")
    halted: Count = Field(default=0, description="Number of those whose kill switch is latched.")


class RiskPolicyStatus(StatusModel):
    """What the desk made of the policy."""

    observed_generation: Count | None = Field(default=None, description="Generation of the spec that the operator saw.")
    conditions: tuple[Condition, ...] = Field(
        default=(),
        max_length=32,
        description="State in detail.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    )
    bots: BotCounts | None = Field(default=None, description="How many bots the policy is about.")


class PolicyMeta(ObjectMeta):
    """The part of a policy's metadata that the desk reads."""

    name: Annotated[str, _POLICY_NAME]


class RiskPolicy(SpecModel):
    """Limits over every bot that it selects: what they may do at most, and one switch that halts them all."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            cel(
                f"self.metadata.name.size() <= 63 && self.metadata.name.matches('{_DASHED}')",
                "the name of a RiskPolicy has at most 63 lower-case letters, digits and dashes; write for example "
                "alpha",
            ),
        )
    )

    api_version: Literal["tradingdesk.io/v1alpha1"]
    kind: Literal["RiskPolicy"]
    metadata: PolicyMeta
    spec: RiskPolicySpec = Field(description="What holds for every bot in scope.")
    status: RiskPolicyStatus = Field(default_factory=RiskPolicyStatus, description="What the desk made of the policy.")
