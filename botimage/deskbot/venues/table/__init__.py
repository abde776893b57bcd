"""The table of real venue behaviour through ccxt: data about fourteen exchanges, and who may trade where.

    model.py        what is known of one exchange and market type
    calls.py        the calls that many rows share
    rows_spot.py    the rows of spot markets
    rows_swap.py    the rows of perpetual swaps
    client_ids.py   our order ids in the forms venues take

A row is a set of facts; what a bot does with them is in the rooms that use them. `refusal` says why a bot must not
trade on an exchange in a mode. Every quirk here has a test against the request ccxt really makes
(`tests/venues/table`), so a new version of ccxt cannot change one unnoticed.
"""

from collections.abc import Mapping
from typing import Final

from deskbot.venues.table.model import SPOT, SWAP, VenueRow
from deskbot.venues.table.rows_spot import ROWS as SPOT_ROWS
from deskbot.venues.table.rows_swap import ROWS as SWAP_ROWS

TABLE: Final[Mapping[tuple[str, str], VenueRow]] = {
    **{(row.exchange, SPOT): row for row in SPOT_ROWS},
    **{(row.exchange, SWAP): row for row in SWAP_ROWS},
}

LIVE: Final = "Live"


def row_of(exchange: str, market_type: str) -> VenueRow | None:
    """What is known of an exchange's market type, None when nothing is."""
    return TABLE.get((exchange, market_type))


def refusal(exchange: str, market_type: str, mode: str) -> str:
    """Why a bot must not run there in this mode, as one line; "" when it may."""
    row = row_of(exchange, market_type)
    if row is None:
        kinds = [kind for name, kind in TABLE if name == exchange]
        known = ", ".join(sorted({name for name, kind in TABLE if kind == market_type}))
        if not kinds:
            return (
                f'spec.venue.exchange "{exchange}" has no row in the venue table; for {market_type} there are: {known}'
            )
        return f'spec.venue.marketType: the venue table has no {market_type} row for "{exchange}", only {kinds[0]}'
    if not row.verified and mode == LIVE:
        return (
            f"spec.mode Live: the {market_type} row of {exchange} in the venue table is not verified "
            f"({row.unverified_because}); run it on paper or on its test network"
        )
    return ""
