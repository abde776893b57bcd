"""The outcomes as a table for people, or as one JSON object."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from deskoperator.kubectl.halt import Outcome
from deskoperator.kubectl.resume import Resumed
from deskoperator.kubectl.seen import Seen


def show_halts(outcomes: Sequence[Outcome], output: str) -> None:
    """One row for each bot: who halted it, why, who proved it, after how long, what is left."""
    if output == "json":
        _print_json({"bots": [_plain(one) for one in outcomes]})
        return
    _print_table(["bot", "halt", "why", "confirmed by", "after", "cancelled", "left"], [_row(one) for one in outcomes])
    for one in outcomes:
        if words := _words(one):
            sys.stdout.write(f"{one.namespace}/{one.bot}: {words}\n")


def show_resumed(resumed: Resumed, output: str) -> None:
    """One line."""
    if output == "json":
        plain = {"namespace": resumed.namespace, "bot": resumed.bot, "haltId": resumed.halt_id}
        _print_json({**plain, "released": not resumed.problem, "problem": resumed.problem})
        return
    words = resumed.problem or f"halt {resumed.halt_id} is released"
    sys.stdout.write(f"{resumed.namespace}/{resumed.bot}: {words}\n")


def _plain(one: Outcome) -> dict[str, Any]:
    seen = one.seen
    return {
        "namespace": one.namespace,
        "bot": one.bot,
        "haltId": seen.halt_id,
        "source": seen.source,
        "reason": seen.reason,
        "dryRun": one.dry_run,
        "confirmed": seen.confirmed,
        "confirmedBy": seen.by,
        "elapsedMs": round(one.seconds * 1000),
        "ordersCancelled": seen.orders_cancelled,
        "residualOrders": seen.residual_orders,
        "residualPosition": seen.residual_position,
        "job": one.job,
        "message": _words(one),
    }


def _row(one: Outcome) -> list[str]:
    seen = one.seen
    proof = "dry run" if one.dry_run else seen.by or "NOT CONFIRMED"
    why = " ".join(filter(None, (seen.source, seen.reason)))
    left = ", ".join(filter(None, (_orders(seen), seen.residual_position or "")))
    after = f"{one.seconds:.1f} s"
    return [f"{one.namespace}/{one.bot}", seen.halt_id, why, proof, after, _text(seen.orders_cancelled), left]


def _orders(seen: Seen) -> str:
    return "" if seen.residual_orders is None else f"{seen.residual_orders} orders"


def _words(one: Outcome) -> str:
    return one.problem or ("" if one.seen.confirmed else one.seen.note)


def _text(number: int | None) -> str:
    return "" if number is None else str(number)


def _print_json(plain: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(plain) + "\n")


def _print_table(columns: list[str], rows: list[list[str]]) -> None:
    from rich.console import Console  # noqa: PLC0415  # a pipe that takes JSON needs no table
    from rich.table import Column, Table  # noqa: PLC0415

    table = Table(*(Column(name, overflow="fold") for name in columns), box=None)
    for row in rows:
        table.add_row(*row)
    Console().print(table)
