"""The catalogue refuses what it does not have, in one clear line."""

import pytest

from deskbot.core.errors import Invalid
from deskstrategies.catalogue import CATALOGUE, build, check
from deskstrategies.params import Ratio
from tests.core.desk import instrument


@pytest.mark.parametrize(
    ("name", "version", "params", "reason", "words"),
    [
        (
            "simple-makr",
            None,
            {},
            "StrategyUnknown",
            'there is no strategy "simple-makr"; did you mean "simple-maker"?',
        ),
        ("zzz", None, {}, "StrategyUnknown", "this image has simple-maker"),
        ("simple-maker", "9.9", {}, "StrategyUnknown", "is here in version 1.0, not in 9.9"),
        ("simple-maker", "1.0", {}, "ParamsInvalid", "params: size: this field is required"),
        ("simple-maker", None, {"size": "0"}, "ParamsInvalid", "size: Input should be greater than 0, got '0'"),
        (
            "simple-maker",
            None,
            {"size": "1", "sprad": "1%"},
            "ParamsInvalid",
            "sprad: unknown field; did you mean spread?",
        ),
        ("simple-maker", None, {"size": "1", "levels": 21}, "ParamsInvalid", "less than or equal to 20"),
        ("simple-maker", None, {"size": "1", "spread": "wide"}, "ParamsInvalid", 'write for example "0.02%"'),
        ("simple-maker", None, {"size": "1", "skew": "-1%"}, "ParamsInvalid", '"-1%" is not a ratio'),
        ("simple-maker", None, {"size": "1", "skew": "NaN"}, "ParamsInvalid", '"NaN" is not a ratio'),
        ("simple-maker", None, {"size": "x", "levels": 0}, "ParamsInvalid", "(and 1 more)"),
    ],
)
def test_bad_input_is_named_in_one_line(
    name: str, version: str | None, params: dict[str, object], reason: str, words: str
) -> None:
    with pytest.raises(Invalid) as refused:
        check(name, version, params)
    assert refused.value.reason == reason
    assert words in refused.value.message
    assert "\n" not in refused.value.message


def test_params_that_do_not_fit_the_market_are_named() -> None:
    with pytest.raises(Invalid, match=r"spec.strategies\[simple-maker\].params: BTC/USDT:USDT: amount 0.0005"):
        build("simple-maker", None, {"size": "0.0005"}, instrument())


def test_every_entry_builds_and_quotes_nothing_but_targets() -> None:
    assert set(CATALOGUE) == {"simple-maker"}
    assert build("simple-maker", "1.0", {"size": "0.002"}, instrument()) is not None


@pytest.mark.parametrize(("text", "value"), [("0.02%", "0.0002"), ("0.0002", "0.0002"), (" 1 %", "0.01"), ("0", "0")])
def test_ratios_are_written_as_percentages_or_as_shares(text: str, value: str) -> None:
    assert Ratio(text) == Ratio(value)
