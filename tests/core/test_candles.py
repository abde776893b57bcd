"""Minutes of a market: the venue's own, else the middle of the book, in order and within bounds."""

from hypothesis import given
from hypothesis import strategies as st

from deskbot.core.candles import KEPT, MINUTE_MS, Candle, CandleSeries
from tests.core.desk import MARKET, SECOND, Desk, Wants

M0 = 1_790_000_040_000
assert M0 % MINUTE_MS == 0


def candle(minute: int, close: int = 100, lots: int = 1) -> Candle:
    return Candle(0, MARKET, M0 + minute * MINUTE_MS, 100, max(100, close), min(100, close), close, lots)


def at(minute: int, seconds: int = 0) -> int:
    return (M0 + minute * MINUTE_MS) * 1_000_000 + seconds * SECOND


def test_a_candle_is_closed_when_a_later_one_begins() -> None:
    series = CandleSeries(MARKET)
    series.add(candle(0, 101))
    series.add(candle(0, 102))
    assert (series.closed(), series.count) == ([], 0)
    series.add(candle(1, 103))
    assert [one.close for one in series.closed()] == [102]
    assert series.forming is not None
    assert (series.forming.close, series.count) == (103, 1)


def test_the_last_word_on_a_minute_may_come_after_the_next_has_begun() -> None:
    series = CandleSeries(MARKET)
    for one in (candle(0, 101), candle(1), candle(0, 105), candle(-3)):
        series.add(one)
    assert [one.close for one in series.closed()] == [105]


def test_while_the_venue_is_silent_the_middle_of_the_book_makes_the_candles() -> None:
    series = CandleSeries(MARKET)
    for seconds, half_mid in ((0, 200), (10, 220), (20, 180), (50, 211), (60, 212)):
        series.sample(at(0, seconds), half_mid)
    (closed,) = series.closed()
    assert (closed.open, closed.high, closed.low, closed.close, closed.lots) == (100, 110, 90, 105, 0)
    assert closed.start_ms == M0


def test_a_sample_counts_only_two_minutes_after_the_venues_last_word() -> None:
    series = CandleSeries(MARKET)
    series.add(candle(0))
    series.sample(at(1, 59), 300)
    assert series.forming is not None
    assert series.forming.start_ms == M0
    series.sample(at(2, 0), 300)
    assert (series.forming.start_ms, series.forming.close) == (M0 + 2 * MINUTE_MS, 150)
    series.add(candle(2, 99))
    assert (series.forming.close, series.forming.lots) == (99, 1)


@given(told=st.integers(-3, 3), sampled=st.lists(st.tuples(st.integers(0, 400), st.integers(2, 400)), max_size=20))
def test_samples_change_no_candle_of_the_venues_and_none_that_has_closed(
    told: int, sampled: list[tuple[int, int]]
) -> None:
    series, venues = CandleSeries(MARKET), candle(told)
    series.add(venues)
    closed: list[tuple[Candle, int]] = []
    for seconds, half_mid in sorted(sampled):
        series.sample(at(0, seconds), half_mid)
        assert (venues.at, venues.high, venues.low, venues.close) == (0, 100, 100, 100)
        assert [one.close for one, _ in closed] == [close for _, close in closed]
        closed = [(one, one.close) for one in series.closed()]


def test_memory_is_bounded_and_the_newest_are_kept() -> None:
    series = CandleSeries(MARKET)
    for minute in range(3 * KEPT):
        series.add(candle(minute, minute))
    assert len(series._closed) < 2 * KEPT
    assert [one.close for one in series.closed(2)] == [3 * KEPT - 3, 3 * KEPT - 2]
    assert (len(series.closed()), series.count) == (KEPT, 3 * KEPT - 1)
    assert series.closed(0) == []


said = st.one_of(
    st.tuples(st.just("venue"), st.integers(0, 30), st.integers(90, 110)),
    st.tuples(st.just("middle"), st.integers(0, 30), st.integers(90, 110)),
)


@given(st.lists(said, max_size=80))
def test_minutes_are_in_order_and_each_is_there_once(script: list[tuple[str, int, int]]) -> None:
    series = CandleSeries(MARKET)
    for what, minute, price in script:
        if what == "venue":
            series.add(candle(minute, price))
        else:
            series.sample(at(minute), 2 * price)
        starts = [one.start_ms for one in [*series.closed(), *([series.forming] if series.forming else [])]]
        assert starts == sorted(set(starts))
        assert all(one.low <= one.close <= one.high for one in series.closed())


def test_a_strategy_sees_the_candles_of_its_market() -> None:
    strategy = Wants()
    desk = Desk(strategy=strategy).trading()
    for minute in range(3):
        desk.handle(candle(minute))
    desk.book()
    assert [one.start_ms for one in strategy.seen[-1].candles.closed()] == [M0, M0 + MINUTE_MS]


def test_a_market_without_the_venues_candles_is_sampled_with_the_time() -> None:
    desk = Desk().trading()
    for _ in range(150):
        desk.wait(1, step=1)
        desk.book()
    desk.wait(60, step=1)  # nothing is sampled of a book that has become stale
    strategy = desk.strategy
    assert isinstance(strategy, Wants)
    candles = strategy.seen[-1].candles
    assert candles.count == 2
    assert [one.close for one in candles.closed()] == [600_000, 600_000]
