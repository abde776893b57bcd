"""One pod's side of the Lease: what it knows, what to do next, and whether risk may be added at this moment.

    Lease as read, answers to writes ──▶ Holder ──▶ READ | WRITE | WAIT
    own object read ────────────────────▶   └─────▶ may_add_risk(now)

The Lease has three things that count: its resourceVersion, who holds it, and a mark that it was released. Times that
others wrote into it are never looked at. Every write names the version that was read, so the API server refuses one
that comes late. `now` and `at` are this process's monotonic clock; no other clock is compared with it.

Whoever uses this (`runtime/lease_keeper.py`) has one request on its way at a time and hands in no answer to one that it
gave up. An order takes its timestamp first and asks `may_add_risk` afterwards: whatever holds it up between the two
makes the timestamp old, and the venue refuses it.
"""

from typing import Final

READ: Final = "read"
WRITE: Final = "write"
WAIT: Final = "wait"

NOT_THE_FIRST: Final = "only the pod with ordinal 0 trades"
RELEASED: Final = "this pod has released its Lease"
WAITING: Final = "another pod holds the Lease, or may still hold it"
LEASE_OLD: Final = "the Lease was not renewed"
OBJECT_OLD: Final = "the bot's own object was not read"

LOOK_EVERY: Final = 2_000_000_000  # how often a pod that waits reads the Lease, in nanoseconds
RENEWALS_PER_AGE: Final = 3


class Lease:
    """The Lease as it was read. `version` is its resourceVersion, "" where there is none; `holder` "" for nobody."""

    __slots__ = ("holder", "released", "version")

    def __init__(self, version: str = "", holder: str = "", released: bool = False) -> None:
        self.version = version
        self.holder = holder
        self.released = released


class Write:
    """A renewal, a take-over or a release: `lease` is what to write over the version it names."""

    __slots__ = ("lease", "sent")

    def __init__(self, lease: Lease, sent: int) -> None:
        self.lease = lease
        self.sent = sent


class Holder:
    """`identity` is the pod's UID, `duration` how long a taker waits, `max_age` the spec's `maxControlAge` now."""

    __slots__ = (
        "_changed",
        "_ended",
        "_looked",
        "_object",
        "_renewed",
        "_seen",
        "duration",
        "identity",
        "max_age",
        "ordinal",
    )

    def __init__(self, identity: str, ordinal: int, duration: int, max_age: int) -> None:
        self.identity = identity
        self.ordinal = ordinal
        self.duration = duration
        self.max_age = max_age
        self._seen: Lease | None = None
        self._changed = 0  # when the version that is known was first seen
        self._looked: int | None = None  # the last look; None when what is known may be out of date
        self._renewed: int | None = None  # when the last renewal that succeeded was sent
        self._object: int | None = None  # when the last answered question for the own object was asked
        self._ended = False

    # what is learned

    def read(self, lease: Lease | None, at: int) -> None:
        """A consistent read was answered at `at`; None: there is no Lease."""
        found = lease if lease is not None else Lease()
        if self._seen is None or found.version != self._seen.version:
            self._changed = at
        self._seen = found
        self._looked = at
        if not self._is_mine(found):
            self._renewed = None

    def begin(self, at: int) -> Write:
        """What to write now, over what was read; only when `next` says so."""
        return self._write(at, released=False)

    def written(self, write: Write, version: str, at: int) -> None:
        """The API server took the write, and answered with its new version."""
        self._seen = Lease(version, write.lease.holder, write.lease.released)
        self._changed = self._looked = at
        self._renewed = write.sent

    def lost(self) -> None:
        """A request was refused, or is without an answer: what is known may be out of date."""
        self._looked = None

    def object_read(self, asked: int) -> None:
        """A consistent read of the bot's own object was answered; it had been asked for at `asked`."""
        self._object = asked

    def release(self, at: int) -> Write | None:
        """Never add risk again, and say so to whoever comes; None where there is nothing to release."""
        self._ended = True
        if self._seen is None or not self._is_mine(self._seen):
            return None
        return self._write(at, released=True)

    # what follows

    def next(self, now: int) -> str:
        """READ, WRITE or WAIT."""
        if self._ended or self.ordinal:
            return WAIT
        if self._looked is None or self._seen is None:
            return READ
        if self._is_mine(self._seen):
            due = self._renewed is None or now - self._renewed >= self.max_age // RENEWALS_PER_AGE
            return WRITE if due else WAIT
        if self.may_write(now):
            return WRITE
        return READ if now - self._looked >= LOOK_EVERY else WAIT

    def may_write(self, now: int) -> bool:
        """Whether the Lease as it was read is this pod's, or free to be taken."""
        seen = self._seen
        if seen is None or not seen.version or self._ended or self.ordinal:
            return False
        return self._is_mine(seen) or self._is_free(seen) or now - self._changed >= self.duration

    def may_add_risk(self, now: int) -> bool:
        """Whether an order that adds risk may leave now; its timestamp was taken before."""
        return not self.why_not(now)

    def why_not(self, now: int) -> str:
        """Why no risk may be added now, one of the words above; "" when it may."""
        if self.ordinal:
            return NOT_THE_FIRST
        if self._ended:
            return RELEASED
        if self._renewed is None:
            return LEASE_OLD if self._seen is not None and self._is_mine(self._seen) else WAITING
        if not self._is_young(self._renewed, now):
            return LEASE_OLD
        return "" if self._object is not None and self._is_young(self._object, now) else OBJECT_OLD

    def lapses_at(self) -> int:
        """When the permission of this moment ends unless it is renewed; 0 where there is none."""
        if self._renewed is None or self._object is None:
            return 0
        return min(self._renewed, self._object) + self.max_age

    def waits_until(self) -> int:
        """When a pod that waits may take the Lease, if nobody else touches it; 0 where none is known of."""
        return self._changed + self.duration if self._seen is not None and self._seen.version else 0

    def ages(self, now: int) -> tuple[int | None, int | None]:
        """Of the last renewal and of the own object; None for never."""
        lease = None if self._renewed is None else now - self._renewed
        return lease, None if self._object is None else now - self._object

    @property
    def seen(self) -> Lease | None:
        """The Lease as it was last read or written."""
        return self._seen

    def _is_mine(self, lease: Lease) -> bool:
        return lease.holder == self.identity

    def _is_free(self, lease: Lease) -> bool:
        """A Lease that nobody has is held, for all that is known, unless it says that it was released."""
        return lease.released and not lease.holder

    def _is_young(self, moment: int, now: int) -> bool:
        return now - moment < self.max_age

    def _write(self, at: int, *, released: bool) -> Write:
        version = self._seen.version if self._seen is not None else ""
        return Write(Lease(version, "" if released else self.identity, released), at)
