"""The venue's dead man's switch: armed while quotes rest, wound up in time, let go last."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskbot.core.commands import ArmDeadMan, CancelAll, QueryOpenOrders, Stopped
from deskbot.core.events import (
    ACCEPTED,
    REJECTED,
    UNKNOWN,
    CancelAllResult,
    DeadManAnswer,
    OpenOrdersAnswer,
    PlaceResult,
    StopRequested,
)
from deskbot.core.orders import CANCELLED
from tests.core.desk import SECOND, Desk, Wants, target

AFTER = 20 * SECOND


class Switch:
    """The venue's side: it answers, keeps its timer, and says whether it has gone off."""

    def __init__(self, desk: Desk, outcome: str = ACCEPTED) -> None:
        self.desk = desk
        self.outcome = outcome
        self.armings: list[tuple[int, int]] = []
        self.fires_at = 0

    def answer(self) -> None:
        for asked in self.desk.questions(ArmDeadMan):
            self.armings.append((self.desk.at, asked.seconds))
            if self.outcome == ACCEPTED:
                self.fires_at = self.desk.at + asked.seconds * SECOND if asked.seconds else 0
            self.desk.say(DeadManAnswer, request=asked.request, outcome=self.outcome, reason="no such switch")

    def pass_time(self, seconds: float) -> bool:
        """Let time pass, answering; whether the timer went off meanwhile."""
        fired = False
        for _ in range(int(seconds * 10)):
            self.desk.wait(0.1)
            self.desk.book()
            self.desk.show(*(self.desk.report(order) for order in self.desk.live))
            self.desk.reconcile([self.desk.report(order) for order in self.desk.live])
            self.answer()
            fired = fired or bool(self.fires_at and self.desk.at >= self.fires_at)
        return fired


def quoting(*targets: Any, after: int = AFTER) -> tuple[Desk, Switch]:
    desk = Desk(strategy=Wants(*(targets or [target()])))
    desk.settings["dead_man_after"] = after
    switch = Switch(desk)
    desk.trading()
    for place in desk.placed():
        desk.accept(place)
    switch.answer()
    return desk, switch


@pytest.mark.control("S5.9")
def test_it_is_armed_with_the_first_quote_for_as_long_as_asked() -> None:
    _, switch = quoting()
    assert switch.armings == [(switch.desk.at, 20)]


@pytest.mark.control("S5.9")
def test_it_is_wound_up_at_a_quarter_of_its_time_and_never_goes_off_while_we_live() -> None:
    desk, switch = quoting()
    fired = switch.pass_time(60)
    gaps = [later[0] - earlier[0] for earlier, later in zip(switch.armings, switch.armings[1:], strict=False)]
    assert not fired
    assert max(gaps) <= AFTER // 4 + SECOND // 2
    assert min(gaps) >= AFTER // 4
    assert desk.engine.summary().dead_man_until == switch.fires_at


def test_protective_orders_alone_do_not_arm_it() -> None:
    desk, switch = quoting(target(reduce_only=True))
    switch.pass_time(10)
    assert [seconds for _, seconds in switch.armings] == [0]  # let go of what an earlier process may have left
    assert len(desk.live) == 1


def test_it_is_let_go_when_no_quote_has_rested_for_a_quarter_of_its_time() -> None:
    desk, switch = quoting()
    desk.strategy.wanted = []  # type: ignore[attr-defined]
    desk.book()
    order = desk.live[0]
    desk.handle(desk.report(order, state=CANCELLED))
    gone_at = desk.at
    switch.pass_time(10)
    assert switch.armings[-1][1] == 0
    assert AFTER // 4 <= switch.armings[-1][0] - gone_at <= AFTER // 4 + SECOND
    assert desk.engine.summary().dead_man_until == 0


def test_nothing_is_asked_when_nobody_wants_one() -> None:
    _, switch = quoting(after=0)
    switch.pass_time(10)
    assert switch.armings == []


def test_a_venue_without_one_says_so_once() -> None:
    desk = Desk(strategy=Wants(target()))
    desk.settings["dead_man_after"] = AFTER
    switch = Switch(desk, REJECTED)
    desk.trading()
    switch.answer()
    switch.pass_time(30)
    assert len(switch.armings) == 1
    assert desk.engine.summary().no_dead_man == "no such switch"
    assert desk.word == "Running"


def test_an_answer_that_never_came_is_asked_again_within_seconds() -> None:
    desk, switch = quoting()
    switch.pass_time(3)
    switch.outcome = UNKNOWN
    switch.pass_time(6)
    lost = len(switch.armings)
    switch.outcome = ACCEPTED
    assert not switch.pass_time(3)
    assert lost >= 3
    assert desk.engine.summary().dead_man_until > desk.at + AFTER // 2


def test_what_was_asked_to_let_go_counts_as_let_go_though_no_answer_comes() -> None:
    desk, switch = quoting()
    desk.strategy.wanted = []  # type: ignore[attr-defined]
    desk.book()
    desk.handle(desk.report(desk.live[0], state=CANCELLED))
    switch.pass_time(AFTER / 4 / SECOND - 1)
    switch.outcome = UNKNOWN
    switch.pass_time(1.5)
    assert switch.armings[-1][1] == 0
    assert desk.engine.summary().dead_man_until == 0
    desk.strategy.wanted = [target()]  # type: ignore[attr-defined]
    desk.book()
    for place in desk.placed():
        desk.accept(place)
    switch.outcome = ACCEPTED
    switch.pass_time(2)
    assert switch.armings[-1][1] == AFTER // SECOND, "the venue may have let go: it is wound up at once"


def test_an_answer_to_an_older_question_winds_up_nothing() -> None:
    desk, _ = quoting()
    desk.say(DeadManAnswer, request=99, outcome=REJECTED, reason="another question's")
    assert desk.engine.summary().no_dead_man == ""


def _stop_and_prove(desk: Desk) -> None:
    """Ask to stop and let the venue show that nothing is left."""
    desk.say(StopRequested, reason="SIGTERM")
    for order in desk.live:
        desk.handle(desk.report(order, state=CANCELLED))
    for _ in range(20):
        desk.wait(0.1)
        for command in desk.questions(CancelAll):
            desk.say(CancelAllResult, request=command.request, outcome=ACCEPTED)
        for asked in desk.questions(QueryOpenOrders):
            desk.say(OpenOrdersAnswer, request=asked.request, complete=True)


@pytest.mark.control("S5.9")
def test_a_graceful_stop_lets_it_go_last_and_waits_for_the_answer() -> None:
    desk, switch = quoting()
    _stop_and_prove(desk)
    assert not desk.questions(Stopped)
    assert [asked.seconds for asked in desk.said if isinstance(asked, ArmDeadMan)][-1] == 0
    switch.answer()
    desk.wait(0.1)
    assert [stopped.confirmed for stopped in desk.questions(Stopped)] == [True]


@pytest.mark.control("FIA-CoD")
def test_a_stop_that_cannot_be_proven_leaves_it_armed() -> None:
    desk, switch = quoting()
    desk.say(StopRequested, reason="SIGTERM")
    for _ in range(90):
        desk.wait(0.1)
        switch.answer()
    assert [stopped.confirmed for stopped in desk.questions(Stopped)] == [False]
    assert switch.armings[-1][1] == 20
    assert switch.fires_at > desk.at


@pytest.mark.parametrize("outcome", [ACCEPTED, UNKNOWN])
def test_a_stop_is_not_held_up_beyond_its_patience_by_the_switch(outcome: str) -> None:
    desk, switch = quoting()
    switch.outcome = outcome
    _stop_and_prove(desk)
    for _ in range(90):
        desk.wait(0.1)
        switch.answer()
    assert [stopped.confirmed for stopped in desk.questions(Stopped)] == [True]


@pytest.mark.control("FIA-CoD")
@given(st.lists(st.sampled_from([ACCEPTED, UNKNOWN]), min_size=1, max_size=30), st.integers(10, 60))
def test_while_most_answers_arrive_it_never_goes_off(outcomes: list[str], after: int) -> None:
    """Three in a row may be lost within a quarter of the time and more: it is asked every second."""
    _, switch = quoting(after=after * SECOND)
    for number, outcome in enumerate(outcomes):
        switch.outcome = ACCEPTED if number % 4 == 3 else outcome
        assert not switch.pass_time(1)


def test_a_refused_quote_needs_no_switch() -> None:
    desk = Desk(strategy=Wants(target()))
    desk.settings["dead_man_after"] = AFTER
    desk.trading()
    place = desk.placed()[-1]
    desk.strategy.wanted = []  # type: ignore[attr-defined]
    desk.say(PlaceResult, client_id=place.client_id, outcome=REJECTED, reason="no funds")
    switch = Switch(desk)
    switch.pass_time(10)
    assert switch.armings[-1][1] == 0
