"""Where the streams of one exchange instance go, before ccxt caches, merges or rounds anything."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from deskbot.venues.adapter import Row


class SequenceGap(Exception):
    """An order book update is missing."""


class Listener(Protocol):
    """What an exchange class calls as messages arrive, in order. An exception breaks the connection."""

    def on_book(self, book: Any, venue_ms: int, sequence: int, previous: int) -> None:
        """ccxt's book of one market after an update; `previous` is 0 for a snapshot."""

    def on_trades(self, rows: list[Row]) -> None:
        """Rows of the public tape of one market."""

    def on_private(self, rows: list[Row]) -> None:
        """Rows of the account's own stream, orders and executions alike."""

    def on_subscribed(self) -> None:
        """The venue acknowledged one subscription."""


class Unresolved:
    """A ccxt client that resolves nothing.

    ccxt answers whoever watches a book with each update of it. Nobody here waits for that, and to watch the next one
    costs as much as reading it, before the engine's answer to this one is sent.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def resolve(self, result: Any, _message_hash: str | None = None) -> Any:
        """Nothing: rows go to the listener."""
        return result

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


async def subscribed(watch: Callable[..., Awaitable[Any]], *arguments: str | int) -> None:
    """Subscribe, and stay to hear of the connection's end: rows go to the listener, so ccxt resolves nothing."""
    while True:
        await watch(*arguments)
