"""One pod's side of the Lease, step by step."""

import pytest

from deskbot.core import order_life
from deskbot.fencing import durations, holder
from deskbot.fencing.durations import LEASE_DURATION, SECOND
from deskbot.fencing.holder import LOOK_EVERY, READ, WAIT, WRITE, Holder, Lease
from deskbot.runtime.requests import TIMEOUT_SECONDS

AGE = 30 * SECOND
START = 5_000 * SECOND


def pod(name: str = "a", ordinal: int = 0) -> Holder:
    return Holder(name, ordinal, LEASE_DURATION, AGE)


def holding(at: int = START) -> Holder:
    one = pod()
    one.read(Lease("1", "", released=True), at)
    one.written(one.begin(at), "2", at)
    one.object_read(at)
    return one


@pytest.mark.control("S1.7")
def test_s1_a_lease_that_is_marked_released_is_taken_at_once() -> None:
    one = pod()
    assert one.next(START) == READ
    one.read(Lease("1", "", released=True), START)
    assert one.next(START) == WRITE
    write = one.begin(START)
    assert (write.lease.version, write.lease.holder, write.lease.released) == ("1", "a", False)


@pytest.mark.control("S1.6")
def test_s1_a_lease_of_another_is_taken_one_duration_after_its_last_change_that_was_seen() -> None:
    one = pod()
    one.read(Lease("1", "b"), START)
    one.read(Lease("2", "b"), START + 10 * SECOND)
    one.read(Lease("2", "b"), START + 10 * SECOND + LEASE_DURATION - 1)
    assert one.next(START + 10 * SECOND + LEASE_DURATION - 1) == WAIT
    assert one.next(START + 10 * SECOND + LEASE_DURATION) == WRITE
    assert one.why_not(START) == holder.WAITING
    assert one.waits_until() == START + 10 * SECOND + LEASE_DURATION


@pytest.mark.control("S1.7")
def test_s1_no_lease_and_an_empty_one_count_as_held() -> None:
    one = pod()
    one.read(None, START)
    assert not one.may_write(START + 10 * LEASE_DURATION)
    one.read(Lease("7"), START + LEASE_DURATION)
    assert not one.may_write(START + 2 * LEASE_DURATION - 1)
    assert one.may_write(START + 2 * LEASE_DURATION)


@pytest.mark.control("S1.8")
def test_s1_a_container_that_starts_again_in_its_pod_goes_on_at_once() -> None:
    one = pod()
    one.read(Lease("9", "a"), START)
    assert one.why_not(START) == holder.LEASE_OLD
    assert one.next(START) == WRITE
    one.written(one.begin(START), "10", START)
    one.object_read(START)
    assert one.may_add_risk(START)


def test_s1_a_pod_that_waits_looks_again_and_again_and_one_that_failed_at_once() -> None:
    one = pod()
    one.read(Lease("1", "b"), START)
    assert one.next(START + LOOK_EVERY - 1) == WAIT
    assert one.next(START + LOOK_EVERY) == READ
    one.lost()
    assert one.next(START) == READ


@pytest.mark.control("S1.3")
def test_s1_a_renewal_counts_from_when_it_was_sent_and_is_due_after_a_third_of_its_age() -> None:
    one = holding()
    assert one.next(START + AGE // 3 - 1) == WAIT
    assert one.next(START + AGE // 3) == WRITE
    write = one.begin(START + AGE // 3)
    one.written(write, "3", START + AGE - 1)
    one.object_read(START + AGE - 1)
    assert one.lapses_at() == START + AGE // 3 + AGE
    assert one.why_not(one.lapses_at()) == holder.LEASE_OLD


@pytest.mark.control("S1.1")
def test_s1_whoever_sees_another_holder_stops_at_once() -> None:
    one = holding()
    one.read(Lease("3", "b"), START + 1)
    assert one.why_not(START + 1) == holder.WAITING


@pytest.mark.control("S1.8")
def test_s1_what_has_released_its_lease_never_adds_risk_again() -> None:
    one = holding()
    write = one.release(START + 1)
    assert write is not None
    assert (write.lease.holder, write.lease.released) == ("", True)
    assert one.why_not(START + 1) == holder.RELEASED
    assert one.next(START + LEASE_DURATION) == WAIT
    assert pod().release(START) is None


@pytest.mark.control("S1.4")
def test_s1_only_ordinal_0_trades() -> None:
    second = pod("b", ordinal=1)
    second.read(Lease("1", "", released=True), START)
    assert second.next(START) == WAIT
    assert not second.may_write(START)
    assert second.why_not(START) == holder.NOT_THE_FIRST


@pytest.mark.control("S2.1")
def test_s2_risk_needs_a_young_renewal_and_a_young_read_of_the_own_object() -> None:
    one = holding()
    assert one.may_add_risk(START + AGE - 1)
    assert one.why_not(START + AGE) == holder.LEASE_OLD
    one.written(one.begin(START + AGE), "3", START + AGE)
    assert one.why_not(START + AGE) == holder.OBJECT_OLD
    one.object_read(START + AGE)
    assert one.may_add_risk(START + AGE)
    assert one.ages(START + AGE + 1) == (1, 1)


@pytest.mark.control("S1.9")
def test_s1_a_taker_waits_for_everything_that_the_last_holder_may_still_do() -> None:
    assert durations.RECEIVE_WINDOW == order_life.RECEIVE_WINDOW
    assert durations.REQUEST_TIMEOUT >= TIMEOUT_SECONDS * SECOND
    assert durations.LONGEST_CONTROL_AGE + durations.PULL_TIME + 11 * SECOND <= LEASE_DURATION
