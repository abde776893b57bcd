"""What the shell says of the venue itself: open, lost, how it lists its markets, whether its streams are whole.

VenueReady, Relisted, VenueAskable, VenueLost, Problem, StreamChange, VenueClock ──▶ Connection ──▶ State, Stands
                                                                              └▶ begins comparisons anew
"""

from deskbot.core import closed, quoting
from deskbot.core.dead_man import DeadMan
from deskbot.core.events import Problem, Relisted, StreamChange, VenueAskable, VenueClock, VenueLost, VenueReady
from deskbot.core.instrument import Instrument
from deskbot.core.reconciliation import Reconciliation
from deskbot.core.records import Session
from deskbot.core.stand import Stands
from deskbot.core.standstill import Standstill
from deskbot.core.state import State


class Connection:
    """One engine's venue."""

    __slots__ = ("_dead_man", "_reconciliation", "_stands", "_standstill", "_state")

    def __init__(
        self,
        state: State,
        stands: Stands,
        reconciliation: Reconciliation,
        standstill: Standstill,
        dead_man: DeadMan,
    ) -> None:
        self._state = state
        self._stands = stands
        self._reconciliation = reconciliation
        self._standstill = standstill
        self._dead_man = dead_man

    def on_venue_ready(self, event: VenueReady) -> None:
        """The venue was opened: it lists its markets, and everything is compared with it anew."""
        state = self._state
        state.venue_open = True
        state.askable = True
        state.private_stream_healthy = False  # until its first message
        state.problems.pop("venue", None)
        state.account_id = event.account_id
        state.venue_offset = event.clock_offset
        state.fill_history_ms = event.fill_history_ms
        state.orders_by_market = event.orders_by_market
        state.closed = {
            name: Problem(event.at, name, closed.MARKET_CLOSED, words) for name, words in event.closed.items()
        }
        for name, instrument in event.instruments.items():
            self._list(name, instrument)
            state.problems.pop(name, None)
        closed.tell_markets(state)
        state.record(Session(state.at, state.version, event.account_id, state.venue_ms(state.at)))
        self._standstill.begin_anew()
        self._dead_man.begin()
        self._reconciliation.begin()

    def _list(self, name: str, instrument: Instrument) -> None:
        if self._stands.list(name, instrument):
            quoting.pull(self._state, name)

    def on_relisted(self, event: Relisted) -> None:
        """The venue lists markets otherwise than before."""
        for name, instrument in event.instruments.items():
            self._list(name, instrument)

    def on_venue_askable(self, _event: VenueAskable) -> None:
        """Orders can be listed and cancelled, though it is not open yet."""
        self._state.askable = True

    def on_venue_lost(self, event: VenueLost) -> None:
        """Nothing reaches it any more."""
        self._state.venue_open = False
        self._state.problems["venue"] = Problem(event.at, "venue", "VenueUnreachable", event.reason)

    def on_problem(self, event: Problem) -> None:
        """What forbids trading, or does no longer: everywhere, but for a market that is closed."""
        state = self._state
        if event.reason == closed.MARKET_CLOSED:
            closed.close(state, event)
        elif event.reason:
            state.problems[event.key] = event
        else:
            state.problems.pop(event.key, None)
            if closed.reopen(state, event.key) and state.venue_open:
                self._reconciliation.begin()

    def on_stream_change(self, event: StreamChange) -> None:
        """After a silence of the private stream everything is compared anew; a market's own judges its book."""
        state = self._state
        if event.stream == "private":
            if event.healthy and not state.private_stream_healthy:
                self._reconciliation.begin()
            state.private_stream_healthy = event.healthy
        elif event.market in state.markets:
            state.markets[event.market].on_stream(event.healthy, event.reason)

    def on_venue_clock(self, event: VenueClock) -> None:
        """Its clock beside ours, as every market's books are dated by."""
        self._state.venue_offset = event.offset
        for market in self._state.markets.values():
            market.on_venue_clock(event.offset)
