"""The journal as a disk keeps it: groups of records become durable together, in order, or not at all.

Follows `runtime/journal_writer.py`: one group is on its way at a time, what gathers meanwhile is the next one; after a
failed write the records stay and are tried again every second, and whoever waits is told no. A crash keeps what was
durable; of the group on its way the disk keeps all or nothing, or, where the fault says so, a part.
"""

from collections.abc import Callable
from random import Random
from typing import Any

from deskbot.core.records import Intent, Record, from_tuple
from deskbot.simulation.schedule import MILLISECOND, SECOND, Schedule
from deskbot.simulation.trouble import Trouble

RETRY = SECOND


class Disk:
    """What survives a process."""

    def __init__(self) -> None:
        self.rows: list[tuple[Any, ...]] = []

    def records(self) -> list[Record]:
        """What a new process reads."""
        return [from_tuple(row) for row in self.rows]

    def has_intent(self, client_id: str) -> bool:
        """Whether an intent would survive now; the newest are looked at first."""
        place = len(self.rows)
        while place:
            place -= 1
            row = self.rows[place]
            if row[0] == Intent.__name__ and row[2] == client_id:
                return True
        return False


class Writer:
    """The journal of one process; `call` runs something in that process, if it lives then."""

    def __init__(
        self,
        disk: Disk,
        schedule: Schedule,
        trouble: Trouble,
        random: Random,
        call: Callable[[Callable[[], None]], None],
        on_trouble: Callable[[bool], None],
    ) -> None:
        self._disk = disk
        self._schedule = schedule
        self._trouble = trouble
        self._random = random
        self._call = call
        self._on_trouble = on_trouble
        self._records: list[Record] = []
        self._waiters: list[Callable[[bool], None]] = []
        self._group: list[Record] | None = None
        self.failing = False

    @property
    def pending(self) -> bool:
        """Whether anything handed in is not durable yet."""
        return self._group is not None or bool(self._records)

    def append(self, records: list[Record], waiter: Callable[[bool], None] | None = None) -> None:
        """Queue records; `waiter` hears once whether they, and everything before them, are durable."""
        self._records.extend(records)
        if waiter is not None and self.failing:
            waiter(False)
        elif waiter is not None:
            self._waiters.append(waiter)
        if self._group is None:
            self._begin()

    def killed(self, *, torn: bool) -> None:
        """The process is gone: what of the group on its way has reached the disk."""
        group = self._group or []
        whole = self._random.choice((0, len(group)))
        kept = self._random.randint(0, len(group)) if torn else whole
        self._keep(group[:kept])
        self._group = None

    def _begin(self) -> None:
        if not self._records and not self._waiters:
            return
        group, waiters = self._records, self._waiters
        self._records, self._waiters = [], []
        self._group = group
        self._schedule.after(self._duration(), lambda: self._call(lambda: self._end(group, waiters)))

    def _duration(self) -> int:
        if self._trouble.holds("disk-slow", self._schedule.now):
            return int(self._random.random() * 2 * SECOND)
        return self._random.choice((1, 1, 2, 30)) * MILLISECOND

    def _end(self, group: list[Record], waiters: list[Callable[[bool], None]]) -> None:
        self._group = None
        if self._trouble.holds("disk-full", self._schedule.now):
            self._fail(group, waiters)
            return
        self._keep(group)
        if self.failing:
            self.failing = False
            self._on_trouble(False)
        for waiter in waiters:
            waiter(True)
        if self._group is None:
            self._begin()

    def _fail(self, group: list[Record], waiters: list[Callable[[bool], None]]) -> None:
        self._records = group + self._records
        waiters = waiters + self._waiters
        self._waiters = []
        self._group = []  # nothing else is written before the next attempt
        if not self.failing:
            self.failing = True
            self._on_trouble(True)
        for waiter in waiters:
            waiter(False)
        self._schedule.after(RETRY, lambda: self._call(self._try_again))

    def _try_again(self) -> None:
        self._group = None
        self._begin()

    def _keep(self, records: list[Record]) -> None:
        self._disk.rows.extend(record.row() for record in records)
