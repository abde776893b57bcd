"""What Binance spot and USD-M have in common of `adapter.Adapter`."""

from collections.abc import Iterator
from typing import Any, Final

from deskbot.core.events import Event, Fill, OrderReport
from deskbot.venues.adapter import Facts, ListFailed, Now, Print, Row
from deskbot.venues.binance import lists, rows
from deskbot.venues.binance.client_ids import ClientIds
from deskbot.venues.errors import ccxt_errors, venue_code
from deskbot.venues.markets import Markets

DAY_MS: Final = 86_400_000
HISTORY_MS: Final = 90 * DAY_MS  # USD-M keeps three months of income; a day on spot costs a request
BOOK_ASKED: Final = 1000  # ccxt keeps what the snapshot had: the levels below a shallow one would be missing for ever
CONFIRM_DEPTH: Final = 5
FORBIDDEN_IN_ENDPOINT: Final = ("/stream", "demo-stream")  # ccxt takes such an address for spot
_ARCHIVED: Final = "-2026"  # spot: cancelled or expired without a fill more than 90 days ago


class BinanceAdapter:
    """What spot and USD-M have in common; see `adapter.Adapter` for the methods."""

    facts: Facts

    def __init__(self, market_type: str, now: Now) -> None:
        self._now = now
        self._markets = Markets({}, market_type)
        self._client_ids = ClientIds()

    def serve(self, markets: Markets) -> None:
        """See `Adapter.serve`."""
        self._markets = markets

    def _now_ms(self) -> int:
        return self._now() // 1_000_000

    async def warm(self, _exchange: Any) -> None:
        """See `Adapter.warm`: ccxt asks nothing before Binance's private requests."""

    def _reported(self, found: list[Row]) -> list[OrderReport]:
        for row in found:
            self._client_ids.learn(row["symbol"], row["orderId"], row["clientOrderId"])
        return [rows.order_report(row, self._markets.by_venue_symbol, self._now()) for row in found]

    async def _order(self, request: lists.Request, symbol: str, client_id: str) -> OrderReport | None:
        """One question is for live and ended orders alike; executions cannot be asked for by client id."""
        try:
            answer = await request({"symbol": symbol, "origClientOrderId": client_id})
        except ccxt_errors.OrderNotFound:
            if self._client_ids.seen(client_id):
                raise ListFailed("the venue has told of the order and does not know it: ask again") from None
            return None
        except ccxt_errors.InvalidOrder as error:
            if venue_code(error) == _ARCHIVED:
                return None
            raise
        row = lists.row_of(answer, "orderId", "clientOrderId", "status")
        if row["clientOrderId"] != client_id:
            raise ListFailed(f"the venue answers with order {row['clientOrderId']}, not {client_id}")
        return self._reported([row])[0]

    async def _trades(
        self, requests: tuple[lists.Request, lists.Request, lists.Request], symbol: str, since_ms: int, span_ms: int
    ) -> list[Fill]:
        instrument = self._markets.by_venue_symbol(symbol)
        if instrument is None:
            raise ListFailed(f"{symbol} is not a market of the venue")
        trades, all_orders, one_order = requests
        now_ms = self._now_ms()
        start = max(since_ms, now_ms - HISTORY_MS)
        found = await lists.since(trades, {"symbol": symbol}, span_ms, start, now_ms, "id", by_id=True)
        client_ids = await self._client_ids.of(all_orders, one_order, found, now_ms)
        return [rows.fill(row, client_ids[str(row["orderId"])], instrument, self._now()) for row in found]

    def tape(self, row: Row) -> Print:
        """See `Adapter.tape`."""
        return rows.tape(row)

    def private_events(self, found: list[Row]) -> Iterator[Event]:
        """See `Adapter.private_events`. One row tells of an order and of its execution: the execution goes first."""
        for message in found:
            if message["e"] == "ALGO_UPDATE":
                yield rows.algo_report(message["o"], self._markets.by_venue_symbol, self._now())
            else:
                yield from self._order_events(message if message["e"] == "executionReport" else message["o"])

    def _order_events(self, row: Row) -> Iterator[Event]:
        self._client_ids.learn(row["s"], row["i"], rows.client_id_of(row))
        instrument = self._markets.by_venue_symbol(row["s"])
        if instrument is not None and rows.executed(row):
            yield rows.streamed_fill(row, instrument, self._now())
        yield rows.streamed_order(row, self._markets.by_venue_symbol, self._now())


def of(symbol: str) -> Row:
    """The query of one symbol's rows; everyone's without."""
    return {"symbol": symbol} if symbol else {}


def named(answer: Any) -> bool:
    """Whether an answer to a cancel names an order."""
    return isinstance(answer, dict) and bool(answer.get("orderId") or answer.get("algoId"))


async def cancelled(request: lists.Request, query: Row) -> bool:
    """Make a request that cancels one order; False where the answer names none."""
    return named(await request(query))
