"""A run for people: a live table on a terminal, plain lines elsewhere, both ledgers beside each other at the end."""

import sys
from collections.abc import Iterable
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Column, Table
from rich.text import Text

from deskbot.core.money import from_units
from deskbot.core.summary import PositionSummary, Summary

REFRESH_SECONDS = 0.25
LINE_SECONDS = 5.0


def print_result(result: dict[str, Any]) -> None:
    """Print what a run came to; without ground truth the column stays away."""
    console = Console()
    sides = result["fillsBySide"]
    console.print(
        f"{result['orders']} orders, {result['fills']} fills ({sides['buy']} buys, {sides['sell']} sells), "
        f"{result['openOrders']} open; journal {result['digest'][:12]}"
    )
    truth = result.get("groundTruth")
    sums = ["the bot's ledger", *(["the venue's books"] if truth is not None else [])]
    table = Table("market", "figure", *map(_whole, sums))
    for market, ledger in result["ledger"].items():
        for figure, value in ledger.items():
            theirs = [_text(truth.get(market, {}).get(figure, ""))] if truth is not None else []
            table.add_row(market, figure, _text(value), *theirs)
    if result["ledger"]:
        console.print(table)


class LiveTable:
    """The picture of now, redrawn in place."""

    seconds = REFRESH_SECONDS

    def __init__(self) -> None:
        self._live = Live(console=Console(), auto_refresh=False, transient=True)

    def __enter__(self) -> "LiveTable":
        self._live.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.__exit__(None, None, None)

    def show(self, summary: Summary | None, notes: Iterable[str]) -> None:
        """Draw the picture."""
        first = headline(summary)
        tables = [_market_table(summary.positions)] if summary is not None and summary.positions else []
        below = [Text(note, style="yellow") for note in notes if note not in first]
        self._live.update(Group(Text(first), *tables, *below), refresh=True)


class Lines:
    """One line every few seconds, for logs and pipes."""

    seconds = LINE_SECONDS

    def __enter__(self) -> "Lines":
        return self

    def __exit__(self, *_: object) -> None:
        return

    def show(self, summary: Summary | None, _notes: Iterable[str]) -> None:
        """Print the line."""
        markets = "; ".join(map(_market_line, summary.positions)) if summary is not None else ""
        sys.stdout.write(headline(summary) + (f" | {markets}" if markets else "") + "\n")
        sys.stdout.flush()


class Silence:
    """Nothing: the result comes as JSON at the end."""

    seconds = LINE_SECONDS

    def __enter__(self) -> "Silence":
        return self

    def __exit__(self, *_: object) -> None:
        return

    def show(self, _summary: Summary | None, _notes: Iterable[str]) -> None:
        """Say nothing."""


def headline(summary: Summary | None) -> str:
    """State and counts, and what a person has to do."""
    if summary is None:
        return "starting"
    line = f"{summary.state}: {summary.orders} orders, {summary.fills} fills, {summary.open_orders} open"
    if summary.equity is not None:
        line += f", equity {_rounded(summary.equity)}"
    if summary.problem is not None:
        line += f"; {summary.problem[0]}: {summary.problem[1]}"
    if summary.halt is not None:
        done = "confirmed by the venue" if summary.halt.confirmed_at else "not confirmed yet"
        line += f'; halt {summary.halt.id} {done}; to resume: acknowledgedHalt: "{summary.halt.id}", without halted'
    return line


def _market_table(positions: list[PositionSummary]) -> Table:
    """A column for each market, so that a terminal of 80 columns cuts no number."""
    table = Table("", *(_whole(position.market) for position in positions))
    rows = [
        ("bid / ask", lambda p: f"{from_units(p.bid):f} / {from_units(p.ask):f}"),
        ("position", lambda p: f"{from_units(p.amount):f} {p.base}"),
        ("value", lambda p: f"{_rounded(p.notional)} {p.quote}"),
        ("PnL realised", lambda p: f"{_rounded(p.realised)} {p.quote}"),
        ("PnL unrealised", lambda p: f"{_rounded(p.unrealised)} {p.quote}"),
        ("fees", lambda p: _fees(p) or "0"),
        ("fills", lambda p: str(p.fills)),
    ]
    for name, cell in rows:
        table.add_row(name, *map(cell, positions))
    return table


def _whole(header: str) -> Column:
    """A column that breaks a long number rather than cutting it off."""
    return Column(header, overflow="fold")


def _market_line(position: PositionSummary) -> str:
    return (
        f"{position.market} {from_units(position.bid):f}/{from_units(position.ask):f} "
        f"position {from_units(position.amount):f} {position.base} PnL {_rounded(position.realised)} realised "
        f"{_rounded(position.unrealised)} unrealised"
    )


def _fees(position: PositionSummary) -> str:
    return ", ".join(f"{_rounded(fee)} {asset}" for asset, fee in sorted(position.fees.items()))


def _rounded(units: int) -> str:
    return f"{from_units(units):.4f}"


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{amount} {asset}" for asset, amount in value.items()) or "0"
    return str(value)
