"""What the tests of the venue over sockets share: orders, past the desk too, and waiting for the venue."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from deskbot.core.commands import Place
from deskbot.core.instrument import BUY, Instrument
from deskbot.simulator.server import Simulator
from deskbot.venues.ccxt_venue import CcxtVenue
from tests.venues.conftest import SPOT, SWAP, MakeVenue

BOTH = pytest.mark.parametrize(("market_type", "market"), [SPOT, SWAP], ids=["spot", "swap"])


def bid(instrument: Instrument, client_id: str = "d1", lots: int | None = None, **changes: Any) -> Place:
    """A buy that rests far below the simulated market of 60000."""
    lots = instrument.lots("0.01") if lots is None else lots
    values = {"side": BUY, "price_ticks": instrument.ticks("58000"), "post_only": True, "reduce_only": False}
    return Place(client_id=client_id, market=instrument.market, lots=lots, **{**values, **changes})


def take(instrument: Instrument, client_id: str, side: int = BUY) -> Place:
    """A market order of 0.01."""
    return bid(instrument, client_id, side=side, price_ticks=0, post_only=False)


def asked(simulator: Simulator, path: str, **filters: str) -> list[Any]:
    return simulator.log.find({"path": path, "limit": "10000", **filters})


async def until(condition: Callable[[], Awaitable[Any]]) -> Any:
    async with asyncio.timeout(10):
        while not (found := await condition()):  # noqa: ASYNC110  # the venue is asked, it has no event
            await asyncio.sleep(0.02)
    return found


async def opened(make_venue: MakeVenue, market_type: str, market: str, **settings: Any) -> tuple[CcxtVenue, Instrument]:
    venue = await make_venue(market_type, market, **settings)
    return venue, (await venue.open()).instruments[market]


async def raw_order(venue: CcxtVenue, category: str, **changes: str) -> str:
    """An order placed past the desk, as somebody else with the same account would."""
    order = {"category": category, "symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.01"}
    assert venue._clients.trading is not None
    made = await venue._clients.trading.privatePostV5OrderCreate({**order, "price": "58000", **changes})
    return str(made["result"]["orderId"])


async def trigger_order(venue: CcxtVenue, category: str, **changes: str) -> str:
    """A conditional order far above; it can be judged once the market has a last price."""
    markets = venue._clients.markets

    async def traded() -> Any:
        return (await markets.publicGetV5MarketRecentTrade({"category": category, "symbol": "BTCUSDT"}))["result"][
            "list"
        ]

    await until(traded)
    more = {"triggerDirection": "1"} if category == "linear" else {"orderFilter": "StopOrder"}
    return await raw_order(venue, category, **{"triggerPrice": "61000", **more, **changes})


CATEGORY = {"Spot": "spot", "Swap": "linear"}
