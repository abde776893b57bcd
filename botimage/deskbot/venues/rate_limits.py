"""How much a venue lets us ask, counted before it counts: token buckets, back-off and bans. Pure: time comes in.

    request ──▶ wait(): 0, or how long ──▶ take() ──▶ the venue ──▶ told(): its own count · refused(): 429 · banned()

A token comes back a whole window after it was taken. That never passes a venue's limit, whether it counts in fixed
windows or sliding ones, which a bucket that refills evenly would at its first burst.

Who may take what:

* Up to 80 % of a bucket nothing is said; from there on it is `tight`.
* The last tenth is reserved: creates and questions stop at 90 %, cancels and everything of a halt go on to the end.
* After a "too many" (429) nothing leaves for as long as the venue says, or a full-jittered back-off, but cancels: they
  leave at once, and when they are refused too, after a much shorter back-off of their own.
* During a ban nothing leaves at all, cancels neither: a ban answers no request and is prolonged by each. What rests on
  the venue is then held by its dead man's switch, where it has one.

Full jitter is the scheme of that name in the AWS Architecture Blog, "Exponential Backoff And Jitter": a draw between
nothing and the back-off. Times are nanoseconds of the engine's clock, which no step of the wall clock bends.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

SECOND: Final = 1_000_000_000
SLOTS: Final = 20  # what was taken in one twentieth of a window comes back together
TIGHT: Final = (8, 10)
OPEN_TO_ALL: Final = (9, 10)
BACK_OFF: Final = (SECOND, 60 * SECOND)  # first, longest
URGENT_BACK_OFF: Final = (SECOND // 5, 2 * SECOND)
NEVER: Final = -1


@dataclass(frozen=True)
class Limit:
    """One limit of a venue's documentation: so many tokens per window of seconds, for the paths of a shell pattern.

    `per_path` gives each path a bucket of its own. `weighted`: a request takes its documented weight, else one token.
    `capacity_header` and `used_header` (or `left_header`) name the answer's headers, in lower case, in which the venue
    states the bucket's size and its own count.
    """

    name: str
    tokens: int
    seconds: int
    paths: tuple[str, ...]
    per_path: bool = False
    weighted: bool = False
    capacity_header: str = ""
    used_header: str = ""
    left_header: str = ""

    def covers(self, path: str) -> bool:
        """Whether requests of a path count against this limit."""
        return any(fnmatchcase(path, pattern) for pattern in self.paths)


@dataclass(frozen=True)
class Ask:
    """A request about to be made. `urgent`: a cancel, or anything of a halt."""

    path: str
    weight: int = 1
    urgent: bool = False


class Bucket:
    """Tokens of one limit, and when those that were taken come back."""

    __slots__ = ("_taken", "capacity", "used", "window")

    def __init__(self, capacity: int, window: int) -> None:
        self.capacity = capacity
        self.window = window
        self.used = 0
        self._taken: deque[list[int]] = deque()  # [slot, when the last of it comes back, tokens], oldest first

    def take(self, tokens: int, at: int) -> None:
        """Note tokens as taken now."""
        self.refill(at)
        self.used += tokens
        slot = at * SLOTS // self.window
        if self._taken and self._taken[-1][0] == slot:
            self._taken[-1][1] = at + self.window
            self._taken[-1][2] += tokens
        else:
            self._taken.append([slot, at + self.window, tokens])

    def refill(self, at: int) -> None:
        """Let come back what is due."""
        while self._taken and self._taken[0][1] <= at:
            self.used -= self._taken.popleft()[2]

    def wait(self, tokens: int, at: int, most: int) -> int:
        """Nanoseconds until `tokens` can be taken without more than `most` being out."""
        self.refill(at)
        excess = self.used + min(tokens, most) - most
        for _, back, due in self._taken:
            if excess <= 0:
                break
            excess -= due
            if excess <= 0:
                return back - at
        return 0

    def told(self, used: int, at: int) -> None:
        """The venue counts more than we did: somebody else asks it too."""
        self.refill(at)
        if used > self.used:
            self.take(used - self.used, at)


class _Hold:
    """A back-off that doubles with each refusal in a row and ends with the first answer after it.

    What was asked before the last refusal and is refused as well is the same event, not one more in the row.
    """

    __slots__ = ("_bounds", "_since", "refusals", "until")

    def __init__(self, bounds: tuple[int, int]) -> None:
        self._bounds = bounds
        self._since = 0
        self.refusals = 0
        self.until = 0

    def refused(self, asked_at: int, at: int, at_least: int, draw: float) -> None:
        self.until = max(self.until, at + at_least)
        if asked_at <= self._since:
            return
        self._since = at
        first, longest = self._bounds
        back_off = min(longest, first << min(self.refusals, 16))
        self.refusals += 1
        self.until = max(self.until, at + at_least + int(back_off * draw))

    def answered(self, at: int) -> None:
        if at >= self.until:
            self.refusals = 0


class RateLimits:
    """The limits of one account at one venue; `shared_by` so many bots that each keeps to its part of them."""

    def __init__(self, limits: Sequence[Limit], shared_by: int = 1) -> None:
        self._limits = tuple(limits)
        self._shared_by = shared_by
        self._buckets: dict[str, Bucket] = {}
        self._charged_by: dict[str, list[tuple[Limit, Bucket]]] = {}  # by path; patterns are slow
        self._hold = _Hold(BACK_OFF)
        self._urgent_hold = _Hold(URGENT_BACK_OFF)
        self.banned_until = 0
        self.refusals = 0
        self.bans = 0

    def wait(self, ask: Ask, at: int) -> int:
        """Nanoseconds until this may be asked: 0 for now, NEVER during a ban."""
        if at < self.banned_until:
            return NEVER
        part, whole = (1, 1) if ask.urgent else OPEN_TO_ALL
        hold = self._urgent_hold if ask.urgent else self._hold
        longest = max(0, hold.until - at)
        for limit, bucket in self._charged(ask.path):
            tokens = ask.weight if limit.weighted else 1
            longest = max(longest, bucket.wait(tokens, at, max(1, bucket.capacity * part // whole)))
        return longest

    def take(self, ask: Ask, at: int) -> None:
        """The request leaves now."""
        for limit, bucket in self._charged(ask.path):
            bucket.take(ask.weight if limit.weighted else 1, at)

    def answered(self, ask: Ask, headers: Mapping[str, str], at: int) -> None:
        """The venue answered, and perhaps says how much it has counted (`headers` by lower-case name)."""
        (self._urgent_hold if ask.urgent else self._hold).answered(at)
        for limit, bucket in self._charged(ask.path):
            capacity = _figure(headers, limit.capacity_header)
            if capacity:
                bucket.capacity = max(1, capacity // self._shared_by)
            used, left = _figure(headers, limit.used_header), _figure(headers, limit.left_header)
            if left is not None:
                used = (capacity or limit.tokens) - left
            if used is not None and self._shared_by == 1:  # with others the venue's count is all of ours together
                bucket.told(used, at)

    def refused(self, ask: Ask, asked_at: int, at: int, retry_after: int, draw: float) -> None:
        """The venue says "too many" to what was asked then. `retry_after` nanoseconds, 0 if it does not say; `draw` is
        in [0, 1).
        """
        self.refusals += 1
        self._hold.refused(asked_at, at, retry_after, draw)
        if ask.urgent:
            self._urgent_hold.refused(asked_at, at, 0, draw)

    def banned(self, at: int, retry_after: int) -> None:
        """The venue has banned this address, for so many nanoseconds."""
        self.bans += 1
        self.banned_until = max(self.banned_until, at + retry_after)

    def held_until(self, at: int) -> int:
        """Until when creates and questions wait after a refusal or a ban; 0 when they do not."""
        until = max(self._hold.until, self.banned_until)
        return until if at < until else 0

    def shares(self, at: int) -> dict[str, float]:
        """How much of each limit is used, 0 to 1; of a limit per path the fullest one."""
        shares: dict[str, float] = {limit.name: 0.0 for limit in self._limits}
        for key, bucket in self._buckets.items():
            bucket.refill(at)
            name = key.split(" ", 1)[0]
            shares[name] = max(shares[name], min(1.0, bucket.used / bucket.capacity))
        return shares

    def tight(self, at: int) -> list[str]:
        """Names of the limits of which more than four fifths are used."""
        part, whole = TIGHT
        return sorted(name for name, share in self.shares(at).items() if share * whole >= part)

    def _charged(self, path: str) -> list[tuple[Limit, Bucket]]:
        found = self._charged_by.get(path)
        if found is None:
            found = [(limit, self._bucket(limit, path)) for limit in self._limits if limit.covers(path)]
            self._charged_by[path] = found
        return found

    def _bucket(self, limit: Limit, path: str) -> Bucket:
        key = f"{limit.name} {path}" if limit.per_path else limit.name
        found = self._buckets.get(key)
        if found is None:
            capacity = max(1, limit.tokens // self._shared_by)
            found = self._buckets[key] = Bucket(capacity, limit.seconds * SECOND)
        return found


def _figure(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name, "") if name else ""
    return int(text) if text.isascii() and text.isdigit() else None


def retry_after_of(headers: Mapping[str, str]) -> int:
    """Nanoseconds of a `Retry-After` in seconds, 0 where there is none (RFC 9110 10.2.3; a date is not understood)."""
    return (_figure(headers, "retry-after") or 0) * SECOND
