"""What a bot in a cluster runs, of the specs that were judged and those that were not."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskapi import EffectiveEnvelope, Envelope, Strategy, TradingBotSpec, dump, load_bot, spec_hash
from deskapi.envelope import TIGHTER
from deskbot.runtime.admitted import Known, in_force, look
from deskbot.runtime.observation import Observation
from deskbot.runtime.spec import limits_of
from tests.runtime.world import manifest

UID = "uid-1"
BTC, ETH, SOL = "BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT"
ENVELOPE = {"maxOrderNotional": "500", "maxPositionNotional": "5000"}
BOUNDS = EffectiveEnvelope.model_validate({**ENVELOPE, "maxOpenOrders": 20, "ordersPerSecond": 5})


def spec(**changes: Any) -> TradingBotSpec:
    return load_bot(manifest(**changes)).spec


def obj(generation: int, admitted: dict[str, Any] | None, effective: Any = ENVELOPE, **changes: Any) -> dict[str, Any]:
    """The object as an API server tells it; `admitted` None: the status names none."""
    made = manifest(**changes)
    made["metadata"] |= {"uid": UID, "generation": generation}
    judged = {"admitted": admitted, "effectiveEnvelope": effective}
    return {**made, "status": {name: part for name, part in judged.items() if part is not None}}


def naming(generation: int, **changes: Any) -> dict[str, Any]:
    """What the operator writes when it has admitted that spec."""
    found = spec_hash(manifest(**changes)["spec"])
    return {"uid": UID, "generation": generation, "specHash": found, "accountId": "1001"}


def seen(*objects: dict[str, Any]) -> Observation:
    """What is seen at the end of a row of objects."""
    known: Known | None = None
    for each in objects:
        known = look(each, UID, each["metadata"]["generation"], known)
    assert known is not None
    return known.seen


def running(found: Observation) -> TradingBotSpec:
    assert found.bot is not None
    return found.bot.spec


# one merge


MAKER = {"name": "simple-maker", "enabled": True, "params": {"size": "0.002", "levels": 2}}
WIDER = {"maxOrderNotional": "900", "maxPositionNotional": "9000", "maxOpenOrders": 50, "maxDataAge": "60s"}
TIGHTER_ONE = {"maxOrderNotional": "100", "maxPositionNotional": "5000", "priceCollar": "1%"}
MERGES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "a halt is taken": ({}, {"halted": True}, {"halted": True}),
    "the end of a halt is not": ({"halted": True}, {}, {"halted": True}),
    "a pause is taken": ({}, {"paused": True}, {"paused": True}),
    "the end of a pause is not": ({"paused": True}, {"paused": False}, {"paused": True}),
    "an acknowledgement is not": ({}, {"acknowledgedHalt": "h-1"}, {"acknowledged_halt": None}),
    "one that is withdrawn does not count any more": (
        {"acknowledgedHalt": "h-1"},
        {"acknowledgedHalt": ""},
        {"acknowledged_halt": None},
    ),
    "one that stays counts": (
        {"acknowledgedHalt": "h-1"},
        {"acknowledgedHalt": "h-1", "image": "other"},
        {"acknowledged_halt": "h-1", "image": None},
    ),
    "a market less is taken": ({"markets": [BTC, ETH]}, {"markets": [ETH]}, {"markets": (ETH,)}),
    "a market more is not": ({"markets": [BTC]}, {"markets": [ETH, BTC]}, {"markets": (BTC,)}),
    "other markets leave none to trade on": (
        {"markets": [BTC]},
        {"markets": [ETH]},
        {"markets": (BTC,), "paused": True},
    ),
    "another mode and other keys are not taken": (
        {},
        {"venue": {"exchange": "bybit", "marketType": "Swap", "credentialsSecretRef": {"name": "others"}}},
        {"venue": spec().venue},
    ),
}


@pytest.mark.control("S3.2")
@pytest.mark.parametrize(("base", "newest", "expected"), MERGES.values(), ids=list(MERGES))
def test_s3_of_a_newer_spec_only_what_tightens_is_taken(
    base: dict[str, Any], newest: dict[str, Any], expected: dict[str, Any]
) -> None:
    merged = in_force(spec(**base), spec(**newest), BOUNDS, admitted=True)
    assert {name: getattr(merged, name) for name in expected} == expected


def test_s3_a_lower_limit_is_taken_and_a_higher_one_is_not() -> None:
    def envelope(newest: dict[str, Any]) -> dict[str, Any]:
        merged = in_force(spec(), spec(envelope=newest), BOUNDS, admitted=True).envelope
        return dump(merged)

    assert envelope(WIDER) == dump(spec().envelope)
    assert envelope(TIGHTER_ONE) == {**dump(spec().envelope), "maxOrderNotional": "100", "priceCollar": "1%"}


@pytest.mark.parametrize(
    ("newest", "enabled"),
    [
        ([MAKER], True),
        ([{**MAKER, "enabled": False}], False),
        ([{**MAKER, "name": "another"}], False),
        ([{**MAKER, "params": {"size": "9"}}], True),
    ],
    ids=["the same", "switched off", "replaced", "other params"],
)
def test_s3_a_strategy_less_is_taken_and_other_params_are_not(newest: list[dict[str, Any]], enabled: bool) -> None:
    (strategy,) = in_force(spec(), spec(strategies=newest), BOUNDS, admitted=True).strategies
    assert strategy == Strategy.model_validate({**MAKER, "enabled": enabled})


@pytest.mark.control("S3.1")
def test_s3_limits_are_inside_the_effective_envelope() -> None:
    bounds = EffectiveEnvelope.model_validate({"maxOrderNotional": "50", "maxOpenOrders": 3})
    merged = in_force(spec(), spec(), bounds, admitted=True)
    assert dump(merged.envelope) == {**dump(spec().envelope), "maxOrderNotional": "50", "maxOpenOrders": 3}


# a life of objects


@pytest.mark.control("S3.1", "R6-08")
def test_s3_without_admitted_and_without_an_envelope_in_force_no_order() -> None:
    for first in (
        obj(1, None),
        obj(1, naming(1), None),
        obj(1, naming(1), {}),
        obj(1, naming(1), {"maxOrderNotional": "lots"}),
        obj(1, {"generation": 1}),
    ):
        assert (seen(first).paused, seen(first).admitted) == (True, False)
    admitted = seen(obj(1, None), obj(1, naming(1)))
    assert (admitted.paused, admitted.admitted, admitted.generation) == (False, True, 1)


@pytest.mark.control("S3.2")
def test_s3_an_unjudged_generation_changes_nothing_looser() -> None:
    later = seen(obj(1, naming(1)), obj(2, naming(1), envelope=WIDER, markets=[BTC, ETH]))
    assert running(later) == running(seen(obj(1, naming(1))))
    assert (later.generation, later.admitted, later.paused) == (1, True, False)


def test_s3_an_edit_is_in_force_once_it_was_judged() -> None:
    changes = {"markets": [BTC, ETH]}
    judged = seen(obj(1, naming(1)), obj(2, naming(1), **changes), obj(2, naming(2, **changes), **changes))
    assert (running(judged).markets, judged.generation) == ((BTC, ETH), 2)


def test_s3_a_halt_needs_no_judge() -> None:
    assert seen(obj(1, naming(1)), obj(2, naming(1), halted=True)).halted
    assert seen(obj(2, None, None, halted=True)).halted
    unreadable = obj(2, naming(1), halted=True)
    unreadable["spec"]["invented"] = 1
    assert seen(obj(1, naming(1)), unreadable).halted


@pytest.mark.control("K-skew")
def test_s3_an_edit_that_was_admitted_unseen_runs_nothing_until_the_next_is_judged() -> None:
    """Two edits at once: of the first, which was admitted, nothing is known here."""
    third = seen(obj(1, naming(1)), obj(3, naming(2, image="x"), markets=[ETH]))
    assert (third.paused, third.admitted) == (True, False)


def test_s3_after_a_restart_only_the_spec_that_was_judged_runs() -> None:
    assert not seen(obj(2, naming(1), envelope=WIDER)).admitted
    assert seen(obj(2, naming(2, envelope=WIDER), envelope=WIDER)).admitted


def test_s3_without_an_account_in_the_admission_no_order_may_leave_unless_none_reaches_a_venue() -> None:
    named = naming(1)
    nameless = {name: part for name, part in named.items() if name != "accountId"}
    found = seen(obj(1, nameless))
    assert (found.admitted, running(found).paused, found.account) == (False, True, "")
    assert (seen(obj(1, named)).admitted, seen(obj(1, named)).account) == (True, "1001")
    dry = {**naming(1, mode="DryRun"), "accountId": None}
    assert seen(obj(1, dry, mode="DryRun")).admitted
    other = {**named, "uid": "uid-2"}
    assert seen(obj(1, other)).account == ""


@pytest.mark.parametrize(
    "wrong", [{"uid": "uid-2"}, {"generation": 2}, {"specHash": "0" * 64}], ids=["uid", "generation", "hash"]
)
def test_s3_what_was_judged_of_another_object_or_another_spec_admits_nothing(wrong: dict[str, Any]) -> None:
    assert not seen(obj(1, {**naming(1), **wrong})).admitted


def test_s3_a_bot_that_is_no_longer_admitted_pauses_on_the_spec_that_was_and_goes_on_when_it_is_again() -> None:
    changes = {"markets": [BTC, ETH]}
    life = [obj(1, naming(1)), obj(2, None, **changes)]
    assert (running(seen(*life)).markets, seen(*life).paused, seen(*life).generation) == ((BTC,), True, 1)
    again = seen(*life, obj(2, naming(2, **changes), **changes))
    assert (running(again).markets, again.paused) == ((BTC, ETH), False)


def test_s8_fields_that_a_newer_schema_shows_stop_no_bot_that_cannot_read_them() -> None:
    """The server adds defaults to what it tells, not to the generation; the operator judges what it is told."""

    def shown(generation: int, judged: dict[str, Any]) -> dict[str, Any]:
        told = obj(generation, judged)
        told["spec"]["envelope"] = {**told["spec"]["envelope"], "maxLeverage": "3"}
        return told

    newer = shown(1, naming(1))
    assert not seen(obj(1, naming(1)), newer).paused
    judged_anew = {**naming(1), "specHash": spec_hash(newer["spec"])}
    later = seen(obj(1, naming(1)), newer, shown(1, judged_anew))
    assert (later.admitted, later.paused, later.generation) == (True, False, 1)
    assert not seen(obj(1, naming(1)), shown(2, {**judged_anew, "generation": 2})).admitted
    assert not seen(obj(1, naming(1)), shown(2, judged_anew)).admitted


def test_s4_a_release_reaches_a_bot_that_is_not_admitted_and_it_stays_paused() -> None:
    released = seen(obj(1, naming(1), halted=True), obj(2, None, acknowledgedHalt="h-1"))
    assert (running(released).acknowledged_halt, released.paused) == ("h-1", True)


@pytest.mark.control("S7.3")
def test_s7_a_tightened_envelope_is_in_force_with_the_object_that_tells_of_it() -> None:
    tightened = seen(obj(1, naming(1)), obj(1, naming(1), {**ENVELOPE, "maxOrderNotional": "50"}))
    assert running(tightened).envelope.max_order_notional == Decimal(50)
    assert limits_of(running(tightened).envelope).max_order_notional == 50 * 10**18


def test_a_report_coming_back_is_no_change() -> None:
    known = look(obj(1, naming(1)), UID, 1, None)
    with_report = obj(1, naming(1))
    with_report["status"]["engine"] = {"state": "Running"}
    assert look(with_report, UID, 1, known).seen == known.seen


# properties


AMOUNTS = st.sampled_from(["1", "50", "500", "9999"])
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "maxOrderNotional": AMOUNTS,
    "maxPositionNotional": AMOUNTS,
    "maxOpenOrders": st.integers(1, 500),
    "ordersPerSecond": st.integers(1, 100),
    "priceCollar": st.sampled_from(["0.5%", "5%", "50%"]),
    "maxDataAge": st.sampled_from(["100ms", "5s", "60s"]),
}
SPECS = st.fixed_dictionaries(
    {"envelope": st.fixed_dictionaries(FIELDS)},
    optional={
        "halted": st.booleans(),
        "paused": st.booleans(),
        "acknowledgedHalt": st.sampled_from(["", "h-1", "h-2"]),
        "markets": st.lists(st.sampled_from([BTC, ETH, SOL]), min_size=1, unique=True),
        "strategies": st.builds(
            lambda name, enabled: [{"name": name, "enabled": enabled}],
            st.sampled_from(["simple-maker", "other"]),
            st.booleans(),
        ),
    },
)
EFFECTIVE = st.none() | st.fixed_dictionaries({}, optional=FIELDS)


def no_looser(one: TradingBotSpec, other: TradingBotSpec) -> bool:
    """Whether all that `one` lets a bot do, `other` does too."""
    enabled = {each.name for each in other.strategies if each.enabled}
    return (
        (one.halted or not other.halted)
        and (one.paused or not other.paused)
        and set(one.markets) <= set(other.markets)
        and {each.name for each in one.strategies if each.enabled} <= enabled
        and inside(one.envelope, other.envelope)
    )


def inside(envelope: Envelope, bounds: Envelope | EffectiveEnvelope) -> bool:
    for field, tighter in TIGHTER.items():
        limit, bound = getattr(envelope, field), getattr(bounds, field)
        if bound is not None and tighter(limit, bound) != limit:
            return False
    return True


@given(SPECS, SPECS, EFFECTIVE, st.booleans())
def test_s3_what_runs_is_never_looser_than_what_was_judged_nor_than_the_envelope_in_force(
    base: dict[str, Any], newest: dict[str, Any], effective: dict[str, Any] | None, admitted: bool
) -> None:
    bounds = None if effective is None else EffectiveEnvelope.model_validate(effective)
    judged, asked = spec(**base), spec(**newest)
    runs = in_force(judged, asked, bounds, admitted=admitted)
    assert no_looser(runs, judged)
    assert bounds is None or inside(runs.envelope, bounds)
    assert runs.paused or (admitted and no_looser(runs, asked))
    assert runs.acknowledged_halt in {None, asked.acknowledged_halt}
    assert in_force(judged, judged, None, admitted=True) == judged


@st.composite
def lives(draw: st.DrawFn) -> list[dict[str, Any]]:
    """An object edited and judged at any pace, by one who may name any generation, and may get it wrong."""
    edits = draw(st.lists(SPECS, min_size=1, max_size=4))
    generations = sorted(draw(st.lists(st.integers(0, len(edits) - 1), min_size=1, max_size=6)))
    life = []
    for generation in generations:
        named = draw(st.integers(0, len(edits) - 1))
        judged = naming(named, **edits[named]) | draw(st.sampled_from([{}, {}, {"uid": "x"}, {"specHash": "1" * 64}]))
        life.append(
            obj(generation, draw(st.sampled_from([None, judged, judged])), draw(EFFECTIVE), **edits[generation])
        )
    return life


@pytest.mark.control("S3.1")
@given(lives())
def test_s3_at_every_moment_a_bot_that_may_trade_runs_the_spec_that_is_named_inside_the_envelope_that_is_told(
    life: list[dict[str, Any]],
) -> None:
    specs = {spec_hash(each["spec"]): load_bot(each).spec for each in life}
    known: Known | None = None
    for each in life:
        known = look(each, UID, each["metadata"]["generation"], known)
        if known.seen.paused:
            continue
        status = each["status"]
        assert status["admitted"]["uid"] == UID
        assert no_looser(running(known.seen), specs[status["admitted"]["specHash"]])
        assert inside(running(known.seen).envelope, EffectiveEnvelope.model_validate(status["effectiveEnvelope"]))


def test_durations_of_the_envelope_are_compared_as_such() -> None:
    bounds = EffectiveEnvelope.model_validate({"maxDataAge": "900ms"})
    assert in_force(spec(), spec(), bounds, admitted=True).envelope.max_data_age == timedelta(milliseconds=900)
