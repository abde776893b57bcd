"""The markets of one venue and market type: by the desk's symbol and by the venue's."""

import difflib
from typing import Any

from deskapi.conditions import Reason
from deskbot.core.errors import Invalid
from deskbot.core.instrument import Instrument
from deskbot.venues.instruments import instrument_of
from deskbot.venues.table.model import SPOT


class Markets:
    """Instruments of every market of the type, made when first asked for; `traded` ones carry the account's fees.

    `before` is the list that this one replaces: what is not listed any more keeps its name, since what rests there may
    still be cancelled.
    """

    def __init__(
        self, ccxt_markets: dict[str, dict[str, Any]], market_type: str, before: "Markets | None" = None
    ) -> None:
        self._market_type = market_type
        self._by_symbol = {symbol: one for symbol, one in ccxt_markets.items() if _is_of(one, market_type)}
        self._by_venue_symbol = {one["id"]: symbol for symbol, one in self._by_symbol.items()}
        self._made: dict[str, Instrument | None] = {}
        names = {symbol: str(one["id"]) for symbol, one in self._by_symbol.items()}
        self.names: dict[str, str] = names if before is None else before.names | names

    @property
    def read(self) -> bool:
        """Whether the venue's list has been read; before that no market has a name of the venue's."""
        return bool(self._by_symbol)

    def closed(self, symbols: tuple[str, ...]) -> dict[str, str]:
        """Which of the symbols nobody can trade in this market type, and why. Raises Invalid when it is all of them."""
        found = {symbol: why for symbol in symbols if (why := self.why_closed(symbol))}
        if len(found) == len(symbols):
            raise Invalid(Reason.MARKET_UNKNOWN, "; ".join(found.values()))
        return found

    def why_closed(self, symbol: str) -> str:
        """Why nobody can trade it now; "" when it is open."""
        if symbol not in self._by_symbol:
            return self._unknown(symbol)
        if self._by_symbol[symbol]["active"] is False:
            return f"{symbol} is listed but not open for trading on the venue"
        return ""

    def _unknown(self, symbol: str) -> str:
        close = difflib.get_close_matches(symbol, self._by_symbol, n=3, cutoff=0.5)
        hint = f"; did you mean {' or '.join(close)}?" if close else ""
        return f"spec.markets: the venue lists no {self._market_type} market {symbol}{hint}"

    def venue_symbol(self, symbol: str) -> str:
        """The venue's own name; a symbol that never was listed is taken to be one already."""
        return self.names.get(symbol, symbol)

    def traded(self, symbol: str, maker_rate: str, taker_rate: str) -> Instrument:
        """The instrument of a market at the account's own rates, from now on. Raises ValueError (`instrument_of`)."""
        made = instrument_of(self._by_symbol[symbol], maker_rate, taker_rate)
        self._made[symbol] = made
        return made

    def listed_rates(self, symbol: str) -> tuple[str, str]:
        """(maker, taker) as ccxt states them for the market: its defaults, good enough where there is no account."""
        market = self._by_symbol[symbol]
        return str(market["maker"]), str(market["taker"])

    def by_symbol(self, symbol: str) -> Instrument | None:
        """The instrument of a listed market; None for one that is not listed or cannot be read."""
        if symbol not in self._made and symbol in self._by_symbol:
            try:
                self._made[symbol] = instrument_of(self._by_symbol[symbol], *self.listed_rates(symbol))
            except ValueError:  # a market finer than the desk's units: nobody can trade it, orders on it still show
                self._made[symbol] = None
        return self._made.get(symbol)

    def by_venue_symbol(self, venue_symbol: str) -> Instrument | None:
        """The same by the venue's own name."""
        symbol = self._by_venue_symbol.get(venue_symbol)
        return None if symbol is None else self.by_symbol(symbol)

    def settle_coins(self) -> list[str]:
        """Every coin in which contracts of the type settle."""
        return sorted({one["settleId"] for one in self._by_symbol.values() if one["settleId"] is not None})


def _is_of(market: dict[str, Any], market_type: str) -> bool:
    if market_type == SPOT:
        return bool(market["spot"])
    return bool(market["contract"]) and bool(market["linear"])
