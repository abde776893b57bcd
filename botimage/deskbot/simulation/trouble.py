"""What is wrong at this moment, and what came of everything that ever was: one count for each fault and outcome."""

from collections import Counter

from deskbot.core.orders import CANCELLED, EXPIRED, FILLED, REJECTED

ADOPTED = "adopted"
WORDS = {
    FILLED: "filled",
    CANCELLED: "cancelled",
    EXPIRED: "expired",
    REJECTED: "rejected after proof",
}


class Trouble:
    """`tally` is fault -> outcome -> how often; "injected" is one of the outcomes.

    A fault of an order's request is marked with the order's id and resolved by what becomes of the order; a fault that
    holds for a while is resolved when risk may be added again after it.
    """

    __slots__ = ("_armed", "_lasting", "_orders", "_pending", "tally")

    def __init__(self) -> None:
        self.tally: dict[str, Counter[str]] = {}
        self._armed: dict[str, int] = {}
        self._lasting: dict[str, int] = {}
        self._orders: dict[str, list[str]] = {}
        self._pending: list[tuple[int, str]] = []

    def arm(self, fault: str, count: int) -> None:
        """Let a fault happen to the next so many requests of its kind."""
        self._armed[fault] = self._armed.get(fault, 0) + count

    def last(self, fault: str, until: int) -> None:
        """Let a fault hold until a moment."""
        self._lasting[fault] = max(until, self._lasting.get(fault, 0))
        self.struck(fault, until)

    def end(self) -> None:
        """Everything works again."""
        self._armed.clear()
        self._lasting.clear()

    def takes(self, fault: str, order: str = "") -> bool:
        """Whether this request is one of those; if it is for an order, the fault's outcome is the order's."""
        left = self._armed.get(fault, 0)
        if not left:
            return False
        self._armed[fault] = left - 1
        self.note(fault, "injected")
        if order:
            self._orders.setdefault(order, []).append(fault)
        return True

    def holds(self, fault: str, now: int) -> bool:
        """Whether a lasting fault holds now."""
        return now < self._lasting.get(fault, 0)

    def struck(self, fault: str, until: int) -> None:
        """A fault has happened that is over at a moment; its outcome is when risk may be added again."""
        self.note(fault, "injected")
        self._pending.append((until, fault))

    def note(self, fault: str, outcome: str) -> None:
        """Count one outcome."""
        self.tally.setdefault(fault, Counter())[outcome] += 1

    def order_is(self, client_id: str, outcome: str) -> None:
        """What became of an order, as the engine has it."""
        for fault in self._orders.pop(client_id, ()):
            self.note(fault, outcome)

    def gate_open(self, now: int) -> None:
        """Risk may be added: whatever is over has been recovered from."""
        if self._pending and any(until <= now for until, _ in self._pending):
            for until, fault in self._pending:
                if until <= now:
                    self.note(fault, "recovered")
            self._pending = [(until, fault) for until, fault in self._pending if until > now]

    def close(self, word: str) -> None:
        """The life is over: what was never recovered from ended like this."""
        for _, fault in self._pending:
            self.note(fault, word)
        for faults in self._orders.values():
            for fault in faults:
                self.note(fault, "open at the end")
        self._pending.clear()
        self._orders.clear()
