"""A life under a halt that nobody acknowledges, while everything else about the bot changes.

    Life ── halted by spec, by the operator or by deletion, durable in the journal ──▶ Meddler: again and again somebody
    changes the spec, the status, the limits, acknowledges old halts and made-up ones, kills the process, loses the
    volume. The one thing that never happens is the acknowledgement of the halt that is in force.

The journal and the object are never lost in one moment: either one latched is halted, and what starts with neither is
for the shell's own mark (`tests/runtime/test_lost_journal.py`). Faults of every kind go on meanwhile.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from deskbot.core.commands import Place
from deskbot.core.money import to_units
from deskbot.core.records import Latched, Record, Released
from deskbot.simulation.faults import FAULTS, draw
from deskbot.simulation.life import LIMITS, Life, Wish
from deskbot.simulation.schedule import MILLISECOND, SECOND
from deskbot.simulation.witness import Violation, Witness

# What a person's acknowledgement ends has no place here; the volume is lost by the meddler, who knows when.
_ENDED_BY_A_PERSON: Final = {"halted-by-spec", "halted-for-good", "halt-withdrawn", "halted-by-operator"}
NAMES: Final = tuple(name for name in FAULTS if name not in {*_ENDED_BY_A_PERSON, "journal-lost"})
HALTED_WITHIN: Final = 5 * SECOND
LOOSER: Final = replace(LIMITS, max_order_notional=to_units(2500), max_position_notional=to_units(15000))


class LatchedLife(Life):
    """`changes` counts what was changed under the latch; `held` says that it is in force and durable."""

    def __init__(self, seed: int, venue: str) -> None:
        super().__init__(draw(seed, venue, NAMES))
        self.witness = _Watch(self)
        self.changes = Counter[str]()
        self.held = False
        self._whim = self._random("meddler")
        self._ids = {"", "4edcb75a-1", "op-0"}
        deeds: dict[str, Callable[[], bool]] = {
            "halt withdrawn": lambda: self._in_journal() and self._changed(halted=False),
            "halted again": lambda: self._changed(halted=True),
            "status lost": lambda: self._in_journal() and self._changed(latch_id="", latch_released=True),
            "status says released": lambda: self._in_journal() and self._changed(latch_released=True),
            "another halt of the operator": self._another_halt,
            "old halt acknowledged": self._acknowledge_another,
            "object deleted": lambda: self._changed(deleted=True),
            "object there again": lambda: self._in_journal() and self._changed(deleted=False),
            "paused": lambda: self._changed(paused=True),
            "pause ended": lambda: self._changed(paused=False),
            "limits loosened": lambda: self._bounded(looser=True),
            "limits as before": lambda: self._bounded(looser=False),
            "killed": lambda: self._gone(self.kill, "killed"),
            "volume lost": lambda: self._in_object() and self._gone(self.lose_journal),
        }
        self.deeds = deeds

    def start(self) -> None:
        """The first process is halted some time after it began."""
        super().start()
        if not self.held and not self.changes:
            self.changes["halted"] += 1
            self.schedule.after(int(self._whim.random() * HALTED_WITHIN), self._halt)

    def _halt(self) -> None:
        self._whim.choice((lambda: self._changed(halted=True), self._another_halt))()
        self._await_the_journal()

    def _await_the_journal(self) -> None:
        if self._in_journal():
            self.held = True
            self._meddle()
        else:
            self.schedule.after(20 * MILLISECOND, self._await_the_journal)

    def _meddle(self) -> None:
        if self.quiet:
            return
        name, deed = self._whim.choice(list(self.deeds.items()))
        if deed():
            self.changes[name] += 1
        self.schedule.after(int(self._whim.uniform(0.05, 1.5) * SECOND), self._meddle)

    # what holds the halt

    def _rows(self) -> list[Latched | Released]:
        return [one for one in self.disk.records() if isinstance(one, Latched | Released)]

    def _in_journal(self) -> bool:
        """Whether the journal alone would hold it: what it names is not what was acknowledged."""
        rows = self._rows()
        return bool(rows) and isinstance(rows[-1], Latched) and rows[-1].id != self.wish.acknowledged_halt

    def _in_object(self) -> bool:
        wish: Wish = self.wish
        return wish.halted or (wish.latch_id not in {"", wish.acknowledged_halt} and not wish.latch_released)

    # what is changed

    def _changed(self, **changes: object) -> bool:
        self._ids.update(row.id for row in self._rows() if isinstance(row, Latched))
        self._ids.add(self.wish.latch_id)
        self.change(**changes)
        return True

    def _another_halt(self) -> bool:
        return self._changed(latch_id=f"op-{self.schedule.now // MILLISECOND}", latch_released=False)

    def _acknowledge_another(self) -> bool:
        rows = self._rows()
        latch = self.latch()
        in_force = {self.wish.latch_id, rows[-1].id if rows else "", latch.id if latch is not None else ""}
        others = sorted(self._ids - in_force)
        return bool(others) and self._changed(acknowledged_halt=self._whim.choice(others))

    def _bounded(self, *, looser: bool) -> bool:
        self.limits = LOOSER if looser else LIMITS
        return self._changed()

    def _gone(self, how: Callable[..., None], *words: str) -> bool:
        if self.process is None:
            return False
        how(*words)
        return True


class _Watch(Witness):
    """Besides everything else: under the latch no order leaves that was decided under it."""

    def __init__(self, life: LatchedLife) -> None:
        super().__init__(life)
        self._latched_life = life
        self._before: set[str] | None = None

    def sends(self, place: Place) -> None:
        """An order is about to go on the wire."""
        super().sends(place)
        if self._latched_life.held and place.client_id not in (self._before or ()):
            raise Violation("I6", f"{place.client_id} left under a halt that nobody had acknowledged")

    def _recorded(self, record: Record) -> None:
        super()._recorded(record)
        if isinstance(record, Latched) and self._before is None:
            self._before = set(self.intents)
