"""Market data is judged at one place: each way in which a book can be wrong has a name, and heals as it should."""

from hypothesis import given
from hypothesis import strategies as st

from deskbot.core.commands import Cancel
from deskbot.core.events import Book, StreamChange, Trade, VenueClock
from deskbot.core.market import (
    BOOK_CROSSED,
    BOOK_EMPTY,
    BOOK_FROZEN,
    DATA_STALE,
    PRICE_ALONE,
    PRICE_MEMORY,
    PRICE_OUTLIER,
    SEQUENCE_GAP,
    STREAM_UNHEALTHY,
    MarketState,
)
from tests.core.desk import MARKET, SECOND, Desk, Wants, instrument, target

T0 = 1_790_000_000 * SECOND
MAX_AGE = 5 * SECOND


class Feed:
    """One market, fed by hand; `now` moves only when told. One that has begun has a price that is believed."""

    def __init__(self, begun: bool = True) -> None:
        self.market = MarketState(instrument())
        self.now = T0
        self.sequence = 0
        if begun:
            self.book()
            self.book()

    def book(self, bid: int = 1000, ask: int = 1001, lots: int = 5, follows: bool = False, venue_ms: int = 0) -> None:
        previous = self.sequence if follows else 0
        self.sequence += 1
        self.market.on_book(Book(self.now, MARKET, [(bid, lots)], [(ask, lots)], venue_ms, self.sequence, previous))

    def lose(self) -> None:
        """An update that never arrives."""
        self.sequence += 1

    def trade(self, ticks: int) -> None:
        self.market.on_trade(Trade(self.now, MARKET, ticks, 1, 1))

    def wait(self, seconds: float) -> None:
        self.now += int(seconds * SECOND)

    @property
    def verdict(self) -> str:
        return self.market.unusable(self.now, MAX_AGE)


def test_a_market_without_a_book_and_a_book_without_a_side_are_empty() -> None:
    feed = Feed(begun=False)
    assert feed.verdict == BOOK_EMPTY
    feed.market.on_book(Book(feed.now, MARKET, [], [(1001, 1)]))
    assert feed.verdict == BOOK_EMPTY
    feed.book()
    feed.book()
    assert feed.verdict == ""
    feed.market.on_book(Book(feed.now, MARKET, [], [(1001, 1)]))
    assert (feed.verdict, feed.market.half_mid) == (BOOK_EMPTY, 0)


def test_a_locked_or_crossed_book_is_refused() -> None:
    feed = Feed()
    feed.book(1000, 1000)
    assert feed.verdict == BOOK_CROSSED
    feed.book(1001, 1000)
    assert feed.verdict == BOOK_CROSSED


def test_after_a_missing_update_only_a_snapshot_heals() -> None:
    feed = Feed()
    feed.book()
    feed.book(follows=True)
    feed.lose()
    feed.book(follows=True)
    assert feed.verdict == SEQUENCE_GAP
    feed.book(follows=True)
    assert feed.verdict == SEQUENCE_GAP, "the books that follow are built on the gap"
    feed.book()
    assert feed.verdict == ""


def test_an_update_before_any_snapshot_is_a_gap() -> None:
    feed = Feed(begun=False)
    feed.sequence = 41
    feed.book(follows=True)
    assert feed.verdict == SEQUENCE_GAP


def test_a_stream_that_comes_back_is_trusted_from_its_first_snapshot_on() -> None:
    feed = Feed()
    feed.book()
    feed.market.on_stream(False, "closed")
    assert (feed.verdict, feed.market.why) == (STREAM_UNHEALTHY, "closed")
    feed.book()
    assert feed.verdict == STREAM_UNHEALTHY
    feed.market.on_stream(True, "")
    assert feed.verdict == SEQUENCE_GAP
    feed.book()
    assert feed.verdict == ""


def test_a_book_is_as_old_as_its_arrival() -> None:
    feed = Feed()
    feed.book()
    feed.wait(5)
    assert feed.verdict == ""
    feed.wait(0.1)
    assert feed.verdict == DATA_STALE


def test_a_book_that_waited_in_a_socket_is_as_old_as_the_venue_says() -> None:
    feed = Feed()
    feed.book(venue_ms=feed.now // 1_000_000 - 60_000)
    assert feed.verdict == "", "nobody has compared the two clocks yet"
    feed.market.on_venue_clock(-200_000_000)
    feed.book(venue_ms=feed.now // 1_000_000 - 60_000)
    assert feed.verdict == DATA_STALE
    feed.book(venue_ms=feed.now // 1_000_000 - 200)
    assert (feed.verdict, feed.market.at) == ("", feed.now)


def test_a_venue_whose_clock_runs_ahead_makes_no_book_younger_than_its_arrival() -> None:
    feed = Feed()
    feed.market.on_venue_clock(0)
    feed.book(venue_ms=feed.now // 1_000_000 + 60_000)
    assert feed.market.at == feed.now


def test_a_touch_that_stands_still_while_trades_are_printed_is_frozen() -> None:
    feed = Feed()
    feed.book()
    for _ in range(11):
        feed.wait(3)
        feed.book()
    assert feed.verdict == "", "a quiet market"
    feed.trade(1000)
    assert feed.verdict == BOOK_FROZEN
    feed.book(1000, 1001, lots=6)
    assert feed.verdict == ""


def test_the_trade_that_made_the_last_change_may_arrive_a_little_after_it() -> None:
    feed = Feed()
    feed.book()
    feed.wait(0.5)
    feed.trade(1000)
    feed.wait(31)
    feed.book()
    assert feed.verdict == ""


def test_a_jump_that_no_trade_confirms_is_refused_until_the_price_is_back() -> None:
    feed = Feed()
    feed.book()
    feed.trade(1000)
    feed.book(10_000, 10_010)
    assert feed.verdict == PRICE_OUTLIER
    feed.book(1010, 1011)
    assert feed.verdict == ""


def test_a_jump_is_believed_when_a_trade_near_it_is_printed() -> None:
    feed = Feed()
    feed.book()
    feed.book(1200, 1201)
    assert feed.verdict == PRICE_OUTLIER
    feed.trade(1195)
    assert feed.verdict == ""
    feed.book(1100, 1101)
    assert feed.verdict == "", "the new price is the one that later books are compared with"


def test_the_trade_may_come_before_the_book() -> None:
    feed = Feed()
    feed.book()
    feed.trade(1200)
    feed.book(1200, 1201)
    assert feed.verdict == ""


def test_one_absurd_print_makes_neither_itself_nor_a_sound_book_the_truth() -> None:
    feed = Feed()
    feed.book()
    feed.trade(10_000)
    feed.book(1001, 1002)
    assert feed.verdict == ""


def test_a_jump_without_trades_is_believed_after_a_minute_but_not_against_the_tape() -> None:
    quiet, busy = Feed(), Feed()
    for feed in (quiet, busy):
        feed.book()
    for _ in range(PRICE_MEMORY // SECOND + 2):
        for feed in (quiet, busy):
            feed.wait(1)
            feed.book(1200, 1201)
        busy.trade(1000)
    assert (quiet.verdict, busy.verdict) == ("", PRICE_OUTLIER)


def test_the_first_book_after_a_long_silence_is_no_jump_but_needs_a_second_like_the_first_of_all() -> None:
    feed = Feed()
    feed.wait(600)
    feed.book(1200, 1201)
    assert feed.verdict == PRICE_ALONE
    feed.book(1201, 1202)
    assert feed.verdict == ""


def test_the_first_price_is_believed_when_a_second_book_is_near_it() -> None:
    feed = Feed(begun=False)
    feed.book(1300, 1301)
    assert feed.verdict == PRICE_ALONE
    feed.book(1000, 1001)
    assert feed.verdict == PRICE_ALONE, "one of the two is wrong, and nobody knows which"
    feed.book(1010, 1011)
    assert feed.verdict == ""


def test_the_first_book_told_twice_is_no_second_book() -> None:
    feed = Feed(begun=False)
    for _ in range(2):
        feed.market.on_book(Book(feed.now, MARKET, [(1300, 5)], [(1301, 5)], sequence=7))
        assert feed.verdict == PRICE_ALONE
    feed.sequence = 7
    feed.book(1300, 1301)
    assert feed.verdict == ""


def test_the_first_price_is_believed_when_a_trade_is_near_it_and_no_book_is_its_own_second_source() -> None:
    feed = Feed(begun=False)
    feed.book(1300, 1301)
    feed.trade(1000)
    assert feed.verdict == PRICE_ALONE
    feed.trade(1299)
    assert feed.verdict == ""


def test_waiting_for_a_second_price_refuses_nothing_that_would_be_counted() -> None:
    desk = Desk(strategy=Wants(target()))
    desk.begin()
    desk.say(Book, market=MARKET, bids=[(600_000, 5)], asks=[(600_001, 5)])
    assert not desk.placed()
    assert desk.engine.summary().rejections == {}
    assert desk.engine.summary().positions[0].doubt == PRICE_ALONE
    desk.say(Book, market=MARKET, bids=[(600_000, 5)], asks=[(600_001, 5)])
    assert desk.placed()


steps = st.lists(
    st.one_of(
        st.tuples(st.just("snapshot"), st.integers(990, 1010), st.integers(-1, 3)),
        st.tuples(st.just("update"), st.integers(990, 1010), st.integers(-1, 3)),
        st.tuples(st.just("lose"), st.just(0), st.just(0)),
        st.tuples(st.just("down"), st.just(0), st.just(0)),
        st.tuples(st.just("up"), st.just(0), st.just(0)),
        st.tuples(st.just("wait"), st.integers(1, 7), st.just(0)),
        st.tuples(st.just("trade"), st.integers(900, 1100), st.just(0)),
    ),
    max_size=40,
)


@given(steps)
def test_whatever_happens_a_book_is_quoted_on_exactly_when_nothing_is_wrong_with_it(
    script: list[tuple[str, int, int]],
) -> None:
    feed = Feed()
    whole, healthy, arrived, bid, ask = True, True, T0, 1000, 1001
    changed, traded = T0, 0
    for what, number, spread in script:
        if what in ("snapshot", "update"):
            whole = what == "snapshot" or (whole and feed.sequence == feed.market.view.sequence)
            if (bid, ask) != (number, number + spread):
                changed = feed.now
            bid, ask, arrived = number, number + spread, feed.now
            feed.book(bid, ask, follows=what == "update")
        elif what == "lose":
            feed.lose()
        elif what == "wait":
            feed.wait(number)
        elif what == "trade":
            feed.trade(number)
            traded = feed.now
        else:
            healthy, whole = what == "up", False
            feed.market.on_stream(healthy, "")
        fresh = feed.now - arrived <= MAX_AGE
        frozen = feed.now - changed > 30 * SECOND and traded - changed > SECOND
        assert (feed.verdict == "") == (whole and healthy and bid < ask and fresh and not frozen)


def test_the_engine_pulls_its_quotes_on_a_doubtful_book_and_counts_each_doubt_once() -> None:
    desk = Desk(strategy=Wants(target()))
    desk.trading().resting()
    for _ in range(3):
        desk.at += SECOND
        desk.say(Book, market=MARKET, bids=[(1_000_000, 5)], asks=[(1_000_001, 5)])
    summary = desk.engine.summary()
    assert summary.rejections == {PRICE_OUTLIER: 1}
    assert summary.positions[0].doubt == PRICE_OUTLIER
    assert desk.questions(Cancel)


def test_the_engine_tells_its_markets_the_venues_clock() -> None:
    desk = Desk()
    desk.trading()
    desk.say(VenueClock, offset=-3 * SECOND)
    desk.say(Book, market=MARKET, bids=[(600_000, 5)], asks=[(600_001, 5)], venue_ms=desk.at // 1_000_000 - 10_000)
    assert desk.engine.summary().positions[0].data_at == desk.at - 7 * SECOND


def test_a_gap_of_the_stream_shuts_the_gate_until_the_next_book() -> None:
    desk = Desk(strategy=Wants(target()))
    desk.trading()
    desk.say(StreamChange, stream="market", market=MARKET, healthy=False, reason="a gap")
    desk.say(StreamChange, stream="market", market=MARKET, healthy=True)
    assert desk.engine.summary().positions[0].doubt == SEQUENCE_GAP
