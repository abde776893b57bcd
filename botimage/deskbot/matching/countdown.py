"""The dead man's switch: orders that end by themselves unless somebody keeps saying that they should not.

One timer for each account and each set of orders it is for (an account, a market, a category). Arming it again starts
it over; when it runs out, the orders that match at that moment end.
"""

from collections.abc import Callable

from deskbot.matching.orders import CancelFilter

Timer = tuple[str, CancelFilter]


class Countdowns:
    """`schedule` lets work happen at a venue time, `run_out` ends an account's orders that match."""

    def __init__(
        self, schedule: Callable[[int, Callable[[], None]], None], run_out: Callable[[str, CancelFilter], None]
    ) -> None:
        self._schedule = schedule
        self._run_out = run_out
        self._due: dict[Timer, int] = {}

    def arm(self, account: str, which: CancelFilter, due_ns: int) -> None:
        """Start the timer, or start it over."""
        self._due[account, which] = due_ns
        self._schedule(due_ns, lambda: self._look((account, which), due_ns))

    def disarm(self, account: str, which: CancelFilter) -> bool:
        """Stop the timer; whether it was running."""
        return self._due.pop((account, which), None) is not None

    def due_ns(self, account: str, which: CancelFilter) -> int | None:
        """When it runs out; None while it is not armed."""
        return self._due.get((account, which))

    def _look(self, timer: Timer, due_ns: int) -> None:
        """A timer that was started over meanwhile has another due time."""
        if self._due.get(timer) == due_ns:
            del self._due[timer]
            self._run_out(*timer)
