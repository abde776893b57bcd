"""Every market the simulator makes up, a tick of three basis points and lots of a few cents among them."""

from collections.abc import AsyncIterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from deskbot.simulator.accounts import parse_account
from deskbot.simulator.server import Simulator, SimulatorOptions
from tests.simulator.client import Client

pytestmark = pytest.mark.component
MARKETS = [(category, f"{base}USDT") for category in ("linear", "spot") for base in ("BTC", "ETH", "ADA", "DOGE")]


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    accounts = [parse_account("key:secret:USDT=100000")]
    simulator = Simulator(SimulatorOptions(accounts=accounts, seed=3))
    await simulator.start()
    async with Client(simulator.base_url) as signed:
        yield signed
    await simulator.stop()


async def instrument(client: Client, category: str, symbol: str) -> dict[str, Any]:
    listed = await client.get("/v5/market/instruments-info", category=category, symbol=symbol)
    return dict(listed["result"]["list"][0])


@pytest.mark.parametrize(("category", "symbol"), MARKETS)
async def test_orders_on_the_grid_are_taken_and_those_off_it_refused(
    client: Client, category: str, symbol: str
) -> None:
    listed = await instrument(client, category, symbol)
    tick = Decimal(listed["priceFilter"]["tickSize"])
    lots = listed["lotSizeFilter"]
    step = Decimal(lots["qtyStep"] if category == "linear" else lots["basePrecision"])
    book = (await client.get("/v5/market/orderbook", category=category, symbol=symbol, limit=1))["result"]
    price = Decimal(book["b"][0][0]) - 10 * tick
    quantity = (Decimal(20) / price // step + 1) * step

    async def place(price: Decimal, quantity: Decimal) -> int:
        wanted = {"symbol": symbol, "price": format(price, "f"), "qty": format(quantity, "f")}
        return int((await client.limit(category, **wanted))["retCode"])

    assert await place(price, quantity) == 0
    assert await place(price + tick / 2, quantity) in (10001, 170134)
    assert await place(price, quantity + step / 2) in (10001, 170137)


@pytest.mark.parametrize(("category", "symbol"), MARKETS)
async def test_what_is_bought_and_sold_is_booked_to_the_last_digit(client: Client, category: str, symbol: str) -> None:
    book = (await client.get("/v5/market/orderbook", category=category, symbol=symbol, limit=1))["result"]
    quantity = str(Decimal(100) / Decimal(book["a"][0][0]) // 1 or Decimal("0.01"))
    for side in ("Buy", "Sell"):
        assert (await client.market(side, quantity, category, symbol=symbol))["retCode"] in (0, 170131)
    fills = (await client.get("/v5/execution/list", category=category, symbol=symbol))["result"]["list"]
    ((name, truth),) = (await client.hook("/ground-truth?account=key"))["markets"].items()
    signs = {"Buy": -1, "Sell": 1}
    assert name.startswith(symbol[:-4])
    assert Fraction(truth["cash"]) == sum(signs[one["side"]] * Fraction(one["execValue"]) for one in fills)
    fees = {coin: Fraction(fee) for coin, fee in truth["fees"].items()}
    assert sum(fees.values()) == sum(Fraction(one["execFee"]) for one in fills)
    assert all(Fraction(one["execValue"]) == Fraction(one["execQty"]) * Fraction(one["execPrice"]) for one in fills)
