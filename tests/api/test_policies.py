"""A RiskPolicy without an API server: what is refused, and whom a selector selects."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from deskapi import Invalid, Selector, dump, load_bot, load_policy, spec_hash
from tests.api.bots import ROOT, example
from tests.api.cases import Refused
from tests.api.policies import ACCEPTED, REFUSED, changed


@pytest.mark.parametrize("changes", ACCEPTED.values(), ids=list(ACCEPTED))
def test_a_valid_policy_is_read_and_written_back(changes: dict[str, Any]) -> None:
    read = load_policy(changed(changes))
    assert load_policy(dump(read)) == read


def test_the_example_of_a_policy_fits_the_example_of_a_bot() -> None:
    read = load_policy(yaml.safe_load((ROOT / "examples" / "policy.yaml").read_text()))
    assert read.spec.allowed is not None
    bot = load_bot(example())
    assert set(bot.spec.markets) <= set(read.spec.allowed.markets or ())
    assert bot.spec.mode in (read.spec.allowed.modes or ())
    assert bot.spec.venue.exchange in (read.spec.allowed.exchanges or ())


@pytest.mark.parametrize("case", REFUSED.values(), ids=list(REFUSED))
def test_a_mistake_in_a_policy_is_refused_with_its_place_and_what_would_be_right(case: Refused) -> None:
    with pytest.raises(Invalid) as refusal:
        load_policy(changed(case.changes))
    (problem,) = refusal.value.problems
    assert problem.startswith(f"{case.place}: ")
    assert case.words in problem


ONE = {"key": "tier", "operator": "In", "values": ["a", "b"]}


@pytest.mark.parametrize(
    ("selector", "labels", "selected"),
    [
        ({}, {}, True),
        ({}, {"any": "label"}, True),
        ({"matchLabels": {"desk": "alpha"}}, {"desk": "alpha", "more": "x"}, True),
        ({"matchLabels": {"desk": "alpha"}}, {"desk": "beta"}, False),
        ({"matchLabels": {"desk": "alpha"}}, {}, False),
        ({"matchLabels": {"desk": ""}}, {}, False),
        ({"matchLabels": {"desk": "alpha", "tier": "a"}}, {"desk": "alpha"}, False),
        ({"matchExpressions": [ONE]}, {"tier": "b"}, True),
        ({"matchExpressions": [ONE]}, {"tier": "c"}, False),
        ({"matchExpressions": [ONE]}, {}, False),
        ({"matchExpressions": [{**ONE, "operator": "NotIn"}]}, {"tier": "c"}, True),
        ({"matchExpressions": [{**ONE, "operator": "NotIn"}]}, {"tier": "a"}, False),
        ({"matchExpressions": [{**ONE, "operator": "NotIn"}]}, {}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}, {"tier": ""}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}, {}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}, {}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}, {"tier": "a"}, False),
        ({"matchLabels": {"desk": "alpha"}, "matchExpressions": [ONE]}, {"desk": "alpha", "tier": "a"}, True),
        ({"matchLabels": {"desk": "alpha"}, "matchExpressions": [ONE]}, {"desk": "alpha"}, False),
    ],
)
def test_a_selector_selects_as_kubernetes_does(
    selector: dict[str, Any], labels: dict[str, str], selected: bool
) -> None:
    assert Selector.model_validate(selector).selects(labels) is selected


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), PLAIN), st.dictionaries(st.text(), PLAIN))
def test_s3_equal_specs_have_one_hash_and_others_another(one: dict[str, Any], other: dict[str, Any]) -> None:
    shuffled = dict(reversed(list(one.items())))
    assert spec_hash(shuffled) == spec_hash(one)
    # JSON has one word for what Python counts as equal: true and 1 are two.
    assert (spec_hash(one) == spec_hash(other)) == (repr(_ordered(one)) == repr(_ordered(other)))


def _ordered(node: Any) -> Any:
    if isinstance(node, dict):
        return sorted((key, _ordered(value)) for key, value in node.items())
    return [_ordered(each) for each in node] if isinstance(node, list) else node
