"""Mistakes about halts and stops."""

from typing import Any

from deskbot.core import halt
from deskbot.core.sweep import Sweep
from tests.simulation.broken.breakage import Breakage, Patch


def _believes_acknowledgements(patch: Patch) -> None:
    def on_cancel_all(self: Any, _answer: Any) -> None:
        self.confirmed_at = self._state.at

    patch.setattr(Sweep, "on_cancel_all", on_cancel_all)


def _releases_by_itself(patch: Patch) -> None:
    patch.setattr(halt, "_acknowledged", lambda _control, _latch_id: True)


BROKEN = (
    Breakage("acknowledged-is-empty", "a halt is confirmed by the answer to a cancel-all", _believes_acknowledgements),
    Breakage("halt-released-by-nobody", "a halt ends when it is confirmed", _releases_by_itself),
)
