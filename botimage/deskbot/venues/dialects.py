"""The exchanges that the desk can trade on: those whose behaviour through ccxt has an adapter."""

from collections.abc import Callable, Mapping
from typing import Final

from deskapi.conditions import Reason
from deskbot.core.errors import Invalid
from deskbot.venues.adapter import Adapter, Now
from deskbot.venues.binance.spot import SpotAdapter
from deskbot.venues.binance.usdm import UsdmAdapter
from deskbot.venues.bybit.adapter import BybitAdapter
from deskbot.venues.table.model import SPOT, SWAP

ADAPTERS: Final[Mapping[tuple[str, str], Callable[[str, Now], Adapter]]] = {
    ("binance", SPOT): SpotAdapter,
    ("binanceusdm", SWAP): UsdmAdapter,
    ("bybit", SPOT): BybitAdapter,
    ("bybit", SWAP): BybitAdapter,
}


def adapter_of(exchange: str, market_type: str, now: Now) -> Adapter:
    """The adapter of one exchange and market type. Raises Invalid where there is none."""
    make = ADAPTERS.get((exchange, market_type))
    if make is None:
        raise Invalid(Reason.SPEC_INVALID, _unknown(exchange, market_type))
    return make(market_type, now)


def _unknown(exchange: str, market_type: str) -> str:
    kinds = sorted(kind for name, kind in ADAPTERS if name == exchange)
    if not kinds:
        known = ", ".join(sorted({name for name, _ in ADAPTERS}))
        return f'spec.venue.exchange "{exchange}" is not one of: {known}'
    others = sorted(name for name, kind in ADAPTERS if kind == market_type)
    return f'spec.venue: "{exchange}" trades {kinds[0]}; for {market_type} write one of: {", ".join(others)}'
