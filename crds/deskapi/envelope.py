"""The envelope: hard limits that no strategy can move, each one a named check in the engine's gate.

All limits are set by the bot's owner; the amounts have no default, because only the owner knows what may be lost. The
others default to what a careful quoting bot needs.
"""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from deskapi.base import SpecModel
from deskapi.quantities import PositiveAmount, PositiveRatio, duration_between


class Envelope(SpecModel):
    """Hard limits of the bot. An order that would break one is not sent."""

    max_order_notional: PositiveAmount = Field(
        description='Largest value of one order in the quote currency, for example "250".'
    )
    max_position_notional: PositiveAmount = Field(
        description="Largest value of the position in one market, in the quote currency, long or short, counted as if "
        'every open order that adds to it were filled. For example "1000".'
    )
    max_open_orders: int = Field(
        default=20, ge=1, le=500, description="Largest number of orders open at once, over all markets."
    )
    orders_per_second: int = Field(
        default=5, ge=1, le=100, description="Largest number of new orders sent within any one second."
    )
    price_collar: PositiveRatio = Field(
        default="5%",
        validate_default=True,
        description="Largest distance of an order's price from the middle of the book, as a percentage of it.",
    )
    max_data_age: Annotated[timedelta, duration_between("100ms", "60s", "5s")] = Field(
        default="5s",
        validate_default=True,
        description="Oldest market data on which an order may be based. Older: quotes are pulled.",
    )
