"""The venue of a bot: exchange, kind of market, account, and the address it is reached at."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from deskapi.base import SpecModel, WrongField
from deskapi.quantities import Check, TextFormat, cel, rules

NEVER_CHANGES = "never changes: create another TradingBot instead"
UNCHANGED = cel("self == oldSelf", NEVER_CHANGES)

_SECRET_NAME = TextFormat(
    str,
    r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
    'the name of a Secret; write for example "bot1-keys"',
    max_length=253,
)
_ENDPOINT = TextFormat(
    str,
    r"^https?://[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:[0-9]{1,5})?(/[-A-Za-z0-9._~/]*)?$",
    'an http or https address; write for example "http://exchange-simulator:8080"',
    checks=(
        Check(
            lambda url: "spot" not in url.lower(),
            "!self.lowerAscii().contains('spot')",
            "must not contain the word spot: ccxt tells spot streams from others by that word in the address",
        ),
    ),
    max_length=253,
)


class Exchange(StrEnum):
    """Exchanges whose behaviour through ccxt is verified, by their ccxt ids; ccxt has two of them for Binance."""

    BINANCE = "binance"
    BINANCE_USDM = "binanceusdm"
    BYBIT = "bybit"


class MarketType(StrEnum):
    """What is traded: coins, or perpetual contracts that settle in their quote currency."""

    SPOT = "Spot"
    SWAP = "Swap"


_ONE_KIND = {Exchange.BINANCE: MarketType.SPOT, Exchange.BINANCE_USDM: MarketType.SWAP}
_BINANCES = "binance trades Spot, binanceusdm trades Swap: write the one that fits the marketType"


class SecretReference(SpecModel):
    """A Secret of the bot's namespace."""

    name: Annotated[str, _SECRET_NAME] = Field(description="Name of the Secret; its keys are apiKey and secret.")


class Venue(SpecModel):
    """The exchange account that the bot trades on."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            cel(
                "has(self.endpoint) == has(oldSelf.endpoint) && "
                "(!has(self.endpoint) || self.endpoint == oldSelf.endpoint)",
                f"endpoint {NEVER_CHANGES}",
            ),
            cel(
                "(self.exchange != 'binance' || self.marketType == 'Spot') && "
                "(self.exchange != 'binanceusdm' || self.marketType == 'Swap')",
                _BINANCES,
                fieldPath=".exchange",
            ),
        )
    )

    exchange: Exchange = Field(
        description="The exchange, by its ccxt id. Never changes.",
        json_schema_extra=rules(UNCHANGED),
    )
    market_type: MarketType = Field(
        description="Spot (coins) or Swap (perpetual contracts). Never changes.",
        json_schema_extra=rules(UNCHANGED),
    )
    credentials_secret_ref: SecretReference | None = Field(
        default=None, description="The Secret with the keys apiKey and secret of the account. Required in Testnet."
    )
    endpoint: Annotated[str, _ENDPOINT] | None = Field(
        default=None,
        description="Address of a simulator or proxy in place of the exchange's own hosts; absent: the exchange's test "
        "network. Never changes.",
    )
    shared_by: int = Field(
        default=1,
        ge=1,
        le=100,
        description="How many bots use this account, or this address, at the exchange: each keeps to its part of the "
        "exchange's rate limits.",
    )

    @model_validator(mode="after")
    def _exchange_fits_the_market_type(self) -> Self:
        if _ONE_KIND.get(self.exchange, self.market_type) is not self.market_type:
            raise WrongField("exchange", _BINANCES)
        return self
