"""The table is complete, and it decides where real money may go."""

import pytest

from deskbot.venues.table import LIVE, TABLE, refusal
from deskbot.venues.table.model import SPOT, SWAP, Scope, VenueRow

EXCHANGES = {
    "binance", "binanceusdm", "bybit", "okx", "kraken", "krakenfutures", "coinbase", "bitget", "gate", "kucoin",
    "hyperliquid", "deribit", "htx", "mexc",
}  # fmt: skip
ROWS = pytest.mark.parametrize(
    ("key", "row"), TABLE.items(), ids=lambda value: "-".join(value) if type(value) is tuple else ""
)


def test_every_exchange_of_the_field_has_a_row() -> None:
    assert {exchange for exchange, _ in TABLE} == EXCHANGES


@ROWS
def test_live_is_refused_without_a_verified_row_and_the_line_says_why(key: tuple[str, str], row: VenueRow) -> None:
    line = refusal(*key, LIVE)
    assert (line == "") == row.verified
    assert row.verified or (row.exchange in line and row.unverified_because in line)
    assert "\n" not in line


@ROWS
def test_elsewhere_than_live_an_unverified_row_is_allowed(key: tuple[str, str], row: VenueRow) -> None:
    assert refusal(*key, "Testnet") == ""


def test_an_exchange_without_a_row_is_refused_in_every_mode() -> None:
    assert 'spec.venue.exchange "nowhere" has no row' in refusal("nowhere", SPOT, "Paper")


def test_a_market_type_without_a_row_is_refused_and_the_other_one_named() -> None:
    assert refusal("kraken", SWAP, "Testnet").endswith('no Swap row for "kraken", only Spot')


@ROWS
def test_a_cancel_all_is_calls_or_a_list_cancelled_in_batches(key: tuple[str, str], row: VenueRow) -> None:
    assert bool(row.cancel_all.calls) != bool(row.cancel_all.batch)


@ROWS
def test_a_dead_mans_switch_has_bounds_unless_it_hangs_on_a_connection(key: tuple[str, str], row: VenueRow) -> None:
    timer = row.dead_man
    assert timer is None or timer.scope is Scope.CONNECTION or 0 < timer.shortest < timer.longest
