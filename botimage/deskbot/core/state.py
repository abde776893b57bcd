"""Everything one engine knows, and the list of commands of the pass it is in.

Durable facts change only through `record`, which applies them and asks for them to be persisted in one step. The rest
is volatile: it is learnt anew after a restart.
"""

from collections.abc import Callable
from typing import Final

from deskbot.core.commands import Command
from deskbot.core.decisions import Decision
from deskbot.core.durable import Durable
from deskbot.core.events import Control, OrderReport, Problem
from deskbot.core.instrument import Instrument
from deskbot.core.ledger import Ledger
from deskbot.core.market import MarketState
from deskbot.core.order_ids import OrderIds
from deskbot.core.records import Record

DRY_RUN: Final = "DryRun"
MILLISECOND: Final = 1_000_000


class State:
    """Shared by the modules of the engine; `out` collects the commands of the current pass."""

    __slots__ = (
        "_requests",
        "account_id",
        "askable",
        "at",
        "balances",
        "closed",
        "control",
        "decision",
        "decision_sink",
        "durable",
        "epoch_ms",
        "equity",
        "equity_pnl",
        "fill_history_ms",
        "foreign_orders",
        "instruments",
        "markets",
        "missed_fills",
        "notices",
        "object_uid",
        "order_ids",
        "orders_by_market",
        "orphans_cancelled",
        "out",
        "private_stream_healthy",
        "problems",
        "rejections",
        "revision",
        "sends_orders",
        "venue_offset",
        "venue_open",
        "venue_positions",
        "version",
        "violation",
        "waiting",
    )

    def __init__(self, object_uid: str, epoch_ms: int, version: str) -> None:
        self.object_uid = object_uid
        self.epoch_ms = epoch_ms
        self.version = version
        self.durable = Durable()
        self.order_ids = OrderIds(object_uid, epoch_ms)
        self.out: list[Command] = []
        self.revision = 0  # of what views show of ours: counts records, objects and listings
        self.waiting: set[str] = set()  # markets where something wanted could not be done before an order has arrived
        self.decision: Decision | None = None  # the last one
        self.decision_sink: Callable[[Decision], None] | None = None
        self.at = 0
        self.control: Control | None = None
        self.sends_orders = False  # whether this bot has anything to do with the venue's private side
        self.instruments: dict[str, Instrument] = {}
        self.markets: dict[str, MarketState] = {}
        self.account_id = ""
        self.venue_open = False
        self.venue_offset = 0  # the venue's clock minus the engine's time, in nanoseconds, as last measured
        self.askable = False  # whether the account's orders can be listed and cancelled, now or when the venue is back
        self.private_stream_healthy = True
        self.problems: dict[str, Problem] = {}
        self.closed: dict[str, Problem] = {}  # by market: what nobody can trade on now (`closed.py`)
        self.notices: dict[str, tuple[str, str]] = {}  # what people should look at and trading does not wait for
        self.rejections: dict[str, int] = {}
        self.missed_fills = 0
        self.violation = ""  # of an invariant, in this pass
        self.fill_history_ms = 0
        self.foreign_orders: dict[str, int] = {}  # by market, as the last complete list that tells of it says
        self.orders_by_market = False
        self.orphans_cancelled: dict[str, int] = {}
        self.venue_positions: dict[str, int] = {}
        self.balances: dict[str, tuple[int, int]] = {}
        self.equity: int | None = None
        self.equity_pnl = 0
        self._requests = 0

    def take_control(self, control: Control) -> None:
        """What the object asks for from now on."""
        self.control = control
        self.sends_orders = control.mode != DRY_RUN
        self.revision += 1

    def record(self, record: Record, shown: bool = True) -> None:
        """Make a fact durable: applied now, in the journal before anything that depends on it leaves.

        Most change what views show (`shown`).
        """
        if shown:
            self.revision += 1
        self.durable.apply(record)
        self.out.append(record)

    def venue_ms(self, at: int) -> int:
        """An engine time of this process in the venue's milliseconds."""
        return (at + self.venue_offset) // MILLISECOND

    def begun_ms(self, market: str) -> int:
        """When a market came to this journal, in the venue's milliseconds: the position it came with is of before."""
        return max(self.durable.begun_ms or self.epoch_ms, self.durable.listed_ms.get(market, 0))

    def decide(self, decision: Decision) -> None:
        """Note why what rests has changed."""
        self.decision = decision
        if self.decision_sink is not None:
            self.decision_sink(decision)

    def violated(self, words: str) -> None:
        """The venue contradicts itself or us: the pass goes on, since facts are facts, and ends in a halt."""
        self.violation = self.violation or words

    def next_request(self) -> int:
        """A number that ties an answer to its question."""
        self._requests += 1
        return self._requests

    def note_foreign(self, orders: list[OrderReport], market: str = "") -> None:
        """Count the orders of a complete list, of the account or of one market, that are not this bot's."""
        if market:
            self.foreign_orders.pop(market, None)
        else:
            self.foreign_orders.clear()
        for report in orders:
            if not self.order_ids.is_ours(report.client_id):
                self.foreign_orders[report.market] = self.foreign_orders.get(report.market, 0) + 1

    def reject(self, check: str) -> None:
        """Count one dropped target under the name of the check that dropped it."""
        self.rejections[check] = self.rejections.get(check, 0) + 1

    def known_markets(self) -> tuple[str, ...]:
        """Every market of the spec and of the journal."""
        wanted = self.control.markets if self.control is not None else ()
        return tuple(dict.fromkeys((*wanted, *self.durable.ledgers, *(o.market for o in self.durable.orders.values()))))

    def can_value_positions(self) -> bool:
        """Whether every open position has a price; one on a market that the venue does not list will never have any."""
        held = (name for name, one in self.durable.ledgers.items() if one.position and name in self.instruments)
        return all(market in self.markets and self.markets[market].half_mid for market in held)

    def pnl(self) -> int:
        """Realised and unrealised PnL of all markets, less fees and with funding in the quote coin, in units of it."""
        total = self.funding() - self.fees()
        for market, ledger in self.durable.ledgers.items():
            total += ledger.realised
            seen = self.markets.get(market)
            if seen is not None and seen.half_mid:
                total += ledger.unrealised(seen.mid_price)
        return total

    def fees(self) -> int:
        """What was paid in fees in the quote coins; fees in other coins are shown by coin and not valued."""
        return sum(ledger.fees.get(self.markets[m].instrument.quote, 0) for m, ledger in self._shown_ledgers())

    def funding(self) -> int:
        """What was received in funding in the quote coins, less what was paid."""
        return sum(ledger.funding.get(self.markets[m].instrument.quote, 0) for m, ledger in self._shown_ledgers())

    def _shown_ledgers(self) -> list[tuple[str, Ledger]]:
        return [(market, ledger) for market, ledger in self.durable.ledgers.items() if market in self.markets]
