"""simple-maker: two-sided quotes that stay on their side of the book and lean against the inventory."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskbot.core.candles import CandleSeries
from deskbot.core.instrument import BUY, SELL
from deskbot.core.money import to_units
from deskbot.core.strategy import Target, View
from deskstrategies.simple_maker import SimpleMaker, SimpleMakerParams
from tests.core.desk import instrument

MARKET = instrument()
CANDLES = CandleSeries(MARKET.market)


def view(bid: int = 600_000, ask: int = 600_001, position: int = 0, maximum: str = "1500") -> View:
    """A book around 60 000 and a position in units of base."""
    return View(1, MARKET, bid, 10, ask, 10, position, to_units(maximum), to_units(250), CANDLES)


def maker(**params: object) -> SimpleMaker:
    return SimpleMaker(SimpleMakerParams.model_validate({"size": "0.002", **params}), MARKET)


def side(quotes: list[Target], which: int) -> list[int]:
    return [quote.ticks for quote in quotes if quote.side == which]


def test_it_quotes_both_sides_at_the_spread_and_steps_further_out() -> None:
    quotes = maker(levels=3, spread="0.02%", step="0.01%").targets(view(600_000, 600_000 + 2))
    assert side(quotes, BUY) == [599_880, 599_820, 599_760]
    assert side(quotes, SELL) == [600_122, 600_182, 600_242]
    assert {quote.lots for quote in quotes} == {2}
    assert len({(quote.side, quote.level) for quote in quotes}) == 6
    assert all(quote.post_only for quote in quotes)


def test_quotes_stay_until_the_middle_has_moved_enough() -> None:
    strategy = maker(requote="0.01%")
    first = strategy.targets(view())
    assert strategy.targets(view(600_059, 600_060)) is first
    assert strategy.targets(view(600_061, 600_062)) is not first


def test_a_long_position_moves_both_sides_down_and_a_short_one_up() -> None:
    flat, long, short = (maker(skew="0.05%").targets(view(position=to_units(held))) for held in ("0", "0.01", "-0.01"))
    for which in (BUY, SELL):
        assert side(long, which) < side(flat, which) < side(short, which)


@given(
    st.integers(1000, 10**7),
    st.integers(1, 50),
    st.integers(-(10**18), 10**18),
    st.integers(1, 20),
    st.integers(0, 500),
    st.integers(0, 500),
)
def test_no_quote_ever_crosses_the_book(bid: int, gap: int, position: int, levels: int, spread: int, skew: int) -> None:
    strategy = maker(levels=levels, spread=str(Decimal(spread) / 100_000), skew=str(Decimal(skew) / 100_000))
    quotes = strategy.targets(view(bid, bid + gap, position))
    assert len(quotes) == 2 * levels
    assert max(side(quotes, BUY)) < bid + gap
    assert min(side(quotes, SELL)) > bid


@given(st.integers(1000, 10**7), st.integers(1, 50))
def test_the_same_view_gives_the_same_quotes(bid: int, gap: int) -> None:
    rows = [[(q.side, q.ticks, q.lots, q.level) for q in maker(levels=2).targets(view(bid, bid + gap))] for _ in "ab"]
    assert rows[0] == rows[1]


def test_a_size_off_the_grid_is_refused() -> None:
    with pytest.raises(ValueError, match=r"amount 0\.0025 is not a multiple of the lot 0\.001"):
        maker(size="0.0025")
