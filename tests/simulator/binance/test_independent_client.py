"""A client that knows only ccxt against the simulator as a process of its own."""

import pytest

from tests.simulator.independent import seen_by_clients, serving


@pytest.mark.component
def test_an_independent_ccxt_script_trades_spot_and_futures_at_once() -> None:
    with serving("binance") as base_url:
        for seen in seen_by_clients("tests.simulator.binance.independent_client", base_url).values():
            assert seen["open"] == 41
