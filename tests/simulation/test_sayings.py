"""What the simulated venues say is what ccxt makes of the real venues' answers."""

import json
import re
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest

from deskbot.core.events import NOT_FOUND, REJECTED, UNKNOWN
from deskbot.simulation.dialects import VENUES
from deskbot.simulation.sayings import Saying, cancel_result, place_result
from deskbot.venues.ccxt_import import load_exchange
from deskbot.venues.errors import DUPLICATE_CLIENT_ID, ccxt_errors

_BODY = re.compile(r"\{.*\}")
_URLS = {
    "bybit": "https://api.bybit.com/v5/order/create",
    "binance": "https://api.binance.com/api/v3/order",
    "binanceusdm": "https://fapi.binance.com/fapi/v1/order",
}


def _with_codes() -> Iterator[Any]:
    for name, venue in VENUES.items():
        for field in fields(venue.sayings):
            said = getattr(venue.sayings, field.name)
            for saying in said if isinstance(said, tuple) else (said,):
                if _BODY.search(saying.text):
                    yield pytest.param(name, saying, id=f"{name} {field.name} {saying.text[:40]}")


@pytest.mark.parametrize(("name", "saying"), list(_with_codes()))
def test_a_code_of_a_venue_is_the_exception_that_ccxt_makes_of_it(name: str, saying: Saying) -> None:
    exchange = load_exchange(name)({})
    found = _BODY.search(saying.text)
    assert found is not None
    status = 200 if name == "bybit" else int(saying.text.split()[1]) if saying.text[8:11].isdecimal() else 400
    body = json.loads(found.group())
    with pytest.raises(ccxt_errors.BaseError) as raised:
        exchange.handle_errors(status, "words", _URLS[name], "POST", {}, found.group(), body, {}, "")
    assert type(raised.value).__name__ == saying.kind


@pytest.mark.parametrize("venue", VENUES.values(), ids=VENUES)
def test_only_what_the_venue_refused_for_certain_is_a_no(venue: Any) -> None:
    says = venue.sayings
    doubtful = (says.timed_out, *says.reset, *says.unsure, *says.maintenance, says.page)
    certain = (*says.refused, says.bad_order, says.post_only, says.limited, says.late, *says.revoked)
    assert {place_result(saying, "id").outcome for saying in doubtful} == {UNKNOWN}
    assert {place_result(saying, "id").outcome for saying in certain} == {REJECTED}
    assert {cancel_result(saying, "id").outcome for saying in says.not_found} == {NOT_FOUND}


@pytest.mark.parametrize("venue", VENUES.values(), ids=VENUES)
def test_a_duplicate_id_is_in_doubt_and_says_so(venue: Any) -> None:
    result = place_result(venue.sayings.duplicate, "id")
    assert (result.outcome, result.reason) == (UNKNOWN, DUPLICATE_CLIENT_ID)
