"""The simulator as one thing: options in, a listening venue out.

`Simulator` wires exchange, feed, doors and hooks together and owns every task. The venue's hosts are the first segment
of the path (`/api.bybit.com/v5/...`), so that a client is pointed here by rewriting its URLs and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aiohttp import WSCloseCode, web

from deskbot.matching import Exchange, Latency, Listing
from deskbot.simulator.accounts import Account, Trait, changed
from deskbot.simulator.binance.doors import BinanceDoors
from deskbot.simulator.binance.listings import as_binance_lists
from deskbot.simulator.binance.texts import number_of
from deskbot.simulator.bybit.doors import BybitDoors
from deskbot.simulator.clock import Clock, SkewedClock, WallClock
from deskbot.simulator.fault_models import Action, Disconnect, KeyChange, Maintenance
from deskbot.simulator.faults import Faults
from deskbot.simulator.ground_truth import LastOrderGone
from deskbot.simulator.hooks import Hooks
from deskbot.simulator.incidents import Incidents
from deskbot.simulator.market_incidents import MarketIncidents
from deskbot.simulator.parts import Dialect, Parts
from deskbot.simulator.recordings import Recording
from deskbot.simulator.replay import MarketSource, Replay, paced
from deskbot.simulator.request_log import RequestLog
from deskbot.simulator.sockets import Sockets
from deskbot.simulator.synthetic import SyntheticMarket
from deskbot.simulator.venue import Venue

SHUTDOWN_SECONDS = 1.0
BODY_LIMIT_BYTES = 256 * 1024
# whose filters, fees and rules for client ids the markets have; the recordings' own listings are Bybit's
RULES: dict[str, Callable[[Listing], Listing]] = {"bybit": lambda listing: listing, "binance": as_binance_lists}

# how clients know an execution: Binance's ids are numbers
NAMES: dict[str, Callable[[str], str]] = {"bybit": str, "binance": lambda identity: str(number_of(identity))}


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorOptions:
    """What a simulator is made of. `port` 0 takes any free one; without recordings the market is synthetic.

    `round_trip_ms` is how long a request and its answer travel together, `latency` what the matching engine adds after
    the acknowledgement. `dialect` says whose rules the markets have; every dialect is spoken all the same.
    `requests_per_second` is the allowance of each account on each private endpoint of Bybit, `requests_per_address`
    that of an IP address there in five seconds (0: without bound), `weight_per_minute` that of each client of Binance
    (None: the venue's own).
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
    dialect: str = "bybit"
    requests_per_second: int = 200
    requests_per_address: int = 0
    weight_per_minute: int | None = None
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
        listings = map(RULES[options.dialect], source.listings)
        self.exchange = Exchange(listings, seed=options.seed, latency=self._engine_latency(), start_ns=start_ns)
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
        self._dialects: tuple[Dialect, ...] = (BybitDoors(self._parts()), BinanceDoors(self._parts()))
        self.faults.order(options.faults)
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
        application = web.Application(client_max_size=BODY_LIMIT_BYTES)
        application.add_routes(
            Hooks(self.venue, self.faults, self.log, self.last_order_gone, NAMES[self.options.dialect]).routes()
        )
        for dialect in self._dialects:
            application.add_routes(dialect.routes())
        application.on_shutdown.append(self._say_goodbye)
        return application

    def _engine_latency(self) -> Latency | None:
        """Bybit acknowledges before its engine has worked, Binance answers after: there it is part of the way."""
        return self.options.latency if self.options.dialect == "bybit" else None

    def _waiting_seconds(self) -> float:
        latency = self.options.latency
        return 0.0 if latency is None or self.options.dialect == "bybit" else latency.entry_ns / 1e9

    def _parts(self) -> Parts:
        options = self.options
        return Parts(
            venue=self.venue,
            accounts=self.accounts,
            faults=self.faults,
            incidents=self.incidents,
            log=self.log,
            sockets=self._sockets,
            one_way_seconds=options.round_trip_ms / 2000 + self._waiting_seconds() / 2,
            requests_per_second=options.requests_per_second,
            requests_per_address=options.requests_per_address,
            weight_per_minute=options.weight_per_minute,
        )

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

    async def _say_goodbye(self, _application: web.Application) -> None:
        for dialect in self._dialects:
            dialect.close()
        await self._sockets.close()


def _source(options: SimulatorOptions) -> MarketSource:
    return Recording(options.recordings) if options.recordings else SyntheticMarket(options.seed)
