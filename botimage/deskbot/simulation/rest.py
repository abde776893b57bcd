"""At rest: whether, after all trouble, the bot is where it should be and its books are the venue's."""

from typing import TYPE_CHECKING, Any

from deskbot.core.orders import SENT, UNKNOWN
from deskbot.matching.ledger import MarketLedger
from deskbot.simulation.schedule import SECOND

if TYPE_CHECKING:
    from deskbot.simulation.life import Life


def at_rest(life: "Life") -> tuple[str, str] | None:
    """The invariant that does not hold, and why; None when everything is at rest."""
    process = life.process
    if life.mischief.releasing:
        return "I11", "a halt that is acknowledged is not released"
    if process is None or process.stalled:
        return "I11", "no process runs"
    if life.witness.stopping:
        return "I11", "the process is still asked to stop"
    engine = process.engine
    if not engine._state.askable:  # noqa: SLF001 - the witness looks inside
        return "I11", "the venue is not open to the engine"
    summary = engine.summary()
    return (
        _state(life, summary)
        or _orders(life, engine._state.durable, process.clock())  # noqa: SLF001
        or _books(life, engine._state.durable)  # noqa: SLF001
    )


def _state(life: "Life", summary: Any) -> tuple[str, str] | None:
    words = f"the bot is {summary.state} ({summary.why or 'no reason'}{_problem(summary)})"
    if life.halted():
        return None if summary.state == "Halted" else ("I11", f"{words} and should be Halted")
    if summary.state == "Running":
        return _quoted(summary)
    if life.taken and summary.problem is not None and summary.problem[0] == "PositionMismatch":
        return None
    return "I11", f"{words} and should be Running"


def _quoted(summary: Any) -> tuple[str, str] | None:
    doubts = [f"{position.market} ({position.doubt})" for position in summary.positions if position.doubt]
    return ("I11", f"the bot runs and does not quote on {', '.join(doubts)}") if doubts else None


def _problem(summary: Any) -> str:
    return f", {summary.problem[0]}: {summary.problem[1]}" if summary.problem else ""


def _orders(life: "Life", durable: Any, now: int) -> tuple[str, str] | None:
    ours = {report.client_id for report in life.account.live.values() if report.client_id}
    live = {order.client_id for order in durable.live_orders()}
    if ours - live:
        return "I1", f"{min(ours - live)} rests at the venue and the engine does not hold it for live"
    if life.halted() and ours:
        return "I6", f"{min(ours)} rests in a halt"
    for order in durable.orders.values():
        if order.state == UNKNOWN or (order.state == SENT and now - order.sent_at > SECOND):
            return "I11", f"the outcome of {order.client_id} is still unknown"
    return None


def _books(life: "Life", durable: Any) -> tuple[str, str] | None:
    for market in life.account.instruments:
        found = _book(life, durable.ledger(market), market)
        if found is not None:
            return found
    return None


def _book(life: "Life", ledger: Any, market: str) -> tuple[str, str] | None:
    if market in life.taken:
        return None
    made = len(life.own_fills(market))
    if ledger.fills != made:
        return "I2", f"{market}: {ledger.fills} executions are booked, the venue made {made}"
    if ledger.position != life.position(market):
        return "I3", f"{market}: the engine's books say {ledger.position}, the venue's {life.position(market)}"
    paid = sum(one.amount for _, one in life.account.fundings if one.market == market and one.venue_ms >= life.begun_ms)
    if sum(ledger.funding.values()) != paid:
        return "I2", f"{market}: funding of {ledger.funding} in the engine's books, {paid} in the venue's"
    priced = life.journals == 1 and market not in life.unpriced
    return _money(ledger, life.account.truth[market], market) if priced else None


def _money(ledger: Any, truth: MarketLedger, market: str) -> tuple[str, str] | None:
    """Only of a journal that has seen it all: a lost one takes the cost of what it begins with from the venue."""
    for what, ours, theirs in (
        ("cash", ledger.cash, truth.cash_units),
        ("realised PnL", ledger.realised, truth.realised_units),
        ("fees", {asset: fee for asset, fee in ledger.fees.items() if fee}, {a: f for a, f in truth.fees.items() if f}),
    ):
        if ours != theirs:
            return "I2", f"{market}: {what} {ours} in the engine's books, {theirs} in the venue's"
    return None
