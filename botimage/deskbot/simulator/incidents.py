"""What happens to the venue at a time: an action's begin and end, in order with the market and the requests.

Whoever can make an action happen registers how with `on`; the begin answers how many things it touched, and that is
what is counted. The exchange's own queue decides when, so that the same seed and the same requests give the same order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from deskbot.simulator.fault_models import Action, ClockSkew
from deskbot.simulator.faults import Fault, Faults
from deskbot.simulator.venue import Venue

Kind = TypeVar("Kind", bound=Action)
Begin = Callable[[Kind], int]
End = Callable[[Kind], None]


class Incidents:
    def __init__(self, venue: Venue, faults: Faults) -> None:
        self._venue = venue
        self._faults = faults
        self._begins: dict[type[Action], list[Begin[Any]]] = {}
        self._ends: dict[type[Action], list[End[Any]]] = {}
        self.on(ClockSkew, lambda _skew: 1)
        faults.on_added(self._schedule)

    def on(self, kind: type[Kind], begin: Begin[Kind], end: End[Kind] | None = None) -> None:
        """`begin` makes an action of this kind happen and answers how many things it touched; `end` takes it back."""
        self._begins.setdefault(kind, []).append(begin)
        if end is not None:
            self._ends.setdefault(kind, []).append(end)

    def _schedule(self, fault: Fault) -> None:
        kind = type(fault.request)
        if kind in self._begins:
            self._venue.exchange.at(fault.begin_ns, lambda: self._begin(fault))
            if kind in self._ends and fault.end_ns is not None:
                self._venue.exchange.at(fault.end_ns, lambda: self._end(fault))

    def _begin(self, fault: Fault) -> None:
        if fault.cleared:
            return
        touched = sum(begin(fault.request) for begin in self._begins[type(fault.request)])
        self._faults.count(fault, touched)
        fault.happened = True

    def _end(self, fault: Fault) -> None:
        """A fault that was cleared after it began is taken back in its time all the same."""
        if fault.happened:
            for end in self._ends[type(fault.request)]:
                end(fault.request)
