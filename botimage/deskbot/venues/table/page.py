"""`docs/venues.md`, written from the table: `python -m deskbot.venues.table.page --write|--check`."""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from deskbot.venues.table import TABLE
from deskbot.venues.table.model import BookSequence, CancelAll, ClientIds, DeadMan, Form, History, Scope, VenueRow

PAGE: Final = Path("docs/venues.md")

_HEAD: Final = """# What the desk knows of each venue

Written from `deskbot.venues.table` by `make generate`. Every call is held by a test against the request that ccxt
really makes (`tests/venues/table`); lengths, bounds and windows are the venues' documentation. `Live` is refused on a
row that is not verified.
"""
_FORMS: Final = {
    Form.PLAIN: "as it is",
    Form.T_DASH: "behind `t-`",
    Form.HEX: "as 32 hexadecimal digits",
    Form.HEX_0X: "as `0x` and 32 hexadecimal digits",
}


def page() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *(_section(kind, row) for (_, kind), row in sorted(TABLE.items()))])


def _section(market_type: str, row: VenueRow) -> str:
    rights = "not known" if row.key_rights is None else f"`{row.key_rights.call.method}`"
    words = () if row.key_rights is None else row.key_rights.moves_money
    lines = {
        "Live": "yes" if row.verified else f"refused: {row.unverified_because}",
        "Client order id": _client_ids(row.client_ids),
        "Cancel everything": _cancel_all(row.cancel_all),
        "Dead man's switch": "none" if row.dead_man is None else _dead_man(row.dead_man),
        "Lost book message": _book(row.book),
        "Own executions": _history(row.history),
        "Rights of a key": rights + (f"; refused with {_listed(words)}" if words else ""),
        "ccxt is told": _listed(f"{name}={value}" for name, value in row.options.items()) or "nothing",
    }
    body = "\n".join(f"| {what} | {said} |" for what, said in lines.items())
    return f"## {row.exchange}, {market_type}\n\n| | |\n|---|---|\n{body}\n"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _client_ids(ids: ClientIds) -> str:
    how = "its own id only, found by listing" if ids.query is None else f"asked by `{ids.query.method}`"
    cancel = "" if ids.cancel is None else f", cancelled by `{ids.cancel.method}`"
    return (
        f"`{ids.create}` arrives as `{ids.wire}`, {_FORMS[ids.form]}, at most {ids.longest} characters; "
        f"{how}{cancel}; unique: {ids.unique.value}"
    )


def _cancel_all(cancel: CancelAll) -> str:
    if not cancel.calls:
        return f"list, then cancel {cancel.batch} at a time, trigger orders apart"
    return f"{len(cancel.calls)} call{'s' * (len(cancel.calls) > 1)} per {cancel.scope.value}"


def _dead_man(timer: DeadMan) -> str:
    enabled = "; enabled by the venue for chosen accounts" if timer.enquiry is not None else ""
    if timer.scope is Scope.CONNECTION:
        bounds = f", {timer.shortest} to {timer.longest} s" if timer.longest else ""
        return f"`{timer.arm.method}`, from the end of the connection{bounds}{enabled}"
    disarm = "" if timer.disarm is not None else ", cannot be let go"
    return f"`{timer.arm.method}`, {timer.shortest} to {timer.longest} s, per {timer.scope.value}{disarm}{enabled}"


def _book(book: BookSequence) -> str:
    return f"{book.rule.value}, " + ("checked by ccxt as well" if book.checked_by_ccxt else "ccxt does not look")


def _history(history: History) -> str:
    facts = (
        (history.window_days, f"{history.window_days} days a question"),
        (history.back_days, f"{history.back_days} days back"),
        (history.rows, f"{history.rows} rows a page"),
    )
    symbol = "per symbol" if history.needs_symbol else "of the whole account"
    return ", ".join([symbol, *(words for count, words in facts if count)])


def main() -> int:
    """Write the page, or say whether it is the one that would be written."""
    parser = argparse.ArgumentParser(prog="python -m deskbot.venues.table.page", description=__doc__)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--write", action="store_true", help="write the page")
    action.add_argument("--check", action="store_true", help="exit with 1 when it is not up to date")
    if parser.parse_args().write:
        PAGE.write_text(page())
        return 0
    if PAGE.read_text() == page():
        return 0
    print(f"{PAGE} is not what the table says; run: make generate", file=sys.stderr)  # noqa: T201
    return 1


if __name__ == "__main__":
    sys.exit(main())
