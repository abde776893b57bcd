"""Streamed floats become whole ticks, or the book is invalid."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskbot.core.instrument import BUY, SELL, Instrument
from deskbot.core.money import UNIT, to_units
from deskbot.venues.adapter import Print
from deskbot.venues.books import BookInvalid, BookReader


def _instrument(tick: str = "0.1", lot: str = "0.001") -> Instrument:
    return Instrument("M", "B", "Q", "Q", True, to_units(tick), to_units(lot), 1, 10**18, 0, 0, 0)


def _read(bids: list[tuple[float, float]], asks: list[tuple[float, float]], depth: int = 50) -> tuple[object, object]:
    made = BookReader(_instrument(), depth).book({"bids": bids, "asks": asks}, 5, 6, 7)
    assert (made.at, made.market, made.venue_ms, made.sequence) == (5, "M", 6, 7)
    return made.bids, made.asks


def test_a_book_becomes_ticks_and_lots_best_first() -> None:
    bids, asks = _read([(60000.1, 0.005), (59999.9, 1.0)], [(60000.2, 0.1)])
    assert (bids, asks) == ([(600001, 5), (599999, 1000)], [(600002, 100)])


def test_only_the_wanted_depth_is_kept() -> None:
    assert _read([(2.0, 1.0), (1.0, 1.0)], [], depth=1) == ([(20, 1000)], [])


@pytest.mark.parametrize("price", [60000.15, 60000.1000002, 59999.9999998])
def test_a_price_between_two_ticks_invalidates_the_book(price: float) -> None:
    with pytest.raises(BookInvalid, match="not a multiple"):
        _read([(price, 1.0)], [])


def test_a_size_between_two_lots_is_rounded_down() -> None:
    assert _read([(60000.1, 0.0059), (60000.0, 0.0004)], []) == ([(600001, 5), (600000, 0)], [])


@pytest.mark.parametrize("ask", [60000.1, 60000.0])
def test_a_locked_or_crossed_book_is_invalid(ask: float) -> None:
    with pytest.raises(BookInvalid, match="crossed"):
        _read([(60000.1, 1.0)], [(ask, 1.0)])


@given(
    ticks=st.integers(1, 10**12),
    tick=st.sampled_from(["0.1", "0.01", "0.0000001", "0.5", "5", "0.00000001", "0.25"]),
)
def test_every_price_on_the_grid_survives_the_way_through_a_float(ticks: int, tick: str) -> None:
    price = float(_instrument(tick, "1").price(ticks))
    reader = BookReader(_instrument(tick, "1"), 50)
    assert reader.book({"bids": [(price, 1.0)], "asks": []}, 0, 0, 0).bids == [(ticks, 1)]


def test_a_trade_is_read_from_the_venues_own_strings() -> None:
    reader = BookReader(_instrument(), 50)
    trade = reader.trade(Print("60000.10", "0.0070", SELL, 1700000000123), 9)
    assert (trade.at, trade.market, trade.ticks, trade.lots) == (9, "M", 600001, 7)
    assert (trade.side, trade.venue_ms) == (SELL, 1700000000123)
    assert reader.trade(Print("1", "1", BUY, 1), 9).side == BUY


def test_units_are_what_the_instrument_says() -> None:
    assert _instrument().tick == UNIT // 10
