"""A client that knows only ccxt against the simulator as a process of its own."""

import pytest

from tests.simulator.independent import MARKETS, seen_by_clients, serving


@pytest.mark.component
def test_an_independent_ccxt_script_trades_spot_and_linear_at_once() -> None:
    with serving("bybit") as base_url:
        for seen in seen_by_clients("tests.simulator.independent_client", base_url).values():
            assert set(seen["markets"]) >= set(MARKETS)
            assert (seen["firstPage"], seen["allPages"]) == (20, 41)
