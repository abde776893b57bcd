"""What everybody sees: trades, candles and the ticker, summed from the recorded trades."""

from decimal import Decimal

from tests.matching.market import LINEAR, MS, Desk

MINUTE_MS = 60_000


def test_trade_ids_count_up_and_ask_for_what_is_new() -> None:
    desk = Desk()
    for price in (60_001, 60_002, 60_003):
        desk.trade(price, "0.1", taker_buys=True)
    assert [trade.trade_id for trade in desk.exchange.trades(LINEAR)] == [1, 2, 3, 4]
    assert [trade.ticks for trade in desk.exchange.trades(LINEAR, after_id=2)] == [600_020, 600_030]
    assert [trade.trade_id for trade in desk.exchange.trades(LINEAR, limit=1)] == [4]
    assert desk.exchange.trades(LINEAR, after_id=4) == []


def test_candles_hold_a_minute_of_trades_and_skip_minutes_without() -> None:
    desk = Desk()
    desk.trade(60_010, "0.2")
    desk.trade(59_990, "0.1")
    desk.settle(2 * MINUTE_MS)
    desk.now_ns = 2 * MINUTE_MS * MS
    desk.trade(60_005, 1)
    first, second = desk.exchange.candles(LINEAR)
    assert (first.start_ns, first.open, first.high, first.low, first.close) == (0, 600_000, 600_100, 599_900, 599_900)
    assert (first.volume, first.turnover) == (800, 48_001 * 10**18)
    assert (second.start_ns, second.volume) == (2 * MINUTE_MS * MS, 1000)
    assert desk.exchange.candles(LINEAR, limit=1) == [second]


def test_the_ticker_shows_last_touch_and_day() -> None:
    desk = Desk()
    desk.trade(60_010, "0.2")
    ticker = desk.exchange.ticker(LINEAR)
    assert (ticker.last, ticker.bid, ticker.ask, ticker.bid_lots) == (600_100, 599_990, 600_010, 1000)
    assert (ticker.high, ticker.low, ticker.previous, ticker.volume) == (600_100, 600_000, 600_000, 700)


def test_the_ticker_of_a_silent_market_has_no_prices() -> None:
    desk = Desk()
    desk.snapshot([], [])
    desk.now_ns += 2 * 1440 * MINUTE_MS * MS
    desk.settle()
    ticker = desk.exchange.ticker(LINEAR)
    assert (ticker.bid, ticker.ask, ticker.high, ticker.low, ticker.volume) == (None, None, None, None, 0)


def test_a_listing_prints_what_it_parses() -> None:
    listing = Desk().exchange.listings[LINEAR]
    assert listing.price(600_001) == Decimal("60000.1")
    assert str(listing.quantity(100)) == "0.1"
    assert listing.ticks(Decimal("60000.15")) is None
    assert listing.unified == "BTC/USDT:USDT"
