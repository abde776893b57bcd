"""What a run came to, in the same fields as a run in virtual time; read from the journal and the venue's own books."""

from pathlib import Path
from typing import Any

from deskbot.core.instrument import side_name
from deskbot.core.records import Filled
from deskbot.core.summary import Summary
from deskbot.matching import Exchange
from deskbot.runtime.encoding import Digest
from deskbot.runtime.journal import Header, open_journal
from deskbot.runtime.report import ledger_view
from deskbot.runtime.session import Ended
from deskbot.simulator.ground_truth import books_beside


def result_of(
    summary: Summary, ended: Ended, journal: Path, header: Header, books: tuple[Exchange, str] | None
) -> dict[str, Any]:
    """One plain object. `books` are the simulator's own and the account; without them only the bot's are told."""
    sides, stream = _read(journal, header)
    ledger = {position.market: ledger_view(position) for position in summary.positions}
    return {
        "orders": summary.orders,
        "fills": summary.fills,
        "fillsBySide": sides,
        "ledger": ledger,
        **({"groundTruth": books_beside(ledger, *books)} if books is not None else {}),
        "openOrders": summary.open_orders if books is None else _held(*books),
        "stopConfirmed": ended.confirmed,
        "digest": stream,
    }


def _held(exchange: Exchange, account: str) -> int:
    """Orders that the exchange still holds, those on their way in among them."""
    truth = exchange.ground_truth(account)
    return truth.open_orders + truth.orders_in_flight


def _read(path: Path, header: Header) -> tuple[dict[str, int], str]:
    sides = {"buy": 0, "sell": 0}
    stream = Digest()
    journal = open_journal(path, header)
    try:
        for record in journal.records():
            stream.add(record)
            if isinstance(record, Filled):
                sides[side_name(record.side)] += 1
    finally:
        journal.close()
    return sides, stream.hexdigest()
