"""From a life that fails to the shortest script that still does: delta debugging over its faults, then its length.

A fault taken away changes what happens after it by chance; a shorter script therefore counts when the same invariant
fails with the seed it has or with one of the next few. After so many attempts the shortest so far is good enough.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from deskbot.simulation.script import Injection, Script

MOST_ATTEMPTS: Final = 120
OTHER_SEEDS: Final = 3

Fails = Callable[[Script], bool]


class Shrinker:
    """`fails` says whether a script still shows the failure."""

    def __init__(self, fails: Fails, attempts: int = MOST_ATTEMPTS) -> None:
        self._fails = fails
        self._left = attempts

    def shrink(self, script: Script) -> Script:
        """The shortest script found."""
        script = self._fewer(script)
        script = self._shorter(script)
        return self._milder(script)

    def _tries(self, script: Script) -> Script | None:
        """The script, perhaps with another seed, if it still fails."""
        for seed in range(script.seed, script.seed + OTHER_SEEDS):
            self._left -= 1
            attempt = replace(script, seed=seed)
            if self._left >= 0 and self._fails(attempt):
                return attempt
        return None

    def _fewer(self, script: Script) -> Script:
        """Leave out ever smaller parts of the faults."""
        size = max(1, len(script.injections) // 2)
        while size:
            kept = self._without_parts(script, size)
            if len(kept.injections) == len(script.injections):
                size //= 2
            script = kept
        return script

    def _without_parts(self, script: Script, size: int) -> Script:
        start = 0
        while start < len(script.injections):
            less = (*script.injections[:start], *script.injections[start + size :])
            found = self._tries(replace(script, injections=less))
            script = found or script
            start += 0 if found else size
        return script

    def _shorter(self, script: Script) -> Script:
        """End the trouble soon after the last fault."""
        last = max((one.at_ms + one.for_ms for one in script.injections), default=0)
        for length in (last + 500, last + 2000, last + 8000):
            found = self._tries(replace(script, trouble_ms=length)) if length < script.trouble_ms else None
            if found:
                return found
        return script

    def _milder(self, script: Script) -> Script:
        """Fewer requests hit, less time held."""
        for index in range(len(script.injections)):
            script = self._milder_at(script, index)
        return script

    def _milder_at(self, script: Script, index: int) -> Script:
        while True:
            one = script.injections[index]
            milder = replace(one, count=one.count // 2 or one.count, for_ms=one.for_ms // 2)
            if milder == one or one.for_ms == 1:
                return script
            found = self._tries(_with(script, index, milder))
            if not found:
                return script
            script = found


def _with(script: Script, index: int, one: Injection) -> Script:
    return replace(script, injections=(*script.injections[:index], one, *script.injections[index + 1 :]))
