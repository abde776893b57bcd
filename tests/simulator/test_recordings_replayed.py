"""Sources without an end: a recording over and over, and the synthetic market."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path

from deskbot.matching import Exchange, MarketEvent, OrderStatus, Snapshot
from deskbot.simulator.recordings import Recording
from deskbot.simulator.replay import LOOP_PAUSE_NS, MarketSource, Replay, paced
from deskbot.simulator.synthetic import SyntheticMarket
from tests.matching.market import LINEAR, Desk
from tests.simulator.tapes import delta, quote, snapshot, trade, write

MS = 1_000_000


def short(tmp_path: Path) -> Recording:
    return Recording([write(tmp_path / "a.gz", snapshot(100), delta(90, 110, 89), trade(), trade(), quote(111))])


def test_a_replay_starts_over_with_time_going_on(tmp_path: Path) -> None:
    told = list(islice(Replay(short(tmp_path)).events(), 12))
    times = [event.time_ns for event in told]
    assert times == sorted(times)
    assert [type(event) for event in told[:5]] == [type(event) for event in told[5:10]]
    assert isinstance(told[5], Snapshot)
    assert times[5] - times[4] == LOOP_PAUSE_NS
    assert [time - times[5] for time in times[5:10]] == [time - times[0] for time in times[:5]]


def test_trade_ids_and_book_sequence_go_on_over_passes(tmp_path: Path) -> None:
    recording = short(tmp_path)
    exchange = Exchange(recording.listings, seed=1)
    sequences = []
    for event in islice(Replay(recording).events(), 15):
        exchange.market_event(event)
        sequences.append(exchange.book(LINEAR, 1).sequence)
    assert [printed.trade_id for printed in exchange.trades(LINEAR)] == [1, 2, 3, 4, 5, 6]
    assert sequences == sorted(sequences)
    assert sequences[-1] == 9


def test_resting_orders_survive_the_seam_behind_the_new_snapshot() -> None:
    desk = Desk()
    order = desk.order("buy", "0.1", 59_999)
    desk.trade(59_999, "0.7")
    desk.snapshot([(59_999, 3)], [(60_001, 1)])
    assert (order.status, desk.ahead(order)) == (OrderStatus.NEW, Decimal(3))


def test_a_source_without_events_ends() -> None:
    class Silent:
        listings = ()

        def events(self) -> Iterator[MarketEvent]:
            return islice((), 0)

    silent: MarketSource = Silent()
    assert list(Replay(silent).events()) == []


def test_pacing_divides_the_gaps_and_counts_from_the_start(tmp_path: Path) -> None:
    recording = short(tmp_path)
    recorded = [event.time_ns for event in recording.events()]
    hurried = [event.time_ns for event in paced(recording.events(), 5_000, 4.0)]
    assert hurried == [5_000 + (time - recorded[0]) // 4 for time in recorded]


def test_the_synthetic_market_is_the_same_for_the_same_seed() -> None:
    def told(seed: int) -> list[tuple[str, int, str]]:
        events = islice(SyntheticMarket(seed, start_ns=7).events(), 2_000)
        return [(event.market, event.time_ns, _content(event)) for event in events]

    assert told(1) == told(1)
    assert told(1) != told(2)


def test_a_pair_walks_the_same_whichever_others_there_are() -> None:
    def told(markets: set[str] | None) -> list[tuple[int, str]]:
        events = (one for one in SyntheticMarket(3, markets=markets).events() if one.market == "linear:ADAUSDT")
        return [(event.time_ns, _content(event)) for event in islice(events, 300)]

    assert told(None) == told({"ADA/USDT:USDT"}) == told({"ADA/USDT", "BTC/USDT"})


def test_the_synthetic_markets_are_uncrossed_and_trade_on_both_sides() -> None:
    source = SyntheticMarket(3)
    exchange = Exchange(source.listings, seed=1)
    for event in islice(source.events(), 12_000):
        exchange.market_event(event)
        book = exchange.book(event.market, 1)
        assert 0 < book.bids[0][0] < book.asks[0][0]
    assert len(source.listings) == 8
    for market in exchange.listings:
        assert {printed.taker_buys for printed in exchange.trades(market)} == {True, False}
        assert len(exchange.book(market, 50).bids) == 50


def _content(event: object) -> str:
    names = [name for name in type(event).__slots__ if name != "market"]  # type: ignore[attr-defined]
    return f"{type(event).__name__} " + " ".join(f"{name}={getattr(event, name)}" for name in names)


def test_a_maker_in_the_synthetic_market_fills_on_both_sides() -> None:
    desk = Desk()
    source = SyntheticMarket(5, start_ns=desk.now_ns + MS, markets={"BTC/USDT"})
    for number, event in enumerate(islice(source.events(), 20_000)):
        desk.exchange.market_event(event)
        desk.now_ns = event.time_ns
        if number % 500 == 4:
            desk.cancel_all()
            book = desk.exchange.book(LINEAR, 1)
            for side, (ticks, _) in (("buy", book.bids[0]), ("sell", book.asks[0])):
                desk.order(side, "0.01", desk.exchange.listings[LINEAR].price(ticks))
    assert {fill[0] for fill in desk.fills()} == {"buy", "sell"}
    assert all(fill[3] == "maker" for fill in desk.fills())
