"""Every way into the Binance dialect, and what stands behind all of them."""

from __future__ import annotations

from aiohttp import web

from deskbot.matching import Category
from deskbot.simulator.binance.desk import Desk
from deskbot.simulator.binance.dialect import Gate
from deskbot.simulator.binance.limits import Limits, allowance
from deskbot.simulator.binance.private_feed import PrivateFeed
from deskbot.simulator.binance.public_feed import PublicFeed
from deskbot.simulator.binance.rest import Requests, RestDoor
from deskbot.simulator.binance.socket_api import SocketApiDoor
from deskbot.simulator.binance.stream_doors import MarketDoor, UserDoor
from deskbot.simulator.binance.words import BinanceWords, SocketWords
from deskbot.simulator.fault_models import ListenKeys
from deskbot.simulator.parts import Parts
from deskbot.simulator.passage import Passage
from deskbot.simulator.sockets import Door

# how often the venue pings: spot and the WebSocket API every 20 seconds, futures every 3 minutes
PING_SECONDS = {Category.SPOT: 20.0, Category.LINEAR: 180.0}
LINEAR_HOST = "fstream"


class BinanceDoors:
    """`api`, `fapi`, the stream hosts and the WebSocket API; a host that begins with `fstream` is the futures'."""

    def __init__(self, parts: Parts) -> None:
        venue, log, sockets = parts.venue, parts.log, parts.sockets
        self._sockets = sockets
        desk = Desk(venue.exchange)
        limits = {side: Limits(allowance(side, parts.weight_per_minute)) for side in Category}
        gate = Gate(parts.accounts, limits)
        requests = Requests(venue, gate, desk)
        private = PrivateFeed(venue)
        desk.on_expired(private.expire)
        parts.incidents.on(ListenKeys, lambda fault: desk.expire(fault.account))
        self._feeds = {side: PublicFeed(venue, side, desk.snapshots) for side in Category}
        passage = Passage(venue, parts.faults, BinanceWords(), parts.one_way_seconds)
        carried = Passage(venue, parts.faults, SocketWords(), parts.one_way_seconds)
        self._rest = RestDoor(venue, requests, passage, log)
        self._market = {side: MarketDoor(side, self._feeds[side], venue, log) for side in Category}
        self._user = UserDoor(private, desk, sockets, log, venue)
        self._api = {
            side: SocketApiDoor(side, sockets, gate, requests, venue, carried, private, log) for side in Category
        }
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        sockets = ("/ws", "/ws/{streams:.*}", "/stream", "/{part:public|market}/ws", "/{part:public|market}/stream")
        return [
            web.route("*", "/{host}/{path:(?:api|sapi|fapi|dapi)/.*}", self._rest.handle),
            web.get("/{host}/ws-api/v3", self._serve_spot_api),
            web.get("/{host}/ws-fapi/v1", self._serve_linear_api),
            web.get("/{host}/{part:private}/{kind:ws|stream}", self._serve_user),
            web.get("/{host}/{part:private}/{kind:ws}/{key}", self._serve_user),
            web.get("/{host}/{part:public|market}/ws/{streams:.*}", self._serve_market),
            *(web.get(f"/{{host}}{path}", self._serve_market) for path in sockets),
        ]

    def close(self) -> None:
        for feed in self._feeds.values():
            feed.close()

    async def _serve_market(self, request: web.Request) -> web.StreamResponse:
        """A listen key in the place of a stream's name is the futures' older way to the user data."""
        side = Category.LINEAR if request.match_info["host"].startswith(LINEAR_HOST) else Category.SPOT
        if side is Category.LINEAR and self._desk.holder(request.match_info.get("streams", "")) is not None:
            return await self._serve_user(request)
        return await self._serve(request, side, self._market[side])

    async def _serve_spot_api(self, request: web.Request) -> web.StreamResponse:
        return await self._serve(request, Category.SPOT, self._api[Category.SPOT])

    async def _serve_linear_api(self, request: web.Request) -> web.StreamResponse:
        return await self._serve(request, Category.LINEAR, self._api[Category.LINEAR])

    async def _serve_user(self, request: web.Request) -> web.StreamResponse:
        return await self._serve(request, Category.LINEAR, self._user)

    async def _serve(self, request: web.Request, side: Category, door: Door) -> web.StreamResponse:
        return await self._sockets.serve(request, door, PING_SECONDS[side])
