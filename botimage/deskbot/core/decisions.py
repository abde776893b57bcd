"""What was decided on which data: one record for each time the engine changed what rests, or dropped something anew.

    Engine ──▶ quoting.make_so ──▶ Decision ──▶ State.decision (the last one) and the sink the shell gave, if any

It explains the journal's intents and is no part of them: a replay needs none. A market whose targets all rest already,
or are refused for the same reasons as before, makes none, so there are at most as many as there are changes. A backtest
hands in a sink that keeps their bytes; the outbox is where a live bot's will go.
"""

from typing import Any, Final

from mypy_extensions import mypyc_attr

from deskbot.core.strategy import Target

KEPT: Final = "kept"
PLACED: Final = "placed"
WAITS: Final = "waits"  # its place is taken by an order on its way in or out


@mypyc_attr(acyclic=True, free_list_len=1)
class Decision:
    """One pass over one market's targets. `position` is units of base, `bid` and `ask` are ticks.

    `fates` says of each target KEPT, PLACED, WAITS or the name of the check that dropped it; `placed` and `cancelled`
    are client order ids.
    """

    __slots__ = ("ask", "at", "bid", "cancelled", "fates", "market", "placed", "position", "targets")

    def __init__(
        self,
        at: int,
        market: str,
        bid: int,
        ask: int,
        position: int,
        targets: list[Target],
        fates: list[str],
        placed: list[str],
        cancelled: list[str],
    ) -> None:
        self.at = at
        self.market = market
        self.bid = bid
        self.ask = ask
        self.position = position
        self.targets = targets
        self.fates = fates
        self.placed = placed
        self.cancelled = cancelled

    def row(self) -> tuple[Any, ...]:
        """Everything as strings, integers and lists; a target is (side, ticks, lots, level) and its fate."""
        wanted: list[tuple[int, int, int, int, str]] = []
        for index, target in enumerate(self.targets):
            wanted.append((target.side, target.ticks, target.lots, target.level, self.fates[index]))
        return (
            "Decision",
            self.at,
            self.market,
            self.bid,
            self.ask,
            self.position,
            wanted,
            self.placed,
            self.cancelled,
        )
