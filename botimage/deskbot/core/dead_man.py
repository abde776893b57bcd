"""The venue's own dead man's switch: a timer over there that cancels everything unless it is wound up again.

It belongs to the account, so one engine owns it. It is armed while an order rests that would add risk, wound up again
after a quarter of its time, and let go when none has rested for as long: it would cancel protective orders too, and
leave a position naked. A graceful stop lets it go last, after the venue has shown no order left; whatever else ends
the process leaves it armed, which is what it is for. An earlier process may have left it armed, so the first thing a
session does, when it has no such order, is to let go.

A venue without one answers REJECTED, once; `why_not` then says so, and nothing is asked again before the venue opens
anew. An answer that never came is asked again after a second: armed or not, both are safe to repeat.
"""

from typing import Final

from deskbot.core.commands import ArmDeadMan
from deskbot.core.events import ACCEPTED, REJECTED, DeadManAnswer
from deskbot.core.state import State

SECOND: Final = 1_000_000_000
RETRY: Final = SECOND
ANSWER_PATIENCE: Final = 10 * SECOND


class DeadMan:
    """The switch of one engine. `why_not` says why the account has none, "" while that is not known."""

    __slots__ = ("_asked_at", "_maybe_armed", "_needed_at", "_request", "_state", "_wanted", "_wound_at", "why_not")

    def __init__(self, state: State) -> None:
        self._state = state
        self._request = 0
        self._wanted = 0
        self._asked_at = 0
        self._needed_at = 0
        self._wound_at = 0
        self._maybe_armed = False
        self.why_not = ""

    def begin(self) -> None:
        """The venue was opened (again): nobody knows what an earlier process left behind."""
        self.why_not = ""
        self._request = 0
        self._asked_at = 0
        self._wound_at = 0
        self._needed_at = self._state.at
        self._maybe_armed = True

    def step(self, may_leave: bool) -> None:
        """Arm, wind up or let go, as is due; `may_leave` says that the process is stopping and proven empty."""
        state = self._state
        after = state.control.dead_man_after if state.control is not None else 0
        if not after and not self._asked_at:  # nobody wants one, and this process never armed it
            self._maybe_armed = False
        if not after and not self._maybe_armed:
            return
        if not state.sends_orders or not state.askable or self.why_not or self._waiting():
            return
        if after and self._needed():
            self._needed_at = state.at
            if state.at - self._wound_at >= after // 4:
                self._ask(after)
        elif self._maybe_armed and (may_leave or state.at - self._needed_at >= after // 4):
            self._ask(0)

    def on_answer(self, answer: DeadManAnswer) -> None:
        """The venue's word; its time counts from when it was asked, for the venue cannot have heard us later."""
        if answer.request != self._request:
            return
        self._request = 0
        if answer.outcome == ACCEPTED:
            self._wound_at = self._asked_at if self._wanted else 0
            self._maybe_armed = self._wanted > 0
        elif answer.outcome == REJECTED:
            self.why_not = answer.reason
            self._maybe_armed = False

    @property
    def armed_until(self) -> int:
        """When the venue will act if it hears nothing more of us; 0 when it is not known to be armed."""
        return self._wound_at + self._wanted if self._wound_at else 0

    @property
    def at_rest(self) -> bool:
        """Whether nothing can be armed any more and nothing is being asked."""
        return not self._maybe_armed and not self._request

    def _needed(self) -> bool:
        return any(not order.reduce_only for order in self._state.durable.live_orders())

    def _waiting(self) -> bool:
        since = self._state.at - self._asked_at
        return since < (ANSWER_PATIENCE if self._request else RETRY) and self._asked_at > 0

    def _ask(self, after: int) -> None:
        state = self._state
        self._request = state.next_request()
        self._wanted = after
        self._asked_at = state.at
        self._maybe_armed = True
        if not after:
            self._wound_at = 0  # from here on it may be let go, whether we hear of that or not
        state.out.append(ArmDeadMan(self._request, -(-after // SECOND)))
