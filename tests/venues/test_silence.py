"""A stream's patience is learnt from the stream."""

from hypothesis import given
from hypothesis import strategies as st

from deskbot.venues.silence import Silence


def fed(gap: float, count: int = 200, longest: float = 3.0) -> tuple[Silence, float]:
    silence, at = Silence(longest, 0.0), 0.0
    for _ in range(count):
        at += gap
        silence.heard(at)
    return silence, at


def test_a_busy_stream_is_doubtful_after_a_second_and_a_quiet_one_after_the_longest_patience() -> None:
    assert fed(0.02)[0].patience == 1.0
    assert round(fed(0.15)[0].patience, 2) == 1.5
    assert fed(1.0)[0].patience == 3.0


def test_a_stream_of_which_nothing_is_known_is_given_the_longest_patience() -> None:
    assert Silence(3.0, 10.0).left(11.0) == 2.0
    silence = Silence(3.0, 10.0)
    silence.heard(10.1)
    assert silence.patience == 3.0


def test_a_confirmed_silence_is_waited_for_anew_and_still_lasts() -> None:
    silence, at = fed(0.02)
    assert silence.left(at + 1.0) <= 0
    silence.confirmed(at + 1.0)
    assert silence.left(at + 1.5) == 0.5
    assert silence.lasted(at + 1.5) == 1.5


def test_a_stream_that_becomes_quiet_is_given_more_patience() -> None:
    silence, at = fed(0.02)
    for _ in range(3):
        at += 2.5
        silence.heard(at)
    assert silence.patience == 3.0


def test_a_patience_below_the_shortest_is_kept() -> None:
    assert fed(0.001, longest=0.5)[0].patience == 0.5


@given(st.lists(st.floats(0, 100), max_size=50), st.floats(0.1, 60))
def test_patience_stays_within_its_bounds(gaps: list[float], longest: float) -> None:
    silence, at = Silence(longest, 0.0), 0.0
    for gap in gaps:
        at += gap
        silence.heard(at)
        assert min(1.0, longest) <= silence.patience <= longest
