"""One mistake: its name, what is wrong in words, and the hand that puts it into the core."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

Patch = pytest.MonkeyPatch


@dataclass(frozen=True)
class Breakage:
    """`breaks` puts the mistake in; the patch takes it out again."""

    name: str
    what: str
    breaks: Callable[[Patch], None]
