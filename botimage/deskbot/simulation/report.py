"""The result of `desk simulate` for people."""

from typing import Any

from rich.console import Console
from rich.table import Table


def print_report(result: dict[str, Any]) -> None:
    """Print what the lives came to."""
    console = Console()
    console.print(
        f"{result['seeds']} lives, {result['steps']} steps, {result['simulatedSeconds']:.0f} simulated seconds "
        f"({result['secondsPerSecond']:.0f} a second); gate open in {result['gateOpenShare']:.1%} of the steps"
    )
    console.print(
        f"{result['orders']} orders, {result['fills']} fills, {result['ambiguousCreates']} creates without a clear "
        f"answer; {result['duplicated']} duplicated, {result['lost']} lost"
    )
    console.print(_faults(result["faults"]))
    for violation in result["violations"]:
        where = f"{violation['dialect']} seed {violation['seed']} step {violation['step']}"
        console.print(f"{violation['invariant']} {where}: {violation['reason']}")
        console.print(f"  again: {violation['replay']}", soft_wrap=True)
    if "script" in result:
        console.print(f"  shrunk: desk simulate --script {result['script']}", soft_wrap=True)
    if not result["enoughTraded"]:
        console.print("so little was traded that nothing is proven")


def _faults(rows: list[dict[str, Any]]) -> Table:
    table = Table("dialect", "id", "fault", "injected", "outcomes")
    for row in rows:
        outcomes = ", ".join(f"{word} {times}" for word, times in row["outcomes"].items())
        table.add_row(row["dialect"], row["id"], row["fault"], str(row["injected"]), outcomes)
    return table
