"""`desk run FILE --speed max`: a bot through a whole recording in virtual time, and what came of it.

The result names the engine's ledger and the exchange's own beside each other; the digest is taken over the journal, so
two runs with one seed can be compared by it.
"""

import tempfile
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any

from deskapi import TradingBot
from deskbot import __version__
from deskbot.backtest.translation import NS_PER_MS, instrument_of
from deskbot.backtest.virtual_time import VirtualTime
from deskbot.backtest.virtual_venue import ACCOUNT, Delays, VirtualVenue
from deskbot.core.engine import Engine
from deskbot.core.errors import Invalid
from deskbot.core.records import Record
from deskbot.matching import Exchange, Latency, Listing, MarketEvent
from deskbot.runtime.encoding import digest
from deskbot.runtime.journal import Header, Journal, open_journal
from deskbot.runtime.observation import Observation
from deskbot.runtime.report import ledger_view
from deskbot.runtime.spec import Strategies, control_of, mode_class
from deskbot.simulator.ground_truth import books_beside
from deskbot.simulator.replay import MarketSource

BALANCES = {"USDT": Decimal(10_000), "BTC": Decimal(1)}
LATENCY = Latency(entry_ns=5 * NS_PER_MS, cancel_ns=5 * NS_PER_MS, jitter_ns=NS_PER_MS)
# Virtual time has no crash to survive: records are written in groups of this size.
WRITE_EVERY = 1000


class GroupWriter:
    """Hands records to the journal in groups."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._waiting: list[Record] = []

    def add(self, record: Record) -> None:
        """Take one record; a full group is written."""
        self._waiting.append(record)
        if len(self._waiting) >= WRITE_EVERY:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        self._journal.write(self._waiting)
        self._waiting = []


def require_fit(bot: TradingBot, listings: Iterable[Listing]) -> None:
    """Raise Invalid for a market that there is no data of, and for params that do not suit a market."""
    there = {listing.unified: instrument_of(listing) for listing in listings}
    for market in bot.spec.markets:
        if market not in there:
            raise Invalid(
                "MarketUnknown", f"spec.markets: there is data of {', '.join(sorted(there))}, not of {market}"
            )
    _strategies, error = Strategies().of(bot.spec, there)
    if error is not None:
        raise error


def run(bot: TradingBot, uid: str, source: MarketSource, seed: int, duration_ns: int | None = None) -> dict[str, Any]:
    """One pass over the source, then a proven stop. The same arguments give the same result, byte for byte.

    Raises Invalid for a market that the source does not have, and as the strategies do.
    """
    require_fit(bot, source.listings)
    events = source.events()
    first = next(events)
    exchange = Exchange(source.listings, seed=seed, latency=LATENCY, start_ns=first.time_ns)
    exchange.open_account(ACCOUNT, BALANCES)
    until = None if duration_ns is None else first.time_ns + duration_ns
    with tempfile.TemporaryDirectory(prefix="desk-") as folder:
        journal = open_journal(Path(folder) / "journal.sqlite", _header(bot, uid, first.time_ns))
        try:
            return _run(bot, uid, exchange, chain([first], events), journal, until)
        finally:
            journal.close()


def _run(
    bot: TradingBot,
    uid: str,
    exchange: Exchange,
    events: Iterator[MarketEvent],
    journal: Journal,
    until: int | None,
) -> dict[str, Any]:
    wanted = [listing for listing in exchange.listings.values() if listing.unified in bot.spec.markets]
    venue = VirtualVenue(exchange, wanted, Delays())
    strategies, _checked = Strategies().of(bot.spec, venue.instruments)
    engine = Engine(uid, journal.header.epoch_ms, __version__)
    writer = GroupWriter(journal)
    seen = Observation(bot, uid, 1, bot.spec.halted, bot.spec.paused)
    stopped = VirtualTime(exchange, venue, engine, writer.add).run(events, control_of(seen, strategies, 0), until)
    writer.flush()
    summary = engine.summary()
    truth = exchange.ground_truth(ACCOUNT)
    ledger = {position.market: ledger_view(position) for position in summary.positions}
    return {
        "orders": summary.orders,
        "fills": summary.fills,
        "fillsBySide": _fills_by_side(exchange),
        "ledger": ledger,
        "groundTruth": books_beside(ledger, exchange, ACCOUNT),
        "openOrders": truth.open_orders + truth.orders_in_flight,
        "stopConfirmed": stopped.confirmed,
        "digest": digest(journal.records()),
    }


def _fills_by_side(exchange: Exchange) -> dict[str, int]:
    sides = [execution.side.value for execution in exchange.executions(ACCOUNT)]
    return {"buy": sides.count("buy"), "sell": sides.count("sell")}


def _header(bot: TradingBot, uid: str, started_ns: int) -> Header:
    return Header(
        object_uid=uid,
        exchange=bot.spec.venue.exchange.value,
        market_type=bot.spec.venue.market_type.value,
        mode_class=mode_class(bot.spec.mode),
        epoch_ms=started_ns // NS_PER_MS,
    )
