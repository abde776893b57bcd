"""Recordings written by hand, in the format of the real ones."""

import gzip
import json
from pathlib import Path
from typing import Any

START_MS = 1_700_000_000_000
BEHIND_MS = 1_270
Message = dict[str, Any]


def delta(first: int, last: int, before: int | None = None, *, spot: bool = False, **levels: Any) -> Message:
    """A depth update; contracts chain by `before`."""
    data = {"e": "depthUpdate", "s": "BTCUSDT", "U": first, "u": last, "b": [], "a": []} | levels
    return {"stream": "btcusdt@depth@100ms", "data": data if spot else data | {"T": 1, "pu": before}}


def snapshot(last: int, bids: list[list[str]] | None = None, asks: list[list[str]] | None = None) -> Message:
    """The REST snapshot."""
    return {"lastUpdateId": last, "bids": bids or [["60000.0", "1"]], "asks": asks or [["60001.0", "1"]]}


def quote(last: int, bid: str = "60000.0", ask: str = "60001.0") -> Message:
    """A best quote; spot ones have no time."""
    return {"stream": "btcusdt@bookTicker", "data": {"u": last, "s": "BTCUSDT", "b": bid, "B": "2", "a": ask, "A": "3"}}


def trade(price: str = "60000.0", size: str = "0.5", *, taker_sells: bool = True, spot: bool = False) -> Message:
    """A trade; contracts carry `X`, spot `M`."""
    data = {"e": "trade", "s": "BTCUSDT", "t": 1, "p": price, "q": size, "m": taker_sells}
    return {"stream": "btcusdt@trade", "data": data | ({"M": True} if spot else {"X": "MARKET"})}


def lines(*messages: Message, start_ms: int = START_MS, gap_ms: int = 10) -> list[bytes]:
    """Each message with its receive time; the exchange sent it `BEHIND_MS` later by its own clock."""
    return [_line(message, start_ms + index * gap_ms) for index, message in enumerate(messages)]


def _line(message: Message, received_ms: int) -> bytes:
    if "e" in message.get("data", {}):
        message = {**message, "data": {**message["data"], "E": received_ms + BEHIND_MS}}
    return f"{received_ms * 1_000_000} {json.dumps(message)}\n".encode()


def write(path: Path, *messages: Message, start_ms: int = START_MS) -> Path:
    """A recording of these messages, ten milliseconds apart."""
    return write_raw(path, b"".join(lines(*messages, start_ms=start_ms)))


def write_raw(path: Path, text: bytes) -> Path:
    """A gzip file of anything."""
    path.write_bytes(gzip.compress(text))
    return path
