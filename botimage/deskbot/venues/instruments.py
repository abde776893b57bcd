"""ccxt markets as instruments, exactly: every figure comes as a string and becomes an integer of units."""

from decimal import Decimal
from typing import Any, Final

from deskbot.core.instrument import Instrument
from deskbot.core.money import UNIT, to_units

# A venue that states no largest order: far above any real one, so that comparisons need no special case.
UNLIMITED_LOTS: Final = 10**18


def instrument_of(market: dict[str, Any], maker_rate: str, taker_rate: str) -> Instrument:
    """The instrument of one ccxt market (loaded with `number = str`) at the account's own fee rates.

    Raises ValueError when the market states no tick or no step, or one finer than the desk's units.
    """
    symbol = str(market["symbol"])
    tick, step = market["precision"]["price"], market["precision"]["amount"]
    if tick is None or step is None:
        raise ValueError(f"{symbol}: the venue states no price tick or no amount step")
    contract_size = Decimal(market["contractSize"] or 1)
    lot = to_units(Decimal(step) * contract_size)
    limits = market["limits"]
    return Instrument(
        market=symbol,
        base=market["base"],
        quote=market["quote"],
        settle=market["settle"] or market["quote"],
        linear=bool(market["linear"]),
        tick=to_units(tick),
        lot=lot,
        min_lots=max(1, -(-_base_units(limits["amount"]["min"], contract_size, 0) // lot)),
        max_lots=min(_base_units(most, contract_size, UNLIMITED_LOTS * lot) for most in _largest(limits)) // lot,
        min_notional=to_units(limits["cost"]["min"] or 0),
        maker_rate=to_units(maker_rate),
        taker_rate=to_units(taker_rate),
    )


def _largest(limits: Any) -> list[str | None]:
    """The largest order, and the largest market order where the venue has another limit for it."""
    return [limits["amount"]["max"], (limits.get("market") or {}).get("max")]


def _base_units(amount: str | None, contract_size: Decimal, otherwise: int) -> int:
    """An amount of contracts in units of the base asset; venues write "no limit" as nothing or zero."""
    if amount is None or Decimal(amount) == 0:
        return otherwise
    return to_units(Decimal(amount) * contract_size)


def units_down(value: str | None) -> int:
    """Units of an amount that a venue computed, rounded down where it prints more digits than the desk keeps."""
    if value is None or value == "":
        return 0
    return int((Decimal(value) * UNIT).to_integral_value(rounding="ROUND_FLOOR"))
