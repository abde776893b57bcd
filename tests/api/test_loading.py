"""Reading a bot without a server: the same refusals, in one line."""

from typing import Any

import pytest

from deskapi import Invalid, check_change, dump, load_bot
from tests.api.bots import changed, example
from tests.api.cases import ACCEPTED, ACCEPTED_EDITS, REFUSED, REFUSED_EDITS, Refused


@pytest.mark.parametrize("changes", ACCEPTED.values(), ids=list(ACCEPTED))
def test_a_valid_bot_is_read(changes: dict[str, Any]) -> None:
    bot = changed(changes)
    assert load_bot(bot).metadata.name == bot["metadata"]["name"]


@pytest.mark.control("K-dead")
@pytest.mark.parametrize("case", REFUSED.values(), ids=list(REFUSED))
def test_a_mistake_is_refused_with_its_place_and_what_would_be_right(case: Refused) -> None:
    with pytest.raises(Invalid) as refusal:
        load_bot(changed(case.changes))
    place = case.place.replace(".0.", "[0].")
    (problem,) = refusal.value.problems
    assert problem.startswith(f"{place}: ")
    assert case.words in problem


@pytest.mark.parametrize("changes", ACCEPTED_EDITS.values(), ids=list(ACCEPTED_EDITS))
def test_an_edit_of_what_may_change_is_taken(changes: dict[str, Any]) -> None:
    check_change(load_bot(example()), load_bot(changed(changes)))


@pytest.mark.control("S3.3")
@pytest.mark.parametrize("case", REFUSED_EDITS.values(), ids=list(REFUSED_EDITS))
def test_an_edit_of_what_never_changes_is_refused(case: Refused) -> None:
    with pytest.raises(Invalid, match=f"^Invalid: {case.place}: {case.words}$"):
        check_change(load_bot(example()), load_bot(changed(case.changes)))


def test_several_mistakes_are_all_kept_and_the_first_is_shown() -> None:
    with pytest.raises(Invalid, match=r"^Invalid: spec.mode: .* \(and 1 more\)$") as refusal:
        load_bot(changed({"spec.mode": "Live", "spec.envelope.maxOpenOrders": 0}))
    assert len(refusal.value.problems) == 2


def test_a_bot_written_back_is_the_same_bot() -> None:
    bot = load_bot(changed(ACCEPTED["a place for the pod"]))
    assert load_bot(dump(bot)) == bot


def test_a_status_of_a_newer_writer_is_read_without_its_news() -> None:
    engine = {"state": "Running", "equity": "-0.50", "inventedLater": 1, "positions": []}
    bot = load_bot(example() | {"status": {"engine": engine, "inventedLater": {}}})
    assert bot.status.engine is not None
    assert dump(bot.status.engine) == {"state": "Running", "equity": "-0.50", "positions": [], "closedMarkets": []}
