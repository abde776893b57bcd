"""The recorded book, fed by a complete slow stream and a fast one that knows the touch."""

from hypothesis import given
from hypothesis import strategies as st

from deskbot.matching import BestQuote, Delta, Snapshot
from deskbot.matching.book import Book, BookSide

UPDATES = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 5)), max_size=60)


def opened() -> Book:
    book = Book({}, {})
    book.snapshot(Snapshot("m", 0, 100, [(10, 1), (9, 1), (8, 1)], [(11, 1), (12, 1), (13, 1)]))
    return book


def quote(update_id: int, bid: int, ask: int, size: int = 7) -> BestQuote:
    return BestQuote("m", 0, update_id, bid, size, ask, size)


def delta(update_id: int, bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> Delta:
    return Delta("m", 0, update_id, bids, asks)


def test_a_newer_best_quote_trims_its_side_to_the_new_touch() -> None:
    book = opened()
    book.best_quote(quote(101, 9, 12))
    assert book.bids.levels(9) == [(9, 7), (8, 1)]
    assert book.asks.levels(9) == [(12, 7), (13, 1)]


def test_a_best_quote_that_a_delta_already_told_changes_nothing() -> None:
    book = opened()
    before = book.sequence
    book.best_quote(quote(100, 5, 20))
    assert (book.bids.best, book.asks.best, book.sequence) == (10, 11, before)


def test_a_delta_older_than_the_best_quote_is_believed_only_below_the_touch() -> None:
    book = opened()
    book.best_quote(quote(105, 9, 12))
    book.delta(delta(103, [(10, 5), (9, 5), (8, 5)], [(11, 5), (12, 5), (13, 5)]))
    assert book.bids.levels(9) == [(9, 7), (8, 5)]
    assert book.asks.levels(9) == [(12, 7), (13, 5)]


def test_a_delta_newer_than_the_best_quote_is_believed_everywhere() -> None:
    book = opened()
    book.best_quote(quote(105, 9, 12))
    book.delta(delta(106, [(10, 5), (9, 0)], [(12, 0)]))
    assert book.bids.levels(9) == [(10, 5), (8, 1)]
    assert book.asks.levels(9) == [(13, 1)]


def test_only_watched_levels_report_their_changes() -> None:
    side = BookSide(1, {9: ()})
    side.replace([(10, 1), (9, 2)])
    side.touch(8, 4)
    side.update([(9, 5)])
    assert side.changes == [(9, 2, 0), (9, 0, 5)]


@given(sign=st.sampled_from((1, -1)), updates=UPDATES, depth=st.integers(0, 50))
def test_a_side_is_its_levels_in_order(sign: int, updates: list[tuple[int, int]], depth: int) -> None:
    side, plain = BookSide(sign, {}), {}
    for price, size in updates:
        side.update([(price, size)])
        plain[price] = size
    expected = sorted(((p, s) for p, s in plain.items() if s), key=lambda level: -sign * level[0])
    assert side.levels(depth) == expected[:depth]
    assert side.best == (expected[0][0] if expected else None)


@given(sign=st.sampled_from((1, -1)), updates=UPDATES, limit=st.integers(1, 40), lots=st.integers(1, 40))
def test_a_walk_takes_the_best_levels_up_to_its_limit(
    sign: int, updates: list[tuple[int, int]], limit: int, lots: int
) -> None:
    side = BookSide(sign, {})
    side.update(updates)
    taken = side.walk(limit, lots)
    within = [(price, size) for price, size in side.levels(99) if price * sign >= limit * sign]
    assert sum(size for _, size in taken) == min(lots, sum(size for _, size in within))
    assert [price for price, _ in taken] == [price for price, _ in within[: len(taken)]]
    assert all(full == size for (_, size), (_, full) in zip(taken[:-1], within, strict=False))
