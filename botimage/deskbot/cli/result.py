"""What a run came to, in the same fields as a run in virtual time; read from the journal and the venue's own books."""

from pathlib import Path
from typing import Any

from deskbot.core.instrument import side_name
from deskbot.core.records import Filled
from deskbot.core.summary import Summary
from deskbot.runtime.encoding import Digest
from deskbot.runtime.journal import Header, open_journal
from deskbot.runtime.report import ledger_view
from deskbot.runtime.session import Ended


def result_of(
    summary: Summary, ended: Ended, journal: Path, header: Header, truth: dict[str, Any] | None
) -> dict[str, Any]:
    """One plain object. `truth` is the simulator's; without it the bot's own count of open orders is told."""
    sides, stream = _read(journal, header)
    return {
        "orders": summary.orders,
        "fills": summary.fills,
        "fillsBySide": sides,
        "ledger": {position.market: ledger_view(position) for position in summary.positions},
        **({"groundTruth": truth["markets"]} if truth is not None else {}),
        "openOrders": summary.open_orders if truth is None else truth["openOrders"] + truth["ordersInFlight"],
        "stopConfirmed": ended.confirmed,
        "digest": stream,
    }


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
