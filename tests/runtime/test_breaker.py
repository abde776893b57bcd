"""A venue whose API fails again and again gets no new risk until it answers."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from deskbot.runtime.breaker import FIRST_HOLD, LONGEST_HOLD, SECOND, WINDOW, Breaker
from tests.runtime.virtual_time import run
from tests.runtime.world import world

T0 = 1_790_000_000 * SECOND


def tripped() -> Breaker:
    breaker = Breaker()
    for _ in range(5):
        assert breaker.trouble == ""
        breaker.note(False, T0, "no answer within 6 s")
    return breaker


def test_five_failures_in_a_row_open_it_and_its_line_says_what_the_last_one_was() -> None:
    assert tripped().trouble == "5 of 5 requests to the venue failed: no answer within 6 s"


def test_an_answer_between_failures_starts_the_row_anew_but_half_of_many_open_it_too() -> None:
    breaker = Breaker()
    for number in range(9):
        breaker.note(number % 2 == 0, T0)
        assert breaker.trouble == ""
    breaker.note(False, T0)
    assert breaker.trouble.startswith("5 of 10 requests")


def test_failures_of_long_ago_do_not_count() -> None:
    breaker = Breaker()
    for number in range(20):
        breaker.note(number % 2 == 0, T0 + number * WINDOW // 8)
    assert breaker.trouble == ""


def test_it_closes_with_the_first_answer_after_its_time() -> None:
    breaker = tripped()
    breaker.note(True, T0 + FIRST_HOLD - 1)
    assert breaker.trouble
    breaker.note(True, T0 + FIRST_HOLD)
    assert breaker.trouble == ""
    for _ in range(4):
        breaker.note(False, T0 + FIRST_HOLD)
    assert breaker.trouble == "", "what was before it opened is forgotten"


def test_a_probe_that_fails_doubles_its_time_up_to_a_minute() -> None:
    breaker, at = tripped(), T0
    for hold in (5, 10, 20, 40, 60, 60):
        at += hold * SECOND
        breaker.note(True, at - 1)
        assert breaker.trouble, f"still open just before {hold} s"
        breaker.note(False, at)
    breaker.note(True, at + LONGEST_HOLD)
    assert breaker.trouble == ""


@given(st.lists(st.tuples(st.integers(0, 8 * SECOND), st.booleans()), max_size=60))
def test_once_every_request_is_answered_it_is_closed_within_its_longest_time(
    script: list[tuple[int, bool]],
) -> None:
    breaker, at = Breaker(), T0
    for pause, answered in script:
        at += pause
        breaker.note(answered, at)
    breaker.note(True, at + LONGEST_HOLD)
    assert breaker.trouble == ""


def test_a_bot_whose_questions_fail_pulls_its_quotes_and_goes_on_when_they_are_answered(tmp_path: Path) -> None:
    async def main() -> None:
        async with world(tmp_path) as one:
            await one.state("Running")
            one.venue.breaks |= {"query_open_orders", "query_positions", "query_balances", "query_fills"}
            summary = await one.state("Stalled", seconds=120)
            assert summary.problem is not None
            assert summary.problem[0] == "VenueUnstable"
            await one.until(lambda: not one.venue.open_orders, "quotes are pulled")
            one.venue.breaks.clear()
            await one.state("Running", seconds=120)

    run(main())
