"""Every way into the Bybit dialect, and what stands behind all of them."""

from __future__ import annotations

from aiohttp import web

from deskbot.simulator.bybit.dialect import Gate, handlers
from deskbot.simulator.bybit.private_feed import PrivateFeed
from deskbot.simulator.bybit.protection import Protection
from deskbot.simulator.bybit.public_feed import PublicFeed
from deskbot.simulator.bybit.rate_limit import AddressLimits, RateLimits
from deskbot.simulator.bybit.rest import RestDoor
from deskbot.simulator.bybit.stream_doors import PrivateDoor, PublicDoor
from deskbot.simulator.bybit.trade_door import TradeDoor
from deskbot.simulator.bybit.words import BybitWords, TradeWords
from deskbot.simulator.parts import Parts
from deskbot.simulator.passage import Passage
from deskbot.simulator.sockets import Door

CATEGORIES = ("spot", "linear", "inverse", "option")


class BybitDoors:
    """All paths below `/v5`, whatever the host."""

    def __init__(self, parts: Parts) -> None:
        venue, faults, log, way = parts.venue, parts.faults, parts.log, parts.one_way_seconds
        self._sockets = parts.sockets
        self._public = PublicFeed(venue)
        protection = Protection(venue, parts.accounts)
        gate = Gate(parts.accounts, RateLimits(parts.requests_per_second), handlers(protection))
        passage = Passage(venue, faults, BybitWords(venue.clock), way)
        self._rest = RestDoor(venue, gate, passage, log, AddressLimits(parts.requests_per_address), faults.announced)
        carried = Passage(venue, faults, TradeWords(venue.clock), way)
        self._doors: dict[str, Door] = {
            **{f"public/{name}": PublicDoor(name, self._public, venue, log) for name in CATEGORIES},
            "private": PrivateDoor(PrivateFeed(venue), protection, gate, venue, log),
            "trade": TradeDoor(parts.sockets, gate, venue, carried, log),
        }

    def routes(self) -> list[web.RouteDef]:
        sockets = [self._socket(path, door) for path, door in self._doors.items()]
        return [*sockets, web.route("*", "/{host}/{path:v5/.*}", self._rest.handle)]

    def close(self) -> None:
        self._public.close()

    def _socket(self, path: str, door: Door) -> web.RouteDef:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await self._sockets.serve(request, door)

        return web.get(f"/{{host}}/v5/{path}", handle)
