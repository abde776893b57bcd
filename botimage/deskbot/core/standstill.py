"""Standing still: what halts and stops do until the venue is proven empty, and how they end.

A halt lasts until it is released (`halt.py`), a stop until the process may leave. Both run a `Sweep`; one that was made
for another purpose (another halt, other markets) proves nothing for this one and is begun anew.
"""

from deskbot.core import halt
from deskbot.core.commands import Stopped
from deskbot.core.events import CancelAllResult, OpenOrdersAnswer, OrderReport, StopRequested
from deskbot.core.reconciliation import Reconciliation
from deskbot.core.state import State
from deskbot.core.sweep import Sweep

STOP_PATIENCE = 8_000_000_000  # a stop that cannot be proven by then ends unproven: the pod's grace is 10 s


class Standstill:
    """The halt and the stop of one engine.

    `sweeping` says whether a sweep is under way, or done and still in force; `stopping`, that the process is about to
    end. Both are asked for in every pass.
    """

    __slots__ = (
        "_purpose",
        "_reconciliation",
        "_state",
        "_stop",
        "_sweep",
        "stopped",
        "stopping",
        "sweeping",
    )

    def __init__(self, state: State, reconciliation: Reconciliation) -> None:
        self._state = state
        self._reconciliation = reconciliation
        self._sweep: Sweep | None = None
        self._purpose: tuple[bool, tuple[str, ...], str] = (False, (), "")
        self._stop: StopRequested | None = None
        self.stopped = False
        self.stopping = False
        self.sweeping = False

    @property
    def cancelled(self) -> int:
        """Orders that the present sweep knows to be gone."""
        return self._sweep.cancelled if self._sweep is not None else 0

    @property
    def residual(self) -> int:
        """Orders in scope at the sweep's last complete look; -1 before the first."""
        return self._sweep.residual if self._sweep is not None else -1

    def begin_anew(self) -> None:
        """The venue was opened again: what an earlier connection showed proves nothing."""
        self._sweep = None
        self.sweeping = False

    def on_stop(self, event: StopRequested) -> None:
        """The first request counts."""
        if self._stop is None:
            self._stop = event
            self.stopping = True

    def on_cancel_all(self, event: CancelAllResult) -> None:
        """The answer to a sweep's request."""
        if self._sweep is not None:
            self._sweep.on_cancel_all(event)

    def on_order_report(self, event: OrderReport) -> None:
        """What the stream tells of an order while a sweep is under way."""
        if self._sweep is not None:
            self._sweep.on_order_report(event)

    def on_open_orders(self, event: OpenOrdersAnswer) -> bool:
        """Returns whether the answer was to a sweep's own question."""
        return self._sweep is not None and self._sweep.on_open_orders(event)

    def step(self) -> None:
        """Go on with what is asked for: sweep, confirm, release."""
        state = self._state
        if self._stop is None and not halt.held(state):
            self._end_sweep()
        elif state.control is not None and not state.sends_orders and not state.durable.orders:
            halt.confirm(state, 0)
            halt.consider(state)
        elif state.sends_orders and state.askable:
            self._go_on_sweeping()

    def _go_on_sweeping(self) -> None:
        state = self._state
        held = halt.held(state)
        latch = state.durable.latch
        markets = state.control.markets if state.control is not None else ()
        purpose = (held, markets, latch.id if latch is not None else "")
        if self._sweep is None or (held and purpose != self._purpose):
            self._sweep, self._purpose = Sweep(state, markets, everyone=held), purpose
            self.sweeping = True
        self._sweep.step()
        if self._sweep.confirmed_at and latch is not None:
            halt.confirm(state, self._sweep.cancelled)
            halt.consider(state)
            if not halt.held(state) and self._stop is None:
                self._end_sweep()

    def _end_sweep(self) -> None:
        """Released: trade again, but first compare everything with the venue."""
        if self._sweep is not None:
            self._sweep = None
            self.sweeping = False
            self._reconciliation.begin()

    @property
    def may_leave(self) -> bool:
        """Whether a stop is asked for and nothing that could fill is left."""
        return self._stop is not None and self._proven()

    def finish(self, at_rest: bool) -> None:
        """End a stop once it is proven and the dead man's switch is let go (`at_rest`), or when its time is over."""
        if self._stop is None or self.stopped:
            return
        state = self._state
        proven = self._proven()
        done = self._nothing_sent() or (proven and at_rest)
        if done or state.at - self._stop.at >= STOP_PATIENCE:
            self.stopped = True
            words = "no order is left" if proven else "the venue has not confirmed that no order is left"
            state.out.append(Stopped(proven, f"{self._stop.reason}: {words}", self._nothing_sent()))

    def _nobody_to_ask(self) -> bool:
        return not self._state.sends_orders or not self._state.askable

    def _nothing_sent(self) -> bool:
        return self._nobody_to_ask() and not self._state.durable.live_orders()

    def _proven(self) -> bool:
        """A journal that was never compared with the venue knows nothing of an earlier, lost one's orders."""
        if self._sweep is not None and self._sweep.confirmed_at > 0:
            return True
        return self._nothing_sent() and (not self._state.sends_orders or self._state.durable.day > 0)
