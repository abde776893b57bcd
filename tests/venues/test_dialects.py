"""Which exchange trades what, and what is said where it does not."""

import pytest

from deskbot.core.errors import Invalid
from deskbot.venues.dialects import ADAPTERS, adapter_of
from deskbot.venues.rate_tables import RATES
from deskbot.venues.table import row_of


@pytest.mark.parametrize(("exchange", "market_type"), sorted(ADAPTERS))
def test_every_adapter_serves_what_it_is_named_for_and_has_its_limits_and_its_row(
    exchange: str, market_type: str
) -> None:
    facts = adapter_of(exchange, market_type, lambda: 0).facts
    assert (facts.exchange, facts.market_type) == (exchange, market_type)
    assert (exchange, market_type) in RATES
    row = row_of(exchange, market_type)
    assert row is not None
    assert row.verified


@pytest.mark.parametrize(
    ("exchange", "market_type", "words"),
    [
        ("kraken", "Spot", 'exchange "kraken" is not one of: binance, binanceusdm, bybit'),
        ("binance", "Swap", '"binance" trades Spot; for Swap write one of: binanceusdm, bybit'),
        ("binanceusdm", "Spot", '"binanceusdm" trades Swap; for Spot write one of: binance, bybit'),
    ],
)
def test_an_exchange_that_does_not_trade_that_is_refused_with_what_would_be_right(
    exchange: str, market_type: str, words: str
) -> None:
    with pytest.raises(Invalid, match=words):
        adapter_of(exchange, market_type, lambda: 0)
