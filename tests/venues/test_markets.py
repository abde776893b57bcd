"""Instruments from the venue's own strings, and markets by either name."""

import pytest

from deskbot.core.errors import Invalid
from deskbot.core.instrument import Instrument
from deskbot.core.money import UNIT
from deskbot.venues.instruments import UNLIMITED_LOTS, instrument_of, units_down
from deskbot.venues.markets import Markets
from tests.venues.bybit import listings


def _figures(instrument: Instrument) -> dict[str, object]:
    return {name: getattr(instrument, name) for name in instrument.__slots__}


async def test_a_linear_market_becomes_an_instrument_to_the_last_digit() -> None:
    market = (await listings.ccxt_markets())["BTC/USDT:USDT"]
    assert _figures(instrument_of(market, "0.0002", "0.00055")) == {
        "market": "BTC/USDT:USDT",
        "base": "BTC",
        "quote": "USDT",
        "settle": "USDT",
        "linear": True,
        "tick": UNIT // 10,
        "lot": UNIT // 1000,
        "tick_lot": UNIT // 10_000,
        "min_lots": 1,
        "max_lots": 1_190_000,
        "min_notional": 5 * UNIT,
        "maker_rate": 2 * 10**14,
        "taker_rate": 55 * 10**13,
    }


async def test_a_spot_market_has_its_minimum_above_its_step_and_no_settle_coin_of_its_own() -> None:
    made = instrument_of((await listings.ccxt_markets())["BTC/USDT"], "0.001", "0.001")
    assert (made.linear, made.settle, made.min_lots, made.max_lots) == (False, "USDT", 11, 83_000_000)


async def test_a_venue_that_states_no_largest_order_means_no_limit() -> None:
    made = instrument_of((await listings.ccxt_markets())["1000PEPE/USDT:USDT"], "0", "0")
    assert (made.min_lots, made.max_lots) == (1, UNLIMITED_LOTS)


async def test_contracts_count_in_base_coins() -> None:
    market = {**(await listings.ccxt_markets())["BTC/USDT:USDT"], "contractSize": "0.01"}
    made = instrument_of(market, "0", "0")
    assert made.lot == UNIT // 100_000
    assert made.max_lots == 1_190_000


async def test_a_market_without_a_tick_is_refused() -> None:
    market = (await listings.ccxt_markets())["BTC/USDT:USDT"]
    with pytest.raises(ValueError, match="no price tick"):
        instrument_of({**market, "precision": {"price": None, "amount": "1"}}, "0", "0")


async def test_a_market_that_the_venue_does_not_list_is_refused_with_the_nearest_names() -> None:
    with pytest.raises(Invalid, match="did you mean BTC/USDT:USDT") as refusal:
        (await listings.markets("Swap")).closed(("BTC/USDT:USD",))
    assert refusal.value.reason == "MarketUnknown"


async def test_a_spot_name_is_no_swap_market() -> None:
    with pytest.raises(Invalid, match="no Swap market BTC/USDT;"):
        (await listings.markets("Swap")).closed(("BTC/USDT",))


@pytest.mark.parametrize("status", listings.NOT_TRADING)
async def test_a_market_that_bybit_lists_in_another_status_than_trading_is_refused(status: str) -> None:
    with pytest.raises(Invalid, match="not open for trading"):
        (await listings.markets("Swap")).closed((f"{status.upper()}/USDT:USDT",))


async def test_one_venue_symbol_means_the_market_of_the_right_type() -> None:
    for market_type, symbol in (("Spot", "BTC/USDT"), ("Swap", "BTC/USDT:USDT")):
        found = (await listings.markets(market_type)).by_venue_symbol("BTCUSDT")
        assert found is not None
        assert found.market == symbol


async def test_contracts_settle_in_every_coin_that_the_venue_lists() -> None:
    assert (await listings.markets("Swap")).settle_coins() == ["USDC", "USDT"]


@pytest.mark.parametrize(
    ("text", "units"),
    [("1", UNIT), ("0.0000000000000000019", 1), ("-0.0000000000000000011", -2), ("", 0), (None, 0), ("1e-7", 10**11)],
)
def test_amounts_finer_than_the_desks_units_are_rounded_down(text: str | None, units: int) -> None:
    assert units_down(text) == units


async def test_a_market_that_leaves_the_list_keeps_the_name_that_it_is_cancelled_by() -> None:
    listed = await listings.ccxt_markets()
    without = {symbol: one for symbol, one in listed.items() if symbol != "BTC/USDT:USDT"}
    markets = Markets(without, "Swap", Markets(without, "Swap", Markets(listed, "Swap")))
    assert markets.venue_symbol("BTC/USDT:USDT") == "BTCUSDT"
    assert markets.by_venue_symbol("BTCUSDT") is None
    assert markets.why_closed("BTC/USDT:USDT")
    assert Markets(without, "Swap").venue_symbol("BTC/USDT:USDT") == "BTC/USDT:USDT", "nobody ever said another"
