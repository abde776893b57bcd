"""The TradingBot: one bot, what it trades where, and inside which limits. The only source of its CRD.

Every rule stands here twice, side by side: as CEL for the API server and as a validator for a manifest that is read
without one; the tests run one table of cases against both. `halted`, `paused` and `acknowledgedHalt` have no default in
the schema: a field that the server never writes is in no diff and cannot be put back by a tool that syncs from Git.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, ConfigDict, Field, model_validator

from deskapi.base import SpecModel, StatusModel, WrongField
from deskapi.envelope import Envelope
from deskapi.placement import ATOMIC, Affinity, Resources, Toleration
from deskapi.quantities import Quantity, TextFormat, cel, duration_between, rules
from deskapi.status import HALT_ID, TradingBotStatus
from deskapi.venue import UNCHANGED, MarketType, SecretReference, Venue

GROUP = "tradingdesk.io"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
KIND = "TradingBot"
PLURAL = "tradingbots"

_DASHED = r"^[a-z]([-a-z0-9]*[a-z0-9])?$"
_BOT_NAME = TextFormat(
    str, _DASHED, 'a name of lower-case letters, digits and dashes; write for example "bot1"', max_length=32
)
STRATEGY_NAME = TextFormat(str, _DASHED, 'the name of a strategy; write for example "simple-maker"', max_length=63)
_STRATEGY_VERSION = TextFormat(
    str, r"^[0-9A-Za-z][-0-9A-Za-z.+]*$", 'a version; write for example "1.0"', max_length=32
)
_IMAGE = TextFormat(
    str, r"^[a-z0-9][-A-Za-z0-9._:/@]*$", 'an image; write for example "registry.example/desk-bot:1.0"', max_length=512
)
_ACKNOWLEDGED = TextFormat(
    str, HALT_ID.replace("{1,", "{0,"), "the id of a halt; copy status.killSwitch.id", max_length=40
)
MARKET = TextFormat(
    str,
    r"^[A-Z0-9]{1,20}/[A-Z0-9]{1,20}(:[A-Z0-9]{1,20})?$",
    'a ccxt market symbol; write for example "BTC/USDT" (Spot) or "BTC/USDT:USDT" (Swap)',
    max_length=62,
)

_SPOT_MARKETS = 'a Spot market is written BASE/QUOTE, for example "BTC/USDT"'
_SWAP_MARKETS = (
    'a Swap market is written BASE/QUOTE:SETTLE and settles in its quote currency, for example "BTC/USDT:USDT"'
)
_ONE_QUOTE = 'all markets of a bot have one quote currency, for example "BTC/USDT" and "ETH/USDT"'
_NEEDS_KEYS = "Testnet needs credentialsSecretRef: the name of a Secret with the keys apiKey and secret"

# The latch holds even against administrators and the operator: what latched goes back to Released only while the spec
# acknowledges that very id and does not ask for a halt. An absent status counts as Released, so it cannot be dropped.
_LATCH = cel(
    "oldSelf.?status.?killSwitch.?state.orValue('Released') == 'Released' || "
    "self.?status.?killSwitch.?state.orValue('Released') != 'Released' || "
    "(self.?spec.?acknowledgedHalt.orValue('') == oldSelf.status.killSwitch.id && !self.?spec.?halted.orValue(false))",
    "the kill switch is latched: only spec.acknowledgedHalt = status.killSwitch.id releases it, while spec.halted is "
    "not true",
)


class Mode(StrEnum):
    """How far the bot goes: DryRun sends nothing, Testnet trades without real money."""

    DRY_RUN = "DryRun"
    TESTNET = "Testnet"


class Strategy(SpecModel):
    """One strategy of the bot."""

    name: Annotated[str, STRATEGY_NAME] = Field(description="Name of the strategy, as the image's catalogue lists it.")
    version: Annotated[str, _STRATEGY_VERSION] | None = Field(
        default=None, description="Version that the image must have; absent: the one it has."
    )
    enabled: bool = Field(default=False, description="Whether it may trade. Off unless true.")
    params: dict[str, Any] = Field(
        default_factory=dict,
        description="Settings of the strategy, checked by the strategy itself when the bot starts.",
        json_schema_extra={"x-kubernetes-preserve-unknown-fields": True},
    )


class KillSwitchSettings(SpecModel):
    """What stands behind the kill switch."""

    confirm_within: Annotated[timedelta, duration_between("1s", "10m", "10s")] = Field(
        default="10s",
        validate_default=True,
        description="How long after its last sign of progress an engine may take to have a halt confirmed. After that "
        "its pod is stopped, and where there is a venue to ask a Job does it in its place.",
    )
    kill_secret_ref: SecretReference | None = Field(
        default=None,
        description="A Secret with another key of the same account, for that Job; absent: the bot's own.",
    )
    dead_man_after: Annotated[timedelta, duration_between("0s", "5m", "30s")] = Field(
        default="30s",
        validate_default=True,
        description="The exchange itself cancels every order of the account when it has heard nothing of the bot for "
        "so long, where the exchange has such a switch and the account may use it; 0s: not asked for.",
    )


class Storage(SpecModel):
    """The volume that holds the bot's journal."""

    size: Quantity = Field(default="1Gi", description="Size of the volume.")
    storage_class_name: Annotated[str, Field(max_length=253)] | None = Field(
        default=None, description="Storage class of the volume; absent: the cluster's default."
    )


class TradingBotSpec(SpecModel):
    """What the bot shall do."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            cel(
                "self.mode != 'Testnet' || has(self.venue.credentialsSecretRef)",
                _NEEDS_KEYS,
                fieldPath=".venue",
                reason="FieldValueRequired",
            ),
            cel(
                "self.venue.marketType != 'Spot' || self.markets.all(m, !m.contains(':'))",
                _SPOT_MARKETS,
                fieldPath=".markets",
            ),
            cel(
                "self.venue.marketType != 'Swap' || self.markets.all(m, !m.contains('/') || "
                "m.contains(':') && m.endsWith(':' + m.substring(m.indexOf('/') + 1, m.indexOf(':'))))",
                _SWAP_MARKETS,
                fieldPath=".markets",
            ),
            cel(
                "!self.markets[0].contains('/') || "
                "self.markets.all(m, m.endsWith(self.markets[0].substring(self.markets[0].indexOf('/'))))",
                _ONE_QUOTE,
                fieldPath=".markets",
            ),
        )
    )

    mode: Mode = Field(
        default=Mode.DRY_RUN,
        description="DryRun decides and sends nothing; Testnet trades at venue.endpoint or on the exchange's test "
        "network. A bot never goes from one to the other.",
        json_schema_extra=rules(UNCHANGED),
    )
    halted: bool = Field(
        default=False,
        description="The kill switch: true cancels every order of the account on spec.markets and latches. Setting it "
        "back releases nothing: see acknowledgedHalt. Leave it out of files kept in Git.",
    )
    paused: bool = Field(
        default=False,
        description="True pulls all quotes and adds no risk until it is no longer true. Leave it out of files kept in "
        "Git.",
    )
    acknowledged_halt: Annotated[str, _ACKNOWLEDGED] | None = Field(
        default=None,
        description="The id of the halt that you release, from status.killSwitch.id. Leave it out of files kept in "
        "Git.",
    )
    venue: Venue = Field(description="The exchange account that the bot trades on.")
    markets: tuple[Annotated[str, MARKET], ...] = Field(
        min_length=1,
        max_length=20,
        description="Markets that the bot may trade, as ccxt writes them: BTC/USDT (Spot), BTC/USDT:USDT (Swap).",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
    strategies: tuple[Strategy, ...] = Field(
        min_length=1,
        max_length=1,
        description="The bot's strategy: exactly one.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )
    envelope: Envelope = Field(description="Hard limits of the bot. An order that would break one is not sent.")
    kill_switch: KillSwitchSettings = Field(
        default_factory=KillSwitchSettings,
        description="What stands behind the kill switch.",
        json_schema_extra={"default": {}},
    )
    image: Annotated[str, _IMAGE] | None = Field(
        default=None, description="Image of the bot; absent: the one that the operator was installed with."
    )
    resources: Resources | None = Field(default=None, description="CPU and memory of the bot's container.")
    storage: Storage = Field(
        default_factory=Storage,
        description="The volume that holds the bot's journal. Never changes.",
        json_schema_extra={"default": {}, **rules(UNCHANGED)},
    )
    node_selector: dict[str, str] | None = Field(default=None, description="Labels of the nodes the pod may run on.")
    tolerations: tuple[Toleration, ...] | None = Field(
        default=None, description="Taints that the pod tolerates.", json_schema_extra=ATOMIC
    )
    affinity: Affinity | None = Field(default=None, description="Where the pod may run.")

    @model_validator(mode="after")
    def _credentials_are_named(self) -> Self:
        if self.mode is Mode.TESTNET and self.venue.credentials_secret_ref is None:
            raise WrongField("venue", _NEEDS_KEYS)
        return self

    @model_validator(mode="after")
    def _markets_fit(self) -> Self:
        if len(set(self.markets)) < len(self.markets):
            raise WrongField("markets", "a market is named twice; name each one once")
        form = {MarketType.SPOT: (_is_spot, _SPOT_MARKETS), MarketType.SWAP: (_is_swap, _SWAP_MARKETS)}
        fits, message = form[self.venue.market_type]
        for market in self.markets:
            if not fits(market):
                raise WrongField("markets", f'"{market}": {message}')
        if len({market.partition("/")[2] for market in self.markets}) > 1:
            raise WrongField("markets", _ONE_QUOTE)
        return self


def _is_spot(market: str) -> bool:
    return ":" not in market


def _is_swap(market: str) -> bool:
    quote, _, settle = market.partition("/")[2].partition(":")
    return quote == settle


class ObjectMeta(StatusModel):
    """The part of an object's metadata that the desk reads."""

    name: Annotated[str, _BOT_NAME]
    namespace: str = "default"
    uid: str | None = None
    generation: int | None = None
    resource_version: str | None = None
    creation_timestamp: AwareDatetime | None = None
    deletion_timestamp: AwareDatetime | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)


class TradingBot(SpecModel):
    """A trading bot: one engine, one exchange account, hard limits, and a kill switch that proves itself."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            _LATCH,
            cel(
                f"self.metadata.name.size() <= 32 && self.metadata.name.matches('{_DASHED}')",
                "the name of a TradingBot has at most 32 lower-case letters, digits and dashes and begins with a "
                "letter; write for example bot1",
            ),
        )
    )

    api_version: Literal["tradingdesk.io/v1alpha1"]
    kind: Literal["TradingBot"]
    metadata: ObjectMeta
    spec: TradingBotSpec = Field(description="What the bot shall do.")
    status: TradingBotStatus = Field(default_factory=TradingBotStatus, description="What the desk found and did.")
