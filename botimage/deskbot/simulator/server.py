"""The simulator as one thing: options in, a listening venue out.

`Simulator` wires exchange, feed, doors and hooks together and owns every task. The venue's hosts are the first segment
of the path (`/api.bybit.com/v5/...`), so that a client is pointed here by rewriting its URLs and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aiohttp import WSCloseCode, web

from deskbot.matching import Exchange, Latency
from deskbot.simulator.accounts import Account, Trait, changed
from deskbot.simulator.bybit.dialect import Gate, handlers
from deskbot.simulator.bybit.private_feed import PrivateFeed
from deskbot.simulator.bybit.protection import Protection
from deskbot.simulator.bybit.public_feed import PublicFeed
from deskbot.simulator.bybit.rate_limit import AddressLimits, RateLimits
from deskbot.simulator.bybit.rest import RestDoor
from deskbot.simulator.bybit.stream_doors import PrivateDoor, PublicDoor
from deskbot.simulator.bybit.trade_door import TradeDoor
from deskbot.simulator.bybit.words import BybitWords, TradeWords
from deskbot.simulator.clock import Clock, SkewedClock, WallClock
from deskbot.simulator.fault_models import Action, Disconnect, KeyChange, Maintenance
from deskbot.simulator.faults import Faults
from deskbot.simulator.ground_truth import LastOrderGone
from deskbot.simulator.hooks import Hooks
from deskbot.simulator.incidents import Incidents
from deskbot.simulator.market_incidents import MarketIncidents
from deskbot.simulator.passage import Passage
from deskbot.simulator.recordings import Recording
from deskbot.simulator.replay import MarketSource, Replay, paced
from deskbot.simulator.request_log import RequestLog
from deskbot.simulator.sockets import Door, Sockets
from deskbot.simulator.synthetic import SyntheticMarket
from deskbot.simulator.venue import Venue

CATEGORIES = ("spot", "linear", "inverse", "option")
SHUTDOWN_SECONDS = 1.0
BODY_LIMIT_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorOptions:
    """What a simulator is made of. `port` 0 takes any free one; without recordings the market is synthetic.

    `round_trip_ms` is how long a request and its answer travel together, `latency` what the matching engine adds after
    the acknowledgement. `requests_per_second` is the allowance of each account on each private endpoint,
    `requests_per_address` that of an IP address in five seconds (0: without bound).
    `faults` is a script, its times counted from the start.
    """

    host: str = "127.0.0.1"
    port: int = 0
    recordings: Sequence[Path] = ()
    speed: float = 1.0
    seed: int = 0
    accounts: Sequence[Account] = ()
    latency: Latency | None = None
    round_trip_ms: int = 0
    requests_per_second: int = 200
    requests_per_address: int = 0
    faults: Sequence[Action] = ()


class Simulator:
    """`await start()`, then `exchange`, `venue`, `faults` and `log` are there for in-process use until `await stop()`.

    `source` stands in for the recordings of the options.

    Raises `Invalid` for unreadable recordings and OSError when the address is taken.
    """

    def __init__(
        self, options: SimulatorOptions, clock: Clock | None = None, source: MarketSource | None = None
    ) -> None:
        self.options = options
        clock = clock or WallClock()
        source = source or _source(options)
        start_ns = clock.now_ns()
        self.exchange = Exchange(source.listings, seed=options.seed, latency=options.latency, start_ns=start_ns)
        for account in options.accounts:
            self.exchange.open_account(account.key, account.balances)
        events = paced(Replay(source).events(), start_ns, options.speed)
        self.faults = Faults(options.seed, clock.now_ns)
        self.venue = Venue(self.exchange, events, clock, SkewedClock(clock, self.faults.clock_offset_ns))
        self.incidents = Incidents(self.venue, self.faults)
        self.accounts = {account.key: account for account in options.accounts}
        self.log = RequestLog()
        self.last_order_gone = LastOrderGone()
        self.venue.on_reports(self.last_order_gone.observe)
        self._sockets = Sockets(self.faults, clock)
        self._register_incidents()
        MarketIncidents(self.exchange, self.faults, self.incidents)
        self.faults.order(options.faults)
        self._public = PublicFeed(self.venue)
        self._private = PrivateFeed(self.venue)
        self.base_url = ""
        self._runner: web.AppRunner | None = None
        self._pacing: asyncio.Task[None] | None = None

    async def start(self) -> str:
        """Listens and lets the market run; answers the base URL."""
        runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
        await runner.setup()
        self._runner = runner
        site = web.TCPSite(runner, self.options.host, self.options.port)
        try:
            await site.start()
        except OSError:
            await self.stop()
            raise
        self._pacing = asyncio.create_task(self.venue.run(), name="market data")
        self.base_url = f"http://{self.options.host}:{runner.addresses[0][1]}"
        return self.base_url

    async def stop(self) -> None:
        """Ends streams, market and server; stopping twice is stopping once."""
        pacing, self._pacing = self._pacing, None
        if pacing is not None:
            pacing.cancel()
            with suppress(asyncio.CancelledError):
                await pacing
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def wait(self, stopping: asyncio.Event) -> None:
        """Until the event is set. Raises what ended the market data, should that end first."""
        if self._pacing is None:
            return
        waiting = asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait((self._pacing, waiting), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if self._pacing.done():
            self._pacing.result()

    def _application(self) -> web.Application:
        options, venue, log = self.options, self.venue, self.log
        protection = Protection(venue, self.accounts)
        gate = Gate(self.accounts, RateLimits(options.requests_per_second), handlers(protection))
        way = options.round_trip_ms / 2000
        passage = Passage(venue, self.faults, BybitWords(venue.clock), way)
        rest = RestDoor(venue, gate, passage, log, AddressLimits(options.requests_per_address), self.faults.announced)
        trade = TradeDoor(self._sockets, gate, venue, Passage(venue, self.faults, TradeWords(venue.clock), way), log)
        application = web.Application(client_max_size=BODY_LIMIT_BYTES)
        application.add_routes(Hooks(venue, self.faults, log, self.last_order_gone).routes())
        for category in CATEGORIES:
            self._add_socket(application, f"public/{category}", PublicDoor(category, self._public, venue, log))
        self._add_socket(application, "private", PrivateDoor(self._private, protection, gate, venue, log))
        self._add_socket(application, "trade", trade)
        application.router.add_route("*", "/{host}/{path:v5/.*}", rest.handle)
        application.on_shutdown.append(self._say_goodbye)
        return application

    def _register_incidents(self) -> None:
        """What can happen to any venue, whatever its dialect."""
        on, sockets = self.incidents.on, self._sockets
        on(Disconnect, lambda it: sockets.disconnect(it.endpoint, it.account, it.code, it.farewell))
        on(Maintenance, lambda it: sockets.disconnect("*", it.account, WSCloseCode.GOING_AWAY))
        on(KeyChange, self._change_key, lambda it: self._set_trait(it, undo=not it.undo))

    def _change_key(self, change: KeyChange) -> int:
        """A key that is revoked loses its open streams too."""
        if change.account not in self.accounts:
            return 0
        self._set_trait(change, undo=change.undo)
        if Trait(change.set) is Trait.REVOKED and not change.undo:
            self._sockets.disconnect("*", change.account, None)
        return 1

    def _set_trait(self, change: KeyChange, *, undo: bool) -> None:
        account = self.accounts[change.account]
        self.accounts[change.account] = changed(account, Trait(change.set), undo=undo)

    def _add_socket(self, application: web.Application, path: str, door: Door) -> None:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await self._sockets.serve(request, door)

        application.router.add_get(f"/{{host}}/v5/{path}", handle)

    async def _say_goodbye(self, _application: web.Application) -> None:
        self._public.close()
        await self._sockets.close()


def _source(options: SimulatorOptions) -> MarketSource:
    return Recording(options.recordings) if options.recordings else SyntheticMarket(options.seed)
