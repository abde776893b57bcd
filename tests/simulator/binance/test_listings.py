"""What the dialect lists: filters of the real markets over the recordings' own grids."""

from pathlib import Path
from typing import Any

import pytest

from deskbot.simulator.accounts import parse_account
from deskbot.simulator.server import Simulator, SimulatorOptions
from tests.simulator.binance.client import LINEAR, SPOT, Client

pytestmark = pytest.mark.component

DATA = Path(__file__).parents[4] / "shared" / "data" / "hftbacktest"
SPOT_TAPE, LINEAR_TAPE = (DATA / f"{name}_btcusdt_20240808.gz" for name in ("spot", "usdm"))


def _filters(symbol: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["filterType"]: one for one in symbol["filters"]}


async def _symbol(client: Client, side: str) -> dict[str, Any]:
    (symbol,) = (await client.public(side, "/exchangeInfo", symbol="BTCUSDT"))["symbols"]
    return dict(symbol)


@pytest.mark.skipif(not SPOT_TAPE.exists(), reason="the recordings lie beside the project")
async def test_recordings_are_served_with_the_filters_of_their_markets() -> None:
    accounts = [parse_account("key:secret:USDT=100000,BTC=1")]
    options = SimulatorOptions(accounts=accounts, dialect="binance", recordings=[SPOT_TAPE, LINEAR_TAPE], speed=20.0)
    simulator = Simulator(options)
    await simulator.start()
    try:
        async with Client(simulator.base_url) as client:
            spot, linear = _filters(await _symbol(client, SPOT)), _filters(await _symbol(client, LINEAR))
            assert spot["PRICE_FILTER"]["tickSize"] == "0.01000000"
            assert spot["LOT_SIZE"]["stepSize"] == spot["LOT_SIZE"]["minQty"] == "0.00001000"
            assert spot["NOTIONAL"]["minNotional"] == "5.00000000"
            assert linear["PRICE_FILTER"]["tickSize"] == "0.10"
            assert linear["LOT_SIZE"]["stepSize"] == linear["LOT_SIZE"]["minQty"] == "0.001"
            assert linear["MIN_NOTIONAL"]["notional"] == "100"
            for side in (SPOT, LINEAR):
                async with client.stream(side, "/ws/btcusdt@depth@100ms") as socket:
                    events = [await socket.receive_json(timeout=5) for _ in range(5)]
                assert [event["U"] for event in events[1:]] == [event["u"] + 1 for event in events[:-1]]
                book = await client.public(side, "/depth", symbol="BTCUSDT", limit=1000)
                assert 55_000 < float(book["bids"][0][0]) < float(book["asks"][0][0]) < 65_000
    finally:
        await simulator.stop()


async def test_a_listing_says_what_orders_and_tiers_it_allows(client: Client) -> None:
    spot, linear = await _symbol(client, SPOT), await _symbol(client, LINEAR)
    assert "LIMIT_MAKER" in spot["orderTypes"]
    assert linear["contractType"] == "PERPETUAL"
    assert (linear["pricePrecision"], linear["quantityPrecision"]) == (2, 3)
    rates = await client.signed("GET", LINEAR, "/commissionRate", symbol="BTCUSDT")
    assert (rates["makerCommissionRate"], rates["takerCommissionRate"]) == ("0.0002", "0.0005")
    spot_rates = await client.signed("GET", SPOT, "/account/commission", symbol="BTCUSDT")
    assert spot_rates["standardCommission"]["maker"] == "0.00100000"


async def test_a_halted_market_says_so_and_refuses(client: Client) -> None:
    fault = {"action": "halt", "market": "BTC/USDT", "forMs": 60_000}
    assert (await client.hook("/faults", fault))["injections"] == 1
    assert (await _symbol(client, SPOT))["status"] == "HALT"
    refused = await client.limit(SPOT)
    assert (refused["code"], refused["msg"]) == (-1013, "Market is closed.")
    assert (await client.limit(LINEAR))["status"] == "NEW"


async def test_funding_is_income_and_told(client: Client) -> None:
    await client.market("BUY", "0.1")
    key = (await client.keyed("POST", LINEAR, "/listenKey"))["listenKey"]
    async with client.stream(LINEAR, f"/private/ws?listenKey={key}") as socket:
        fault = {"action": "funding", "market": "BTC/USDT:USDT", "rate": "0.0001"}
        assert (await client.hook("/faults", fault))["injections"] == 1
        event = await socket.receive_json(timeout=5)
        assert (event["e"], event["a"]["m"]) == ("ACCOUNT_UPDATE", "FUNDING_FEE")
    (paid,) = await client.signed("GET", LINEAR, "/income", symbol="BTCUSDT", incomeType="FUNDING_FEE")
    assert float(paid["income"]) == pytest.approx(-0.6, abs=0.01)
