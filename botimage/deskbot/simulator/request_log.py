"""What the simulator was asked: a bounded ring of requests with the code each one was answered with.

Tests read it to prove that a refusal came from the venue and not from the client's own checks. Secrets never enter:
an entry holds the parameters, not the headers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import count, islice
from typing import Any

CAPACITY = 10_000
DEFAULT_LIMIT = 200


@dataclass(slots=True)
class Entry:
    """One request. `code` is the answer's `retCode`, None while (or if) no answer was sent."""

    number: int
    time_ns: int
    method: str
    path: str
    account: str
    parameters: Mapping[str, Any]
    code: int | None = None
    message: str = ""
    fault: str = ""

    def view(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "timeNs": self.time_ns,
            "method": self.method,
            "path": self.path,
            "account": self.account,
            "parameters": dict(self.parameters),
            "code": self.code,
            "message": self.message,
            "fault": self.fault or None,
        }


class RequestLog:
    def __init__(self, capacity: int = CAPACITY) -> None:
        self._entries: deque[Entry] = deque(maxlen=capacity)
        self._numbers = count(1)

    def open(self, time_ns: int, method: str, path: str, parameters: Mapping[str, Any], account: str = "") -> Entry:
        entry = Entry(next(self._numbers), time_ns, method, path, account, parameters)
        self._entries.append(entry)
        return entry

    def find(self, filters: Mapping[str, str]) -> list[Entry]:
        """The newest entries that match, oldest first.

        Filters: `method`, `account`, `code`, `path` (a shell pattern), `after` (a number), `limit`. Raises ValueError
        with one clear line for an unknown filter or a malformed number.
        """
        limit = _number(filters, "limit", DEFAULT_LIMIT)
        tests = [_test(name, value) for name, value in filters.items() if name != "limit"]
        newest = (entry for entry in reversed(self._entries) if all(test(entry) for test in tests))
        return list(islice(newest, limit))[::-1]


def _test(name: str, value: str) -> Callable[[Entry], bool]:
    match name:
        case "method" | "account":
            return lambda entry: getattr(entry, name) == value
        case "path":
            return lambda entry: fnmatchcase(entry.path, value)
        case "code":
            return lambda entry: str(entry.code) == value
        case "after":
            after = _number({name: value}, name, 0)
            return lambda entry: entry.number > after
    raise ValueError(f"unknown filter {name!r}: one of method, account, path, code, after, limit")


def _number(filters: Mapping[str, str], name: str, default: int) -> int:
    text = filters.get(name, str(default))
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"{name} is {text!r}; it must be a whole number such as {default}")
    return int(text)
