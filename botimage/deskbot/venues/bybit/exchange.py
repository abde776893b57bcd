"""ccxt.pro's Bybit with what the desk cannot do without; the installed package stays as it is.

* `number` is a string, so that no amount passes through a float on its way in or out.
* Streams hand their rows to a listener as they arrive, in order, before anything is cached, merged or rounded.
* Order book updates must follow one another (`u`), which ccxt does not look at: a gap breaks the connection.
* Any message that cannot be read breaks the connection, and so do pings without an answer (`sockets.py`).
* Requests wait for their turn at the desk's own gate (`pacing.py`), not at ccxt's, which reads the wall clock.

Importing this module imports ccxt (`ccxt_import.py`).
"""

from typing import Any, Final

from deskbot.venues.adapter import Row
from deskbot.venues.ccxt_import import load_exchange
from deskbot.venues.listening import Listener, SequenceGap, Unresolved
from deskbot.venues.pacing import Paced
from deskbot.venues.sockets import Guarded

_bybit: Final[Any] = load_exchange("bybit")


class Bybit(Paced, Guarded, _bybit):  # type: ignore[misc]
    """See the module. Subscribe with ccxt's own `watch_…`; what arrives goes to `listener`."""

    listener: Listener | None = None

    def __init__(self, config: Row) -> None:
        self.book_sequences: dict[str, int] = {}  # the last `u` of each book on this connection
        super().__init__(config)

    def handle_order_book(self, client: Any, message: Row) -> None:
        data = message["data"]
        sequence = int(data["u"])
        market = data["s"]
        snapshot = message["type"] == "snapshot"
        if not snapshot and sequence != self.book_sequences.get(market, 0) + 1:
            raise SequenceGap(f"order book of {market}: update {self.book_sequences.get(market)}, then {sequence}")
        super().handle_order_book(Unresolved(client), message)
        self.book_sequences[market] = sequence
        if self.listener is not None:
            previous = 0 if snapshot else sequence - 1
            self.listener.on_book(self._book_of(client, market), int(message["ts"]), sequence, previous)

    def _book_of(self, client: Any, market_id: str) -> Any:
        kind = "spot" if "spot" in client.url else "contract"
        return self.orderbooks[self.safe_market(market_id, None, None, kind)["symbol"]]

    def handle_trades(self, _client: Any, message: Row) -> None:
        if self.listener is not None:
            self.listener.on_trades(message["data"])

    def handle_order(self, _client: Any, message: Row) -> None:
        if self.listener is not None:
            self.listener.on_private(message["data"])

    def handle_my_trades(self, _client: Any, message: Row) -> None:
        if self.listener is not None:
            self.listener.on_private(message["data"])

    async def watch_protection(self, topic: str) -> None:
        """Make this connection one whose end starts the account's disconnection protection; nothing arrives."""
        url = await self.get_url_by_market_type(None, True, "watchOrders", {})
        await self.authenticate(url)
        await self.watch_topics(url, [topic], [topic])

    def handle_subscription_status(self, _client: Any, message: Row) -> Row:
        if self.listener is not None:
            self.listener.on_subscribed()
        return message
