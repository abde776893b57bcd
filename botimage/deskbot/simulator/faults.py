"""The faults in force: which one strikes a message, how often each did, and what is due at a time.

A fault names an action (`fault_models`) and an endpoint: a shell pattern over the un-prefixed path such as
`/v5/order/*` or `/fapi/v1/order`, an operation of an order-entry socket such as `order.create`, or a stream topic such
as `orderbook.50.BTCUSDT`. It fires for its next `count` matches, with `probability` from the simulator's seed, or all
through its window (`afterMs`, `forMs`); each firing is counted, and stays counted when the faults are cleared.

Doors ask `fire` at the moment something passes. What happens at a time, without anything passing, is told to the
listener of `on_added`, which is `incidents`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from itertools import count
from typing import Any

from deskbot.simulator.fault_models import (
    Action,
    Ban,
    ClockSkew,
    Maintenance,
    MessageAction,
    Place,
    RateLimit,
    read_action,
)

MS = 1_000_000
SPENT_KEPT = 1000


class Fault:
    """One fault, when it is in force, and how often it has fired. Times are nanoseconds of the venue's true clock."""

    def __init__(self, number: int, request: Action, seed: int, now_ns: int) -> None:
        self.number = number
        self.request = request
        self.injections = 0
        self.cleared = False
        self.happened = False
        self.begin_ns = now_ns + request.after_ms * MS
        self.end_ns = None if request.for_ms is None else self.begin_ns + request.for_ms * MS
        self._random = random.Random(f"{seed}:fault {number}")  # noqa: S311 - faults are repeatable, not secret

    def over(self, now_ns: int) -> bool:
        """Whether nothing more will come of it."""
        if self.cleared or (self.end_ns is not None and now_ns >= self.end_ns):
            return True
        if isinstance(self.request, MessageAction):
            return self.request.most is not None and self.injections >= self.request.most
        return self.end_ns is None and self.happened and not isinstance(self.request, ClockSkew)

    def active(self, now_ns: int) -> bool:
        """Whether its time has come and is not over."""
        return now_ns >= self.begin_ns and not self.over(now_ns)

    def strikes(self, endpoint: str, account: str, place: Place, now_ns: int) -> bool:
        """Whether it hits this message; draws if it goes by chance."""
        request = self.request
        return (
            isinstance(request, MessageAction)
            and place in request.PLACES
            and self.active(now_ns)
            and request.account in (None, account)
            and fnmatchcase(endpoint, request.endpoint)
            and (request.probability is None or self._random.random() < request.probability)
        )

    def remaining_ms(self, now_ns: int) -> int | None:
        """How long it still lasts, rounded up; None without an end."""
        return None if self.end_ns is None else max(0, -(-(self.end_ns - now_ns) // MS))

    def view(self, now_ns: int) -> dict[str, Any]:
        view = self.request.model_dump(mode="json", by_alias=True, exclude_none=True)
        state = {"injections": self.injections, "active": self.active(now_ns), "exhausted": self.over(now_ns)}
        return {"id": self.number, "beginNs": self.begin_ns, **view, **state}


def _precedence(fault: Fault) -> tuple[bool, int]:
    """A venue that lets nobody in does so before anything else can go wrong."""
    return not isinstance(fault.request, Ban | Maintenance), fault.number


class Faults:
    """Bans and maintenance first, then oldest first; the first that matches and fires wins.

    `now_ns` is the true clock, which no fault can skew.
    """

    def __init__(self, seed: int, now_ns: Callable[[], int] = lambda: 0) -> None:
        self._seed = seed
        self._now_ns = now_ns
        self._numbers = count(1)
        self._faults: list[Fault] = []
        self._counted: dict[str, int] = {}
        self._listeners: list[Callable[[Fault], None]] = []
        self._checks: list[Callable[[Action], None]] = []

    def on_added(self, listener: Callable[[Fault], None]) -> None:
        self._listeners.append(listener)

    def on_check(self, check: Callable[[Action], None]) -> None:
        """`check` raises ValueError with one line for an action that makes no sense at this venue."""
        self._checks.append(check)

    def add(self, body: object) -> Fault:
        """Raises ValueError with one clear line when the body is no fault."""
        return self.order([read_action(body)])[0]

    def order(self, actions: Iterable[Action]) -> list[Fault]:
        """Puts actions in force, their times counted from now. Raises ValueError; then none of them is."""
        actions, now_ns = list(actions), self._now_ns()
        for check in self._checks:
            for action in actions:
                check(action)
        fresh = [Fault(next(self._numbers), action, self._seed, now_ns) for action in actions]
        self._faults = sorted([*self._faults, *fresh], key=_precedence)
        self._forget_spent(now_ns)
        for fault in fresh:
            for listener in self._listeners:
                listener(fault)
        return fresh

    def clear(self) -> int:
        """Ends every fault; answers how many were known."""
        known = len(self._faults)
        for fault in self._faults:
            fault.cleared = True
        self._faults.clear()
        return known

    def fire(self, endpoint: str, account: str, place: Place = Place.REQUEST) -> Fault | None:
        """The fault that hits this request or message, counted, or None."""
        now_ns = self._now_ns()
        for fault in self._faults:
            if fault.strikes(endpoint, account, place, now_ns):
                self.count(fault)
                return fault
        return None

    def count(self, fault: Fault, times: int = 1) -> None:
        """Counts injections."""
        fault.injections += times
        self._counted[fault.request.action] = self._counted.get(fault.request.action, 0) + times

    def ban_by(self, refusal: Fault) -> Fault | None:
        """The ban that the last refusal of a row is, ordered and counted; None for any other."""
        row = refusal.request
        if not isinstance(row, RateLimit) or row.ban_after is None or refusal.injections < row.ban_after:
            return None
        ban = self.add({"action": "ban", "forMs": row.ban_ms, "account": row.account})
        self.count(ban)
        return ban

    def clock_offset_ns(self) -> int:
        """How far the venue's clock is ahead of the true one."""
        now_ns = self._now_ns()
        skews = (fault.request for fault in self._faults if fault.active(now_ns))
        return sum(skew.offset_ms * MS for skew in skews if isinstance(skew, ClockSkew))

    def announced(self) -> list[tuple[int, int]]:
        """Maintenance that the venue tells of and that is not over: begin and end in nanoseconds."""
        now_ns = self._now_ns()
        return [
            (fault.begin_ns, fault.end_ns)
            for fault in self._faults
            if isinstance(fault.request, Maintenance)
            and fault.request.announced
            and fault.end_ns is not None
            and not fault.over(now_ns)
        ]

    def remaining_ms(self, fault: Fault) -> int | None:
        """How long a fault still lasts."""
        return fault.remaining_ms(self._now_ns())

    def view_of(self, fault: Fault) -> dict[str, Any]:
        """One fault as `GET /faults` shows it."""
        return fault.view(self._now_ns())

    def view(self) -> dict[str, Any]:
        now_ns = self._now_ns()
        return {
            "faults": [fault.view(now_ns) for fault in self._faults],
            "injections": sum(self._counted.values()),
            "injectionsByAction": dict(sorted(self._counted.items())),
        }

    def _forget_spent(self, now_ns: int) -> None:
        """Nothing grows without bound: of the faults that are over only the newest stay listed."""
        spent = [fault for fault in self._faults if fault.over(now_ns)]
        for fault in spent[:-SPENT_KEPT]:
            self._faults.remove(fault)
