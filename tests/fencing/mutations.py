"""The rules of who may trade, each removed: a Holder that lacks it, or a desk around the Holder that does."""

from dataclasses import dataclass, replace

from deskbot.fencing.holder import Holder, Lease, Write
from tests.fencing.model import WHOLE, Bounds, Process, Rules, World

SMALL = Bounds(restarts=0, late_writes=0, by_hand=False)
BY_HAND = replace(SMALL, by_hand=True)


@dataclass(frozen=True)
class Mutation:
    """`rule` says what is no longer so; `bounds` are those of the smallest world that shows it."""

    rule: str
    holder: type[Holder] = Holder
    rules: Rules = WHOLE
    world: type[World] = World
    bounds: Bounds = SMALL


class AgeFromTheAnswer(Holder):
    """The age of a renewal counts from its answer."""

    __slots__ = ()

    def written(self, write: Write, version: str, at: int) -> None:
        super().written(Write(write.lease, at), version, at)


class AnythingCountsAsRenewed(Holder):
    """A renewal without an answer counts as one that succeeded."""

    __slots__ = ()

    def begin(self, at: int) -> Write:
        self._renewed = at
        return super().begin(at)


class NeverOld(Holder):
    """Once the Lease is held it is held until somebody else is seen to hold it."""

    __slots__ = ()

    def _is_young(self, moment: int, now: int) -> bool:  # noqa: ARG002
        return True


class Impatient(Holder):
    """The taker waits one tick less."""

    __slots__ = ()

    def __init__(self, identity: str, ordinal: int, duration: int, max_age: int) -> None:
        super().__init__(identity, ordinal, duration - 1, max_age)


class WaitsFromItsFirstLook(Holder):
    """A change that it sees does not make it wait anew."""

    __slots__ = ()

    def read(self, lease: Lease | None, at: int) -> None:
        first = self._seen is None
        since = self._changed
        super().read(lease, at)
        if not first:
            self._changed = since


class TakesWhatNobodyHolds(Holder):
    """An empty Lease is free."""

    __slots__ = ()

    def _is_free(self, lease: Lease) -> bool:
        return not lease.holder


class MarkIsEnough(Holder):
    """A Lease that says it was released is free, whoever holds it."""

    __slots__ = ()

    def _is_free(self, lease: Lease) -> bool:
        return lease.released


class ReleasesAndGoesOn(Holder):
    """What has released its Lease adds risk while the renewal is young."""

    __slots__ = ()

    def release(self, at: int) -> Write | None:
        write = super().release(at)
        self._ended = False
        return write


class Undecided(Holder):
    """The order leaves whatever the Lease says."""

    __slots__ = ()

    def why_not(self, now: int) -> str:  # noqa: ARG002
        return ""


class TimedLease(Lease):
    """A Lease with the time that its holder's wall clock showed."""

    __slots__ = ("wall",)

    def __init__(self, version: str, holder: str, released: bool, wall: int) -> None:
        super().__init__(version, holder, released)
        self.wall = wall


class ReadsTheClock(Holder):
    """The taker compares the time in the Lease with its own wall clock."""

    __slots__ = ()

    def may_write(self, now: int) -> bool:
        seen = self._seen
        expired = isinstance(seen, TimedLease) and now - seen.wall >= self.duration
        return expired or super().may_write(now)


class ClockedWorld(World):
    """Every write carries the writer's wall clock; the second pod's is ahead, by as much as a step may do."""

    def _process(self, holder: Holder, number: int) -> Process:
        process = super()._process(holder, number)
        process.offset = number * self.bounds.duration
        return process

    def _commit(self, write: Write) -> str:
        version = super()._commit(write)
        if version and self.lease is not None:
            self.lease = TimedLease(version, self.lease.holder, self.lease.released, write.sent)
        return version


MUTATIONS = (
    Mutation("renewals carry the resourceVersion", rules=replace(WHOLE, versions_are_carried=False)),
    Mutation("the age of a renewal counts from when it was sent", AgeFromTheAnswer),
    Mutation("only a renewal that succeeded counts", AnythingCountsAsRenewed),
    Mutation("a renewal grows old", NeverOld),
    Mutation("an order leaves only while the Lease is held", Undecided),
    Mutation("a taker waits one full duration", Impatient),
    Mutation("since the last change that it saw", WaitsFromItsFirstLook),
    Mutation("an empty Lease counts as held", TakesWhatNobodyHolds, bounds=BY_HAND),
    Mutation("a new Lease is not marked as released", rules=replace(WHOLE, made_unmarked=False), bounds=BY_HAND),
    Mutation("taking the Lease removes the mark", MarkIsEnough, replace(WHOLE, taking_removes_the_mark=False)),
    Mutation("times in the Lease are compared with no clock", ReadsTheClock, world=ClockedWorld),
    Mutation("an order's timestamp is taken before the check", rules=replace(WHOLE, stamp_comes_first=False)),
    Mutation("the holder is the pod's UID, not its name", rules=replace(WHOLE, uid_is_the_identity=False)),
    Mutation(
        "the journal is locked before the Lease",
        rules=replace(WHOLE, journal_is_locked=False),
        bounds=replace(SMALL, pods=1, restarts=1),
    ),
    Mutation("a stop releases when the receive window is over", rules=replace(WHOLE, stop_waits_for_the_window=False)),
    Mutation("what has released its Lease adds no risk", ReleasesAndGoesOn),
)
