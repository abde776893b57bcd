"""When each step of the live path was done, read from outside: the product has no hook for this.

    socket ─▶ aiohttp, ccxt ─▶ on_book ─▶ pass, engine ─┬─────────────▶ cancel ─▶ ccxt, aiohttp ─▶ transport.write
    arrived                    book                     └─▶ journal ──▶ create ─▶ ccxt, aiohttp ─▶ written

One monotonic clock, one process. `Stamps.watch` puts a wrapper around some methods of aiohttp, ccxt and the bot; a
trace is made for each book, and belongs to the requests that the pass over that book decides. A message is as old as
the first bytes that came since the connection's buffer was last empty: never younger than it is.

What is theirs and what is ours: ccxt has the way in (socket to `on_book`: WebSocket frame, JSON, merging the book) and
the way out (building the order, signing, aiohttp) but for our gate of the rate limit; the journal has what an order
waits for its intent; all else is ours, the turns of the event loop included.
"""

import functools
from collections.abc import Callable
from contextvars import ContextVar
from time import perf_counter_ns
from typing import Any, Final

from aiohttp.client_proto import ResponseHandler
from aiohttp.http_writer import StreamWriter

from deskbot.core.commands import Cancel, Place
from deskbot.core.events import Book, Event
from deskbot.core.records import Record
from deskbot.runtime.journal import Journal
from deskbot.runtime.journal_writer import JournalWriter, Waiter
from deskbot.runtime.loop import EngineLoop
from deskbot.runtime.requests import Request, Requests
from deskbot.venues.pacing import Paced
from deskbot.venues.streams import MarketStream

Stamp = dict[str, int]  # nanoseconds by step

CREATE: Final = "create"
CANCEL: Final = "cancel"
_KINDS: Final[dict[type, str]] = {Place: CREATE, Cancel: CANCEL}
# the parts of ours: what the book becomes, the way to the engine, the decision, the way from it, the rate limit
_OURS: Final = (
    ("reading", "book", "read"),
    ("passing", "read", "engine"),
    ("deciding", "engine", "handed"),
    ("sending", "durable", "asked"),
    ("pacing", "gate", "ccxt"),
)
_request: ContextVar[Stamp | None] = ContextVar("request", default=None)


class Stamps:
    """What was seen so far: a finished trace for each request that a book led to, by its kind."""

    def __init__(self) -> None:
        self.finished: dict[str, list[Stamp]] = {CREATE: [], CANCEL: []}
        self.commits: list[int] = []  # nanoseconds in the journal's thread
        self._arrivals: dict[Any, int] = {}
        self._message = 0  # when the message that is being read arrived
        self._book: Stamp | None = None  # of the newest book
        self._deciding: Stamp | None = None  # of the book that the engine has before it, or whose orders are sent
        self._placed: Stamp | None = None

    def watch(self, exchange: Any) -> None:
        """Put the wrappers in place, for the life of the process; `exchange` is of the venue's ccxt class."""
        from ccxt.async_support.base.exchange import Exchange  # noqa: PLC0415 - the bot loads ccxt in its own way
        from ccxt.async_support.base.ws.client import Client  # noqa: PLC0415

        _wrap(ResponseHandler, "data_received", self._data_received)
        _wrap(Client, "handle_message", self._handle_message)
        _wrap(MarketStream, "on_book", self._on_book)
        _wrap(EngineLoop, "_handle", self._handle)
        _wrap(EngineLoop, "_send_places", self._send_places)
        _wrap(JournalWriter, "append", self._append)
        _wrap(Journal, "write", self._write)
        _wrap(Requests, "send", self._send)
        _wrap(type(exchange), "create_order", self._stamped("asked"))
        _wrap(Paced, "fetch2", self._stamped("gate"))
        _wrap(Exchange, "fetch2", self._stamped("ccxt"))
        _wrap(StreamWriter, "_write", self._written)
        _wrap(StreamWriter, "_writelines", self._written)

    # the way in

    def _data_received(self, inner: Callable[..., None], protocol: Any, data: bytes) -> None:
        if protocol._payload_parser is not None:  # a WebSocket
            self._arrivals.setdefault(protocol, perf_counter_ns())
        inner(protocol, data)

    def _handle_message(self, inner: Callable[..., None], client: Any, message: Any) -> None:
        protocol = client.connection._conn.protocol if client.connection._conn is not None else None
        self._message = self._arrivals.get(protocol, 0)
        inner(client, message)
        if not client.buffer:
            self._arrivals.pop(protocol, None)

    def _on_book(self, inner: Callable[..., None], stream: Any, *arguments: Any) -> None:
        self._book = {"arrived": self._message, "book": perf_counter_ns()} if self._message else None
        inner(stream, *arguments)
        if self._book is not None:
            self._book["read"] = perf_counter_ns()

    # the engine

    def _handle(self, inner: Callable[..., None], loop: Any, event: Event) -> None:
        self._deciding = self._book if isinstance(event, Book) else None
        before, trace = len(loop._places), self._deciding
        if trace is not None:
            trace["engine"] = perf_counter_ns()
        inner(loop, event)
        if len(loop._places) > before:
            self._placed = trace
        self._deciding = None

    def _send_places(self, inner: Callable[..., None], loop: Any) -> None:
        self._deciding, self._placed = self._placed, None
        inner(loop)
        self._deciding = None

    def _append(
        self, inner: Callable[..., None], writer: Any, records: list[Record], waiter: Waiter | None = None
    ) -> None:
        trace = self._deciding
        if trace is None or waiter is None:
            inner(writer, records, waiter)
            return
        trace["handed"] = perf_counter_ns()
        inner(writer, records, functools.partial(self._durable, trace, waiter))

    def _durable(self, trace: Stamp, waiter: Waiter, durable: bool) -> None:
        trace["durable"] = perf_counter_ns()
        self._deciding = trace
        waiter(durable)
        self._deciding = None

    def _write(self, inner: Callable[..., None], journal: Any, records: list[Record]) -> None:
        began = perf_counter_ns()
        inner(journal, records)
        self.commits.append(perf_counter_ns() - began)

    # the way out

    def _send(self, inner: Callable[..., None], requests: Any, request: Request) -> None:
        kind = _KINDS.get(type(request))
        if self._deciding is None or kind is None:
            inner(requests, request)
            return
        trace = {"handed": perf_counter_ns()} | self._deciding
        self.finished[kind].append(trace)
        token = _request.set(trace)
        inner(requests, request)  # the task that asks the venue takes the context along
        _request.reset(token)

    def _stamped(self, step: str) -> Callable[..., Any]:
        def stamped(inner: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
            trace = _request.get()
            if trace is not None:
                trace.setdefault(step, perf_counter_ns())
            return inner(*arguments, **named)

        return stamped

    def _written(self, inner: Callable[..., None], writer: Any, chunk: Any) -> None:
        inner(writer, chunk)
        trace = _request.get()
        if trace is not None:
            trace.setdefault("written", perf_counter_ns())


def _wrap(owner: Any, name: str, around: Callable[..., Any]) -> None:
    inner = getattr(owner, name)

    @functools.wraps(inner)
    def wrapper(*arguments: Any, **named: Any) -> Any:
        return around(inner, *arguments, **named)

    setattr(owner, name, wrapper)


def shares(trace: Stamp) -> dict[str, float] | None:
    """Microseconds of a request by whose they are, and the parts of ours; None for one that did not leave."""
    if "written" not in trace:
        return None
    # a cancel waits for no journal, and is asked for where it comes to the gate
    at = {"durable": trace["handed"], "asked": trace["gate"]} | trace
    ours = {name: at[end] - at[begin] for name, begin, end in _OURS}
    total, journal = at["written"] - at["arrived"], at["durable"] - at["handed"]
    mine = sum(ours.values())
    whole = {"total": total, "ours": mine, "ccxt": total - mine - journal, "journal": journal}
    return {name: nanoseconds / 1000 for name, nanoseconds in (whole | ours).items()}
