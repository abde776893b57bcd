"""One account on one exchange, through ccxt: the parts of this folder joined into `protocol.Venue`.

`open` makes the instances, loads the markets, looks at the account and warms the emergency instance. From then on a
command goes to the instance that is meant for it, and its answer is made of what the venue proved. Without credentials
(DryRun) the account is empty and every order is refused here: nothing is ever signed.
"""

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, TypeVar

from deskapi.conditions import Reason
from deskbot.core.commands import (
    ArmDeadMan,
    Cancel,
    CancelAll,
    CancelForeign,
    Place,
    QueryBalances,
    QueryFills,
    QueryOpenOrders,
    QueryOrder,
    QueryPositions,
)
from deskbot.core.errors import Invalid
from deskbot.core.events import (
    ACCEPTED,
    NOT_FOUND,
    NOT_SENT,
    REJECTED,
    UNKNOWN,
    BalancesAnswer,
    CancelAllResult,
    CancelResult,
    DeadManAnswer,
    FillsAnswer,
    OpenOrdersAnswer,
    OrderAnswer,
    PlaceResult,
    PositionsAnswer,
    StreamChange,
    VenueReady,
)
from deskbot.core.instrument import Instrument
from deskbot.core.money import from_units
from deskbot.venues.clients import Clients
from deskbot.venues.dead_man import DeadManSwitch
from deskbot.venues.dialects import adapter_of
from deskbot.venues.errors import describe, opening_error
from deskbot.venues.markets import Markets
from deskbot.venues.order_witness import OrderWitness
from deskbot.venues.orders import Orders
from deskbot.venues.pacing import Draw
from deskbot.venues.protocol import Emit, Now, Venue, VenueFigures, VenueSettings
from deskbot.venues.relisting import Relister, steps_of
from deskbot.venues.streams import PRIVATE, MarketStream, PrivateStream, until_one_ends
from deskbot.venues.tending import Tender

_SENDS_NOTHING = "DryRun sends nothing"
_UNREAD = f"{NOT_SENT} the venue's markets are not read yet"

Answer = TypeVar("Answer")


class CcxtVenue:
    """See `protocol.Venue`. Raises Invalid at construction for settings that cannot work."""

    def __init__(self, settings: VenueSettings, now: Now, draw: Draw) -> None:
        self._adapter = adapter_of(settings.exchange, settings.market_type, now)
        self._settings = settings
        self._now = now
        self._draw = draw
        self._witness = OrderWitness()
        self._streams: list[MarketStream | PrivateStream] = []
        self._where = settings.endpoint or f"the test network of {settings.exchange}"
        self._clients = Clients(settings, self._adapter, now, draw)
        self._markets = Markets({}, settings.market_type)
        self._orders = self._order_requests()
        self._relister: Relister | None = None
        self._dead_man = DeadManSwitch(settings.exchange, settings.market_type)
        self._instruments: dict[str, Instrument] = {}
        self._relisted: dict[str, Instrument] = {}
        self._closed: set[str] = set()  # what the engine knows of it

    def _order_requests(self) -> Orders:
        return Orders(self._adapter, self._markets, self._now, self._told_closed)

    def _told_closed(self, market: str, reason: str) -> None:
        if self._relister is not None:
            self._relister.refused(market, reason)

    async def open(self) -> VenueReady:
        """See `protocol.Venue.open`."""
        try:
            return await self._open()
        except Exception as error:
            raise opening_error(error, self._where) from error

    async def _open(self) -> VenueReady:
        settings, clients = self._settings, self._clients
        await clients.load_markets()
        self._markets = Markets(clients.markets.markets, settings.market_type)
        self._adapter.serve(self._markets)
        self._orders = self._order_requests()
        closed = self._markets.closed(settings.markets)
        await clients.clock.measure(clients.markets.fetch_time)
        clients.clock.check(settings.max_clock_offset_ms)
        account_id = ""
        if clients.trading is not None:
            account_id = await self._adapter.check_account(clients.trading)
            await clients.warm()
        self._instruments = {m: await self._instrument(m) for m in settings.markets if m not in closed}
        self._relisted, self._closed = {}, set(closed)
        self._serve_dead_man()
        shown = {market: self._markets.by_symbol(market) for market in closed}
        instruments = self._instruments | {market: one for market, one in shown.items() if one is not None}
        dear = clients.rates.dear_account(len(instruments))
        history_ms, offset = self._adapter.facts.fill_history_ms, clients.clock.offset
        return VenueReady(self._now(), account_id, instruments, history_ms, dear, closed, offset)

    async def open_to_cancel(self) -> None:
        """Only what cancels and lists need, whatever the account, its key's rights or the clock are like.

        Raises as `open` does; may be called again.
        """
        clients = self._clients
        try:
            await clients.load_markets()
            self._markets = Markets(clients.markets.markets, self._settings.market_type)
            self._adapter.serve(self._markets)
            self._orders = self._order_requests()
            await asyncio.gather(clients.clock.measure(clients.markets.fetch_time), clients.warm())
        except Exception as error:
            raise opening_error(error, self._where) from error

    async def account_id(self) -> str:
        """Whose account the key opens. Raises as `open` does."""
        try:
            return await self._adapter.account_id(self._clients.emergency)
        except Exception as error:
            raise opening_error(error, self._where) from error

    def _serve_dead_man(self) -> None:
        """On what is open: nothing of ours rests on the rest, and the venue may refuse its name."""
        self._dead_man.serve({market: self._markets.venue_symbol(market) for market in self._instruments})

    async def _relist(self) -> dict[str, Instrument | None]:
        """The markets of the spec as the venue lists them now, at the fee rates known; None for one that is closed."""
        clients = self._clients
        await clients.load_markets(anew=True)
        self._markets = Markets(clients.markets.markets, self._settings.market_type, self._markets)
        self._adapter.serve(self._markets)
        self._orders = self._order_requests()
        return {market: await self._listed(market) for market in self._settings.markets}

    async def _listed(self, market: str) -> Instrument | None:
        known = self._instruments.get(market) or self._relisted.get(market)
        if self._markets.why_closed(market):
            return None
        try:
            if known is None:  # closed when the venue was opened: the account's fees were not asked for
                return await self._instrument(market)
            return self._markets.traded(market, str(from_units(known.maker_rate)), str(from_units(known.taker_rate)))
        except (Invalid, ValueError):
            return None

    def _take_relisted(self, changed: dict[str, Instrument]) -> None:
        """An order that was decided in old steps must not be sent in new ones: such a market is shut for a moment."""
        for market, instrument in changed.items():
            known = self._instruments.pop(market, None)
            same = known is not None and steps_of(instrument) == steps_of(known)
            (self._instruments if same else self._relisted)[market] = instrument

    async def _instrument(self, market: str) -> Instrument:
        trading, symbol = self._clients.trading, self._markets.venue_symbol(market)
        if trading is None:
            rates = self._markets.listed_rates(market)
        else:
            await self._adapter.check_market(trading, market, symbol)
            rates = await self._adapter.fee_rates(trading, symbol)
        try:
            return self._markets.traded(market, *rates)
        except ValueError as error:
            raise Invalid(Reason.MARKET_UNKNOWN, f"spec.markets: {error}") from error

    async def place(self, command: Place) -> PlaceResult:
        """See `protocol.Venue.place`."""
        exchange, instrument = self._clients.trading, self._instruments.get(command.market)
        if exchange is None or instrument is None:
            reason = _SENDS_NOTHING if exchange is None else f"{command.market} is not open on this venue"
            return PlaceResult(self._now(), command.client_id, REJECTED, reason=reason)
        result = await self._orders.place(exchange, command, instrument)
        if result.outcome == ACCEPTED:
            self._witness.created(result.venue_id, self._now())
        return result

    async def cancel(self, command: Cancel) -> CancelResult:
        """See `protocol.Venue.cancel`."""
        exchange = self._private(command.emergency)
        if exchange is None:
            return CancelResult(self._now(), command.client_id, REJECTED, _SENDS_NOTHING)
        if not self._markets.read:
            return CancelResult(self._now(), command.client_id, REJECTED, _UNREAD)
        result = await self._orders.cancel(exchange, command)
        if result.outcome == ACCEPTED:
            self._witness.cancelled(command.venue_id, self._now())
        return result

    async def cancel_foreign(self, command: CancelForeign) -> CancelResult:
        """See `protocol.Venue.cancel_foreign`."""
        exchange = self._private(command.emergency)
        if exchange is None:
            return CancelResult(self._now(), command.venue_id, REJECTED, _SENDS_NOTHING)
        if not self._markets.read:
            return CancelResult(self._now(), command.venue_id, REJECTED, _UNREAD)
        return await self._orders.cancel_foreign(exchange, command)

    async def cancel_all(self, command: CancelAll) -> CancelAllResult:
        """See `protocol.Venue.cancel_all`. In DryRun there is nothing to cancel."""
        if self._clients.emergency is None:
            return CancelAllResult(self._now(), command.request, ACCEPTED)
        if not self._markets.read:
            return CancelAllResult(self._now(), command.request, REJECTED, reason=_UNREAD)
        return await self._orders.cancel_all(self._clients.emergency, command)

    def _private(self, emergency: bool) -> Any:
        return self._clients.emergency if emergency else self._clients.trading

    async def query_order(self, command: QueryOrder) -> OrderAnswer:
        """See `protocol.Venue.query_order`."""
        exchange = self._private(command.emergency)
        if exchange is None:
            return OrderAnswer(self._now(), command.client_id, NOT_FOUND)
        if not self._markets.read:
            return OrderAnswer(self._now(), command.client_id, UNKNOWN, reason=_UNREAD)
        symbol = self._markets.venue_symbol(command.market)
        report, failure = await _asked(self._adapter.order(exchange, symbol, command.client_id), None)
        if failure:
            return OrderAnswer(self._now(), command.client_id, UNKNOWN, reason=failure)
        return OrderAnswer(self._now(), command.client_id, NOT_FOUND if report is None else ACCEPTED, report)

    async def query_open_orders(self, command: QueryOpenOrders) -> OpenOrdersAnswer:
        """See `protocol.Venue.query_open_orders`."""
        exchange = self._private(command.emergency)
        if exchange is None:
            return OpenOrdersAnswer(self._now(), command.request, True)
        asked_at = self._now()
        symbol = self._markets.venue_symbol(command.market) if command.market else ""
        orders, failure = await _asked(self._adapter.open_orders(exchange, symbol), [])
        if not failure:
            self._witness.listed(orders, asked_at, self._now(), command.market)
        return OpenOrdersAnswer(self._now(), command.request, failure == "", orders, failure)

    async def query_positions(self, command: QueryPositions) -> PositionsAnswer:
        """See `protocol.Venue.query_positions`."""
        if self._clients.trading is None:
            return PositionsAnswer(self._now(), command.request, True)
        found, failure = await _asked(self._adapter.positions(self._clients.trading), [])
        return PositionsAnswer(self._now(), command.request, failure == "", found, failure)

    async def query_balances(self, command: QueryBalances) -> BalancesAnswer:
        """See `protocol.Venue.query_balances`. Equity is stated for contracts, in their settle asset."""
        if self._clients.trading is None:
            return BalancesAnswer(self._now(), command.request, True)
        settle = next((one.settle for one in self._instruments.values()), "")
        (balances, equity), failure = await _asked(self._adapter.balances(self._clients.trading, settle), ({}, None))
        return BalancesAnswer(self._now(), command.request, failure == "", balances, equity, failure)

    async def query_fills(self, command: QueryFills) -> FillsAnswer:
        """See `protocol.Venue.query_fills`."""
        exchange, market = self._clients.trading, command.market
        if exchange is None:
            return FillsAnswer(self._now(), command.request, market, True)
        if not self._markets.read:
            return FillsAnswer(self._now(), command.request, market, False, reason=_UNREAD)
        question = self._adapter.fills(exchange, self._markets.venue_symbol(market), command.since_ms)
        (fills, fundings), failure = await _asked(question, ([], []))
        return FillsAnswer(self._now(), command.request, market, failure == "", fills, failure, fundings)

    async def arm_dead_man(self, command: ArmDeadMan) -> DeadManAnswer:
        """See `protocol.Venue.arm_dead_man`."""
        outcome, reason = REJECTED, _SENDS_NOTHING
        if self._clients.trading is not None:
            outcome, reason = await self._dead_man.arm(self._clients.trading, command.seconds)
        return DeadManAnswer(self._now(), command.request, outcome, reason)

    async def stream(self, emit: Emit) -> None:
        """See `protocol.Venue.stream`."""
        clients = self._clients
        self._instruments |= self._relisted
        self._relisted = {}
        self._serve_dead_man()
        streams: list[MarketStream | PrivateStream] = [
            MarketStream(
                one,
                self._adapter,
                clients.stream,
                clients.markets,
                self._settings.market_silence,
                emit,
                self._now,
                self._draw,
            )
            for one in self._instruments.values()
        ]
        if self._clients.trading is None:
            emit(StreamChange(self._now(), PRIVATE, "", True, _SENDS_NOTHING))
        else:
            streams.append(
                PrivateStream(self._clients.trading, self._adapter, self._witness, emit, self._now, self._draw)
            )
        self._streams = streams
        tender = self._tender(emit)
        relister = Relister(self._relist, self._take_relisted, emit, self._now, self._draw, self._closed)
        self._relister = relister
        await until_one_ends(
            *(stream.run() for stream in streams),
            tender.measure(),
            tender.watch(),
            relister.run(dict(self._instruments)),
        )

    def figures(self) -> VenueFigures:
        """See `protocol.Venue.figures`."""
        limits, clock = self._clients.pacer.limits, self._clients.clock
        breaks = {stream.name: stream.breaks for stream in self._streams}
        return VenueFigures(limits.shares(self._now()), limits.refusals, limits.bans, clock.skew_ms(), breaks)

    def _tender(self, emit: Emit) -> Tender:
        clients, bound = self._clients, self._settings.max_clock_offset_ms
        return Tender(clients.clock, clients.pacer.limits, clients.markets.fetch_time, bound, emit, self._now)

    async def close(self) -> None:
        """See `protocol.Venue.close`."""
        await self._clients.close()


async def _asked(question: Awaitable[Answer], otherwise: Answer) -> tuple[Answer, str]:
    """The answer to a question and "", or `otherwise` and why it failed."""
    try:
        return await question, ""
    except Exception as error:  # whatever it was, the question is not answered
        return otherwise, describe(error) or type(error).__name__


if TYPE_CHECKING:
    _keeps_the_protocol: type[Venue] = CcxtVenue
