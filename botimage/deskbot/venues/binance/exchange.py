"""ccxt.pro's Binance, spot and USD-M, with what the desk cannot do without; the installed package stays as it is.

* `number` is a string, so that no amount passes through a float on its way in or out.
* Streams hand their rows to a listener as they arrive, in order, before anything is cached, merged or rounded. ccxt
  keeps the order book and checks its sequence (`U`, `u`, `pu`): a gap makes it raise, and that breaks the connection.
* Any message that cannot be read breaks the connection, and so do pings without an answer (`sockets.py`).
* What the venue says before it stops sending (`listenKeyExpired`, which ccxt does not know, `eventStreamTerminated`,
  `serverShutdown`) breaks the connection at once.
* Errors have the classes of their own market behind every address, not only behind the venue's own host names.
* Requests wait for their turn at the desk's own gate (`pacing.py`), not at ccxt's, which reads the wall clock.

Importing this module imports ccxt (`ccxt_import.py`).
"""

from typing import Any, Final

from deskbot.venues.adapter import Row
from deskbot.venues.ccxt_import import load_exchange
from deskbot.venues.listening import Listener, Unresolved
from deskbot.venues.pacing import Paced
from deskbot.venues.sockets import Guarded

_binance: Final[Any] = load_exchange("binance")
_binanceusdm: Final[Any] = load_exchange("binanceusdm")

_LAST_WORDS: Final = {"listenKeyExpired", "eventStreamTerminated", "serverShutdown"}


class StreamEnded(Exception):
    """The venue says that a stream will carry nothing more."""


class _Listening(Paced, Guarded):
    """What both classes share. Subscribe with ccxt's own `watch_…`; what arrives goes to `listener`."""

    listener: Listener | None = None
    exceptions: Any
    options: Any

    def __init__(self, config: Row) -> None:
        self.book_updates: dict[str, int] = {}  # the last `u` of each book that was handed on
        super().__init__(config)  # type: ignore[call-arg]

    def get_exceptions_by_url(self, url: Any, exact_or_broad: str) -> Row:
        """ccxt's hook for the classes of one market's error codes."""
        found: Row = self.exceptions["linear" if "/fapi/" in url else "spot"].get(exact_or_broad, {})
        return found

    def delay(self, _timeout: float, _method: Any, *_arguments: Any) -> None:
        """Nothing: ccxt would renew the key of the private stream in a chain of its own for every connection."""

    def forget_listen_key(self) -> None:
        """Have the next private connection ask for a key, which also renews the one there is."""
        self.options["linear"] = {}

    def handle_message(self, client: Any, message: Any) -> None:
        """ccxt's entry for every message."""
        event = message.get("event", message) if isinstance(message, dict) else {}
        if event.get("e") in _LAST_WORDS:
            raise StreamEnded(f"the venue ends the stream: {event['e']}")
        super().handle_message(client, message)  # type: ignore[misc]

    def handle_order_book(self, client: Any, message: Row) -> None:
        """A delta; ccxt takes one without numbers for none at all."""
        if int(message["U"]) > int(message["u"]):
            raise ValueError(f"order book update {message['U']} to {message['u']}")
        super().handle_order_book(Unresolved(client), message)  # type: ignore[misc]

    def handle_order_book_message(self, client: Any, message: Row, book: Any) -> Any:
        """A delta that follows the book."""
        super().handle_order_book_message(client, message, book)  # type: ignore[misc]
        book.limit()  # what ccxt does for whoever watches: levels beyond those asked for are not kept
        update, previous = int(message["u"]), self.book_updates.get(message["s"], 0)
        self.book_updates[message["s"]] = update
        if self.listener is not None:
            self.listener.on_book(book, int(message["E"]), update, previous)
        return book

    def handle_trade(self, _client: Any, message: Row) -> None:
        if self.listener is not None:
            self.listener.on_trades([message])

    def handle_order_update(self, _client: Any, message: Row) -> None:
        if self.listener is not None:
            self.listener.on_private([message])

    def handle_balance(self, _client: Any, message: Row) -> None:
        """Nothing: balances and positions are asked for."""

    def handle_acount_update(self, _client: Any, message: Row) -> None:
        """Nothing: balances and positions are asked for."""


class BinanceSpot(_Listening, _binance):  # type: ignore[misc]
    """Spot; its private stream is a subscription on the WebSocket API."""

    def handle_user_data_stream_subscribe(self, client: Any, message: Row) -> None:
        super().handle_user_data_stream_subscribe(client, message)
        if self.listener is not None and (message.get("result") or {}).get("subscriptionId") is not None:
            self.listener.on_subscribed()


class BinanceUsdm(_Listening, _binanceusdm):  # type: ignore[misc]
    """USD-M futures; its private stream is an address that holds a key, and carries on as soon as it is open."""

    def on_connected(self, client: Any, message: Any = None) -> None:
        super().on_connected(client, message)
        if self.listener is not None and "listenKey=" in client.url:
            self.listener.on_subscribed()
