"""A world of pods, one Lease and a venue, small enough to be explored whole.

Everything is allowed to happen at any moment: a request is served late or never, an answer is lost, a process stands
still, is started again in its pod, lives on without its pod, stops; a person deletes or empties the Lease, the operator
makes it anew. A process that is killed is one that does nothing any more, an API server that is down one that serves
nothing: both need no step of their own. Nor does a write that arrives twice: the first changes the version, or was
refused for it, and so the second is. Time is in ticks; every process reads it on a clock that began anywhere.

The accident is one: a trader's order leaves while the venue would still take an order of another. An order has the
timestamp of the moment of its check, the latest that the rules allow: an older one is void earlier. `Rules` holds what
the desk does outside of the Holder; each of its parts can be removed, and so can each rule of the Holder itself.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from deskbot.fencing.holder import Holder, Lease, Write

NEVER = -1_000

Key = tuple[object, ...]


@dataclass(frozen=True)
class Rules:
    """What the desk keeps to around the Holder; False removes the rule."""

    versions_are_carried: bool = True
    stamp_comes_first: bool = True
    journal_is_locked: bool = True
    stop_waits_for_the_window: bool = True
    taking_removes_the_mark: bool = True
    made_unmarked: bool = True
    uid_is_the_identity: bool = True


WHOLE = Rules()


@dataclass(frozen=True)
class Bounds:
    """How much of everything there may be in one world. `age` is `maxControlAge`, `window` the venue's, in ticks."""

    age: int = 2
    window: int = 1
    pods: int = 2
    restarts: int = 1
    late_writes: int = 1
    by_hand: bool = True
    slow_reads: bool = False  # answers to reads may come late as well

    @property
    def duration(self) -> int:
        """Of the Lease: the least that is enough; the desk's has room besides."""
        return self.age + self.window


class Process:
    """One engine. `trader` names whose orders it sends: a restarted container goes on as the same trader."""

    __slots__ = ("heard", "holder", "late", "may", "offset", "pending", "restarts", "trader")

    def __init__(self, holder: Holder, trader: int, offset: int, restarts: int) -> None:
        self.holder = holder
        self.trader = trader
        self.offset = offset
        self.restarts = restarts
        self.pending: Write | str | None = None  # what it asked and has no answer to
        self.heard: Lease | str | None = None  # the answer on its way
        self.late: tuple[Write, ...] = ()  # given up, and still on their way
        self.may = False  # it has checked, and not yet taken the timestamp: the wrong way round

    def clone(self) -> "Process":
        made = object.__new__(Process)
        made.holder = _clone(self.holder)
        made.trader, made.offset, made.restarts = self.trader, self.offset, self.restarts
        made.pending, made.heard = self.pending, self.heard
        made.late, made.may = self.late, self.may
        return made


_SLOTS = [name for kind in reversed(Holder.__mro__) for name in getattr(kind, "__slots__", ())]


def _clone(holder: Holder) -> Holder:
    made = object.__new__(type(holder))
    for name in _SLOTS:
        setattr(made, name, getattr(holder, name))
    return made


class World:
    """One moment of it all. `steps` yields every next moment, each with its name."""

    def __init__(self, rules: Rules, bounds: Bounds, kind: type[Holder] = Holder) -> None:
        self.rules = rules
        self.bounds = bounds
        self.now = 0
        self.version = 1
        self.lease: Lease | None = Lease("1", "", released=True)  # a bot that has never run
        self.last = [NEVER] * bounds.pods  # of each trader: the timestamp of its newest order
        names = [f"uid-{number}" if rules.uid_is_the_identity else "bot-bot1-0" for number in range(bounds.pods)]
        self.processes = [self._process(kind(name, 0, bounds.duration, bounds.age), n) for n, name in enumerate(names)]
        self.accident = ""

    def _process(self, holder: Holder, number: int) -> Process:
        return Process(holder, number, 7_000 * (number + 1), self.bounds.restarts)

    def clone(self) -> "World":
        made = object.__new__(type(self))
        made.rules, made.bounds = self.rules, self.bounds
        made.now, made.version, made.lease = self.now, self.version, self.lease
        made.last = list(self.last)
        made.processes = [process.clone() for process in self.processes]
        made.accident = ""
        return made

    # what may happen

    def steps(self) -> Iterator[tuple[str, "World"]]:
        """Every next moment."""
        yield self._after("a tick passes", lambda world: world._tick())
        for number, process in enumerate(self.processes):
            for name, step in self._steps_of(process):
                yield self._after(f"{name} ({process.holder.identity}, trader {process.trader})", step, number)
        if self.bounds.by_hand and self.lease is not None:
            yield self._after("somebody deletes the Lease", lambda world: world._put(None))
            yield self._after("somebody empties the Lease", lambda world: world._put(Lease()))
        if self.lease is None:
            yield self._after("the operator makes a Lease", lambda world: world._make())

    def _after(self, name: str, step: Callable[..., None], *number: int) -> tuple[str, "World"]:
        world = self.clone()
        step(world, *(world.processes[n] for n in number))
        return f"{self.now}: {name}", world

    def _steps_of(self, process: Process) -> Iterator[tuple[str, Callable[["World", Process], None]]]:
        for number in range(len(process.late)):
            yield "a late write arrives", lambda world, one, n=number: world._arrive(one, n)  # type: ignore[misc]
        if process.restarts:
            yield "its container starts again", World._restart
        if process.pending is None:
            yield from self._requests_of(process)
        elif process.heard is None:
            yield "the API server answers", World._serve
        else:
            yield "it hears the answer", World._hear
        if process.pending is not None:
            yield "it gives up waiting", World._give_up
        yield from self._orders_of(process)

    def _requests_of(self, process: Process) -> Iterator[tuple[str, Callable[["World", Process], None]]]:
        yield "it reads the Lease", World._ask if self.bounds.slow_reads else World._read
        if process.holder.may_write(self.now + process.offset):
            yield "it writes the Lease", World._write
        if not self.rules.stop_waits_for_the_window or self.now > self.last[process.trader] + self.bounds.window:
            yield "it stops", World._stop

    def _orders_of(self, process: Process) -> Iterator[tuple[str, Callable[["World", Process], None]]]:
        if self._may_send(process):
            yield ("it sends an order", World._send) if self.rules.stamp_comes_first else ("it checks", World._check)
        if process.may:
            yield "it stamps and sends an order", World._send

    # time and processes

    def _tick(self) -> None:
        self.now += 1

    def _restart(self, process: Process) -> None:
        """A second process in the pod: after the first one's death, for it waits for the lock of the journal."""
        holder = type(process.holder)(process.holder.identity, 0, process.holder.duration, process.holder.max_age)
        process.restarts -= 1
        new = Process(holder, process.trader, process.offset + 500, process.restarts)
        if self.rules.journal_is_locked:
            self._give_up(process)
            new.late = process.late  # what it left on the way still arrives
            self.processes[self.processes.index(process)] = new
        else:
            self.last.append(NEVER)
            new.trader = len(self.last) - 1
            self.processes.append(new)

    # the Lease

    def _read(self, process: Process) -> None:
        process.pending = "read"
        self._serve(process)
        self._hear(process)

    def _ask(self, process: Process) -> None:
        process.pending = "read"

    def _write(self, process: Process) -> None:
        process.pending = process.holder.begin(self.now + process.offset)

    def _stop(self, process: Process) -> None:
        process.pending = process.holder.release(self.now + process.offset)

    def _serve(self, process: Process) -> None:
        if isinstance(process.pending, Write):
            process.heard = self._commit(process.pending)
        else:
            process.heard = self.lease if self.lease is not None else Lease()

    def _arrive(self, process: Process, number: int) -> None:
        self._commit(process.late[number])
        process.late = process.late[:number] + process.late[number + 1 :]

    def _hear(self, process: Process) -> None:
        asked, answer, at = process.pending, process.heard, self.now + process.offset
        process.pending = process.heard = None
        if isinstance(answer, Lease):
            process.holder.read(answer if answer.version else None, at)
        elif isinstance(asked, Write) and answer:
            process.holder.written(asked, str(answer), at)
        else:
            process.holder.lost()

    def _give_up(self, process: Process) -> None:
        if isinstance(process.pending, Write) and process.heard is None:
            process.late = (*process.late, process.pending)[: self.bounds.late_writes]
        process.pending = process.heard = None
        process.holder.lost()

    def _commit(self, write: Write) -> str:
        """The API server takes a write, or not: the new version, or ""."""
        wanted, present = write.lease, self.lease
        if present is None or (self.rules.versions_are_carried and present.version != wanted.version):
            return ""
        kept = present.released and not self.rules.taking_removes_the_mark
        self._put(Lease("", wanted.holder, wanted.released or kept))
        return str(self.version)

    def _put(self, lease: Lease | None) -> None:
        self.version += 1
        self.lease = None if lease is None else Lease(str(self.version), lease.holder, lease.released)

    def _make(self) -> None:
        self._put(Lease("", "", released=not self.rules.made_unmarked))

    # orders

    def _may_send(self, process: Process) -> bool:
        now = self.now + process.offset
        process.holder.object_read(now)  # the second permission is always there: the Lease alone keeps traders apart
        return process.holder.may_add_risk(now)

    def _check(self, process: Process) -> None:
        process.may = True

    def _send(self, process: Process) -> None:
        for trader, theirs in enumerate(self.last):
            if trader != process.trader and theirs + self.bounds.window >= self.now:
                self.accident = f"orders of traders {trader} and {process.trader} may both be taken"
        self.last[process.trader] = self.now
        process.may = False

    # sameness

    def key(self) -> Key:
        """Two moments with one key have the same futures.

        Ages beyond what is asked for are one, pods have no names, and a version that is not the present one never comes
        back: what rests on it can only fail, as if it were not there, unless writes carry no version.
        """
        unversioned = not self.rules.versions_are_carried
        keys = [self._key_of(process, unversioned) for process in self.processes]
        keys.sort(key=hash)
        return (self.lease is None, *keys)

    def _key_of(self, process: Process, unversioned: bool) -> Key:
        holder, at, now_free = process.holder, self.now + process.offset, self.lease is not None and self.lease.released
        seen, renewed, heard = holder._seen, holder._renewed, process.heard
        mine = self.lease is not None and self.lease.holder == holder.identity
        age = min(self.now - self.last[process.trader], self.bounds.window + 1)
        writes = [write for write in process.late if unversioned or self._current(write.lease.version)]
        late = tuple(self._key_of_write(write, at) for write in writes)
        if holder._ended and not unversioned:
            return (mine, now_free, age, process.restarts, late, self._key_of_pending(process, at, unversioned))
        known = seen is not None and (unversioned or self._current(seen.version))
        return (
            mine,
            now_free,
            age,
            process.restarts,
            process.may,
            holder._ended,
            self._key_of_lease(seen, holder) if seen is not None and known else None,
            min(at - holder._changed, holder.duration) if known else None,
            None if renewed is None else min(at - renewed, self.bounds.age),
            self._key_of_pending(process, at, unversioned),
            self._key_of_lease(heard, holder) if isinstance(heard, Lease) else None,
            late,
        )

    def _key_of_pending(self, process: Process, at: int, unversioned: bool) -> object:
        pending, heard = process.pending, process.heard
        if not isinstance(pending, Write):
            return pending
        if not unversioned and (heard == "" or (heard is None and not self._current(pending.lease.version))):
            return None
        return (self._key_of_write(pending, at), heard if heard is None else self._current(str(heard)))

    def _key_of_write(self, write: Write, at: int) -> Key:
        return (self._current(write.lease.version), write.lease.released, min(at - write.sent, self.bounds.age))

    def _key_of_lease(self, lease: Lease, holder: Holder) -> Key:
        whose = lease.holder and ("mine" if lease.holder == holder.identity else "another's")
        return (self._current(lease.version), whose, lease.released)

    def _current(self, version: str) -> bool:
        return self.lease is not None and version == self.lease.version
