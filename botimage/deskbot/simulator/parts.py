"""What every dialect is built from, and what the simulator asks of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from aiohttp import web

from deskbot.simulator.accounts import Account
from deskbot.simulator.faults import Faults
from deskbot.simulator.incidents import Incidents
from deskbot.simulator.request_log import RequestLog
from deskbot.simulator.sockets import Sockets
from deskbot.simulator.venue import Venue


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """`one_way_seconds` is how long a request, and again its answer, travels; `accounts` change while all runs.

    `requests_per_second` is Bybit's allowance for an account on an endpoint, `requests_per_address` that for an
    address; `weight_per_minute` is Binance's for a client, None the venue's own.
    """

    venue: Venue
    accounts: dict[str, Account]
    faults: Faults
    incidents: Incidents
    log: RequestLog
    sockets: Sockets
    one_way_seconds: float
    requests_per_second: int
    requests_per_address: int
    weight_per_minute: int | None


class Dialect(Protocol):
    """One venue's way of speaking, under its own hosts."""

    def routes(self) -> list[web.RouteDef]: ...

    def close(self) -> None:
        """Publish nothing any more."""
        ...
