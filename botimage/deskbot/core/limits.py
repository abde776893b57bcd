"""The envelope as the engine uses it: integers, parsed once from `spec.envelope`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Hard limits of one bot.

    Notionals are units (10^-18) of the quote asset, rates are orders per second, the collar is in units of 1
    (1 % is 10^16), ages in nanoseconds.
    """

    max_order_notional: int
    max_position_notional: int
    max_open_orders: int
    orders_per_second: int
    price_collar: int
    max_data_age: int
