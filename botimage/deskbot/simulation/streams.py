"""The private stream between the account and whatever process listens, with what goes wrong on the way."""

from collections.abc import Callable
from random import Random

from deskbot.core.events import Event, Fill, Funding, OrderReport
from deskbot.simulation.schedule import MILLISECOND, SECOND, Schedule
from deskbot.simulation.trouble import Trouble

ORDINARY_DELAY = 20 * MILLISECOND


class PrivateStream:
    """`up` is whether a process is subscribed. A message that is on the way arrives at the process it was sent to."""

    def __init__(
        self, schedule: Schedule, trouble: Trouble, random: Random, deliver: Callable[[Event], Callable[[], None]]
    ) -> None:
        """`deliver` binds an event to the process of this moment and returns what hands it over."""
        self._schedule = schedule
        self._trouble = trouble
        self._random = random
        self._deliver = deliver
        self.up = False

    def tell(self, message: OrderReport | Fill | Funding) -> None:
        """Tell of a change at the venue."""
        now, trouble, random = self._schedule.now, self._trouble, self._random
        if not self.up or trouble.holds("private-death", now):
            return
        if trouble.holds("messages-lost", now) and random.random() < 0.3:
            return
        copies = 2 if trouble.holds("messages-doubled", now) and random.random() < 0.7 else 1
        for _ in range(copies):
            delay = ORDINARY_DELAY
            if trouble.holds("messages-reordered", now) and random.random() < 0.5:
                delay += int(random.random() * 3 * SECOND)
            self._schedule.after(delay, self._deliver(message))
