"""The bot's account at the venue: the real matching core, and everything it ever said, with the time it was true.

Questions may be answered as of a moment ago, so the past of every order, execution and position is kept. Beside it
stands the truth that the engine's books are held to: one ledger per market, folded from our own executions alone by the
exchange's arithmetic, which shares no code with the engine's.
"""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import TypeVar

from deskbot.backtest.translation import NS_PER_MS, fill_of, funding_of, instrument_of, new_order, order_report
from deskbot.core.commands import Place
from deskbot.core.events import Fill, Funding, OrderReport, VenuePosition
from deskbot.core.instrument import BUY, Instrument
from deskbot.core.money import UNIT, divide_half_even
from deskbot.core.orders import EXPIRED, FILLED
from deskbot.matching import (
    EndReason,
    Exchange,
    ExecutionReport,
    FundingReport,
    MarketEvent,
    NewOrder,
    OrderType,
    PositionReport,
    PublicTrade,
    Refusal,
    Side,
)
from deskbot.matching import OrderReport as VenueOrderReport
from deskbot.matching.ledger import MarketLedger
from deskbot.simulation.dialects import PostOnly, SimulatedVenue
from deskbot.simulation.sayings import Saying
from deskbot.simulation.schedule import Schedule
from deskbot.simulation.trouble import Trouble

ACCOUNT = "bot"
AGAIN = "#"
THIRD_COIN = "BNB"
FUNDS = {"USDT": Decimal(1_000_000), "BTC": Decimal(50), "ETH": Decimal(1000)}

Seen = TypeVar("Seen")
Tell = Callable[[OrderReport | Fill | Funding], None]


class Account:
    """`orders` are all reports of each order by the venue's id, oldest first; `live` the newest of those that rest."""

    def __init__(self, venue: SimulatedVenue, seed: int, schedule: Schedule, trouble: Trouble, tell: Tell) -> None:
        self.venue = venue
        self._schedule = schedule
        self._trouble = trouble
        self._tell = tell
        self.exchange = Exchange(venue.listings, seed=seed, start_ns=schedule.now)
        self.exchange.open_account(ACCOUNT, FUNDS)
        self.listings = {listing.unified: listing for listing in venue.listings}
        self._by_key = {listing.key: listing for listing in venue.listings}
        self.instruments: dict[str, Instrument] = {
            listing.unified: instrument_of(listing) for listing in venue.listings
        }
        self.orders: dict[str, list[tuple[int, OrderReport]]] = {}
        self.live: dict[str, OrderReport] = {}
        self.by_client_id: dict[str, list[str]] = {}
        self.fills: list[tuple[int, Fill]] = []
        self.fundings: list[tuple[int, Funding]] = []
        self.truth = {name: MarketLedger(listing) for name, listing in self.listings.items()}
        self._positions: dict[str, list[tuple[int, VenuePosition]]] = {name: [] for name in self.listings}
        self._armed = 0
        self._hidden: set[str] = set()  # orders that were refused at the door
        self.bad_orders: list[str] = []
        self.closed: dict[str, bool] = {}  # by market: whether the venue still knows its name

    # requests that have arrived

    def create(self, command: Place, signed_at: int) -> Saying | str:
        """Take in an order; the venue's id of it, or what the venue says instead."""
        says, now = self.venue.sayings, self._schedule.now
        if now - signed_at > self.venue.receive_window:
            return says.late
        if command.market in self.closed or self._trouble.holds("market-halted", now):
            return says.halted
        wanted = new_order(command, self.listings[command.market], self.instruments[command.market])
        if not self.venue.ids_for_ever:
            wanted = replace(wanted, link_id=self._name_again(command.client_id))
        answer = self.exchange.create(now, ACCOUNT, wanted)
        if isinstance(answer, Refusal):
            return self._refused(answer, command)
        if self.venue.post_only is PostOnly.REFUSED and command.post_only and self._would_take(command):
            self._hidden.add(answer.order_id)
            self.advance()
            return says.post_only
        self.advance()
        return answer.order_id

    def _name_again(self, client_id: str) -> str:
        """An id may come again once its order has ended: then the exchange of the core sees another one."""
        ended = sum(venue_id not in self.live for venue_id in self.by_client_id.get(client_id, ()))
        return f"{client_id}{AGAIN}{ended}" if ended else client_id

    def _would_take(self, command: Place) -> bool:
        book = self.exchange.book(self.listings[command.market].key, 1)
        if command.side == BUY:
            return bool(book.asks) and command.price_ticks >= book.asks[0][0]
        return bool(book.bids) and command.price_ticks <= book.bids[0][0]

    def _refused(self, refusal: Refusal, command: Place) -> Saying:
        says = self.venue.sayings
        if refusal is Refusal.DUPLICATE_LINK_ID:
            return says.duplicate
        if refusal in (Refusal.INSUFFICIENT_BALANCE, Refusal.TOO_MANY_OPEN_ORDERS, Refusal.REDUCE_ONLY_REFUSED):
            return says.refused[0]
        self.bad_orders.append(f"{command.client_id} {command.lots} at {command.price_ticks}: {refusal}")
        return says.bad_order

    def cancel(self, venue_id: str) -> None:
        """End an order, if it rests."""
        report = self.live.get(venue_id)
        if report is None:
            return
        self.exchange.cancel(self._schedule.now, ACCOUNT, self.listings[report.market].key, order_id=venue_id)
        self.advance()

    def find(self, client_id: str) -> str:
        """The venue's id of the live order with a client id, or of its newest; "" when there is none."""
        made = self.by_client_id.get(client_id, [])
        return next((venue_id for venue_id in made if venue_id in self.live), made[-1] if made else "")

    def duplicated(self) -> int:
        """Intents with more than one order that is live or has filled (I1)."""
        return sum(self._counting(made) > 1 for made in self.by_client_id.values())

    def _counting(self, made: list[str]) -> int:
        newest = (self.orders[venue_id][-1][1] for venue_id in made)
        return sum(report.state < FILLED or report.filled_lots > 0 for report in newest)

    def arm_dead_man(self, nanoseconds: int) -> None:
        """Cancel everything unless this is asked for again in time; 0 lets go."""
        self._armed += 1
        armed = self._armed
        if nanoseconds:
            self._schedule.after(nanoseconds, lambda: self._dead_man(armed))

    def _dead_man(self, armed: int) -> None:
        if armed == self._armed:
            self._trouble.struck("dead-man-strikes", self._schedule.now)
            for venue_id in list(self.live):
                self.cancel(venue_id)

    # what others do

    def market(self, event: MarketEvent) -> None:
        """Something happens on the market."""
        self.exchange.market_event(event)
        self._collect()

    def trade_with(self, venue_id: str, lots: int) -> None:
        """Somebody trades through the price of an order of ours."""
        report = self.live.get(venue_id)
        if report is not None and lots > 0:
            self._through(report.market, report.price_ticks, report.side, lots)

    def _through(self, market: str, ticks: int, side: int, lots: int) -> None:
        listing = self.listings[market]
        self.market(PublicTrade(listing.key, self._schedule.now, ticks - side, lots, taker_buys=side != BUY))

    def trade_by_others(self, market: str, side: int, lots: int) -> None:
        """An execution on the account that is not the bot's: a liquidation, a deleveraging, a person."""
        wanted = NewOrder(
            market=self.listings[market].key,
            side=Side.BUY if side == BUY else Side.SELL,
            type=OrderType.MARKET,
            quantity=self.instruments[market].amount(lots),
        )
        self.exchange.create(self._schedule.now, ACCOUNT, wanted)
        self.advance()

    def open_with(self, market: str, lots: int) -> None:
        """The account holds this before the bot begins; the fee is not the bot's."""
        self.trade_by_others(market, BUY if lots > 0 else -BUY, abs(lots))
        truth = self.truth[market]
        truth.fill(Side.BUY if lots > 0 else Side.SELL, self.fills[-1][1].ticks, abs(lots), 0, "")
        truth.cash_units = truth.fills = 0
        truth.fees.clear()

    def force(self, market: str, how: str) -> None:
        """The venue acts on a position: `liquidate`, `deleverage` (half of it) or `fund`."""
        key, lots = self.listings[market].key, abs(self.position_lots(market))
        self.exchange.advance(self._schedule.now)
        clearing = self.exchange.clearing
        if how == "liquidate":
            clearing.liquidate(key, ACCOUNT)
        elif how == "fund":
            clearing.fund(key, Decimal("0.0001"), ACCOUNT)
        elif lots > 1:
            clearing.deleverage(key, ACCOUNT, self.listings[market].quantity(lots // 2))
        self._collect()

    def place_foreign(self, market: str, side: int, ticks: int, lots: int) -> None:
        """Somebody else places an order on the account."""
        instrument = self.instruments[market]
        wanted = NewOrder(
            market=self.listings[market].key,
            side=Side.BUY if side == BUY else Side.SELL,
            type=OrderType.LIMIT,
            quantity=instrument.amount(lots),
            price=instrument.price(ticks),
        )
        self.exchange.create(self._schedule.now, ACCOUNT, wanted)
        self.advance()

    def advance(self) -> None:
        """Let the exchange do what is due, and take over what it says."""
        self.exchange.advance(self._schedule.now)
        self._collect()

    # the past

    def _collect(self) -> None:
        for report in self.exchange.drain_reports():
            if isinstance(report, VenueOrderReport):
                self._order(report)
            elif isinstance(report, ExecutionReport):
                self._execution(report)
            elif isinstance(report, PositionReport):
                self._position(report)
            elif isinstance(report, FundingReport):
                self._funding(report)

    def _order(self, report: VenueOrderReport) -> None:
        if report.order_id in self._hidden:
            return
        made = order_report(report, self._by_key[report.market])
        made.client_id = made.client_id.partition(AGAIN)[0]
        if report.end_reason is EndReason.POST_ONLY_WOULD_TAKE and self.venue.post_only is PostOnly.EXPIRED:
            made.state = EXPIRED
        past = self.orders.setdefault(made.venue_id, [])
        if not past and made.client_id:
            self.by_client_id.setdefault(made.client_id, []).append(made.venue_id)
        past.append((report.time_ns, made))
        if made.state < FILLED:
            self.live[made.venue_id] = made
        else:
            self.live.pop(made.venue_id, None)
        self._tell(made)

    def _execution(self, report: ExecutionReport) -> None:
        fill = fill_of(report, self._by_key[report.market])
        fill.client_id = fill.client_id.partition(AGAIN)[0]
        if self._trouble.holds("third-coin-fees", report.time_ns):
            fill.fee_asset, fill.fee = THIRD_COIN, fill.fee // 3 + 1
        self.fills.append((report.time_ns, fill))
        if fill.client_id or fill.kind:
            self.truth[fill.market].fill(report.side, fill.ticks, fill.lots, fill.fee, fill.fee_asset)
        self._tell(fill)

    def _funding(self, report: FundingReport) -> None:
        funding = funding_of(report, self._by_key[report.market])
        self.fundings.append((report.time_ns, funding))
        self._tell(funding)

    def _position(self, report: PositionReport) -> None:
        listing = self._by_key[report.market]
        amount = report.lots * listing.step_units
        average = divide_half_even(report.cost_units * UNIT, abs(amount)) if amount else 0
        self._positions[listing.unified].append((report.time_ns, VenuePosition(listing.unified, amount, average)))

    # what a question sees that looks at a moment

    def order_at(self, client_id: str, at: int) -> OrderReport | None:
        """An order by its client id."""
        venue_id = self.find(client_id)
        return _newest(self.orders[venue_id], at) if venue_id else None

    def open_at(self, at: int) -> list[OrderReport]:
        """Every order that rested."""
        if at >= self._schedule.now:
            return list(self.live.values())
        seen = (_newest(past, at) for past in self.orders.values())
        return [report for report in seen if report is not None and report.state < FILLED]

    def fills_at(self, market: str, since_ms: int, at: int) -> list[Fill]:
        """Every execution on a market since a time, oldest first."""
        since = since_ms * NS_PER_MS
        return [fill for time, fill in self.fills if since <= time <= at and fill.market == market]

    def fundings_at(self, market: str, since_ms: int, at: int) -> list[Funding]:
        """Every funding payment on a market since a time, oldest first."""
        since = since_ms * NS_PER_MS
        return [one for time, one in self.fundings if since <= time <= at and one.market == market]

    def positions_at(self, at: int) -> list[VenuePosition]:
        """Every position that was not flat."""
        seen = (_newest(past, at) for past in self._positions.values())
        return [position for position in seen if position is not None and position.amount]

    def position_lots(self, market: str) -> int:
        """The true position of our own orders, in whole lots (spot: rounded towards flat)."""
        units, lot = self.truth[market].position_units, self.instruments[market].lot
        return units // lot if units >= 0 else -(-units // lot)


def _newest(past: list[tuple[int, Seen]], at: int) -> Seen | None:
    index = bisect_right(past, at, key=_time)
    return past[index - 1][1] if index else None


def _time(entry: tuple[int, object]) -> int:
    return entry[0]
