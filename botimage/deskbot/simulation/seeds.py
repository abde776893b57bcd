"""Many lives: each seed on each venue, on as many processor cores as there are, added up in the order of the seeds."""

from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from deskbot.simulation.faults import FAULTS, draw, faults_of
from deskbot.simulation.life import Life, MakeEngine
from deskbot.simulation.schedule import SECOND
from deskbot.simulation.script import Script
from deskbot.simulation.witness import Violation

# An engine that never trades breaks nothing: below these a run has failed.
LEAST_OPEN_SHARE: Final = 0.1
LEAST_FILLS: Final = 5

_CHUNK: Final = 4


@dataclass
class Outcome:
    """What one life came to; plain values, so that it can come from another process."""

    venue: str
    seed: int
    steps: int
    open_steps: int
    simulated_ns: int
    ambiguous: int
    orders: int
    fills: int
    duplicated: int
    lost: int
    tally: dict[str, Counter[str]]
    violation: tuple[str, str] | None = None


class Task(NamedTuple):
    """One seed on one venue, with the faults of these names (none named: all).

    A frozen dataclass that is compiled cannot be sent to another process.
    """

    venue: str
    seed: int
    faults: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """The command line that lives this life again."""
        return (
            f"desk simulate --first {self.seed} --seeds 1 --dialect {self.venue} "
            f"--faults {','.join(self.faults) or 'all'}"
        )


def live(script: Script, make_engine: MakeEngine | None = None) -> Outcome:
    """Live one life to its end or to the first invariant that does not hold."""
    life = Life(script) if make_engine is None else Life(script, make_engine)
    born = life.schedule.now
    violation = None
    try:
        life.run()
    except Violation as found:
        violation = (found.invariant, found.reason)
    except Exception as error:  # an engine that raises has failed, whatever it raised
        violation = ("I7", f"{type(error).__name__}: {error}")
    life.trouble.close("violated" if violation else "still held")
    return Outcome(
        venue=script.venue,
        seed=script.seed,
        steps=life.witness.steps,
        open_steps=life.witness.open_steps,
        simulated_ns=life.schedule.now - born,
        ambiguous=life.network.ambiguous,
        orders=len(life.witness.placed),
        fills=sum(bool(fill.client_id or fill.kind) for _, fill in life.account.fills),
        duplicated=life.account.duplicated(),
        lost=life.lost() if violation else 0,
        tally=life.trouble.tally,
        violation=violation,
    )


def _live(task: Task) -> Outcome:
    return live(draw(task.seed, task.venue, task.faults))


def lives(tasks: Iterable[Task], processes: int) -> Iterator[Outcome]:
    """Every life's outcome, in the order of the tasks."""
    if processes == 1:
        yield from map(_live, tasks)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(_live, tasks, chunksize=_CHUNK)


@dataclass
class Total:
    """Lives added up."""

    faults: tuple[str, ...] = ()
    lives: int = 0
    steps: int = 0
    open_steps: int = 0
    simulated_ns: int = 0
    ambiguous: int = 0
    orders: int = 0
    fills: int = 0
    duplicated: int = 0
    lost: int = 0
    tally: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    failed: list[Outcome] = field(default_factory=list)

    def add(self, one: Outcome) -> None:
        """Count one life in."""
        self.lives += 1
        self.steps += one.steps
        self.open_steps += one.open_steps
        self.simulated_ns += one.simulated_ns
        self.ambiguous += one.ambiguous
        self.orders += one.orders
        self.fills += one.fills
        self.duplicated += one.duplicated
        self.lost += one.lost
        for fault in faults_of(one.venue, self.faults):
            counts = self.tally.setdefault((one.venue, fault.name), Counter({"injected": 0}))
            counts.update(one.tally.get(fault.name, {}))
        if one.violation is not None:
            self.failed.append(one)

    @property
    def open_share(self) -> float:
        """The share of steps with the gate open."""
        return self.open_steps / self.steps if self.steps else 0.0

    @property
    def idle(self) -> bool:
        """Whether so little was traded that nothing is proven."""
        return self.open_share < LEAST_OPEN_SHARE or self.fills < LEAST_FILLS * self.lives

    def to_dict(self, seconds: float) -> dict[str, Any]:
        """The result as plain values; `seconds` is how long it really took."""
        simulated = self.simulated_ns / SECOND
        return {
            "seeds": self.lives,
            "steps": self.steps,
            "simulatedSeconds": round(simulated, 1),
            "seconds": round(seconds, 2),
            "secondsPerSecond": round(simulated / seconds, 1) if seconds else 0.0,
            "ambiguousCreates": self.ambiguous,
            "orders": self.orders,
            "fills": self.fills,
            "duplicated": self.duplicated,
            "lost": self.lost,
            "gateOpenShare": round(self.open_share, 4),
            "faults": [_fault_row(venue, name, counts) for (venue, name), counts in self.tally.items()],
            "violations": [self._violation(one) for one in self.failed],
        }

    def _violation(self, one: Outcome) -> dict[str, Any]:
        invariant, reason = one.violation or ("", "")
        return {
            "dialect": one.venue,
            "seed": one.seed,
            "invariant": invariant,
            "step": one.steps,
            "reason": reason,
            "replay": Task(one.venue, one.seed, self.faults).command,
        }


def _fault_row(venue: str, name: str, counts: Counter[str]) -> dict[str, Any]:
    outcomes = {outcome: times for outcome, times in sorted(counts.items()) if outcome != "injected"}
    return {
        "dialect": venue,
        "id": FAULTS[name].id,
        "fault": name,
        "injected": counts["injected"],
        "outcomes": outcomes,
    }
