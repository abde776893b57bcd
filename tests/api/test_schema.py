"""The generated CRD: current, structural, complete, and the same thing as the models."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deskapi import ConditionType, DeadManState, EngineState, Envelope, LatchState, Mode, Phase, TradingBot
from deskapi.envelope import TIGHTER, Bounds
from deskapi.schema import BOTS, DEFINITIONS, POLICIES, Definition, custom_resource_definition, generated, main
from deskapi.structural import object_schema
from tests.api.bots import ROOT

CLIENT_SIDE_APPLY_LIMIT_BYTES = 256 * 1024
NEVER_DEFAULTED = ("halted", "paused", "acknowledgedHalt")


def _fields(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, field in schema.get("properties", {}).items():
        yield f"{path}.{name}", field
        yield from _fields(field, f"{path}.{name}")
    for inner in ("items", "additionalProperties"):
        if isinstance(schema.get(inner), dict):
            yield from _fields(schema[inner], f"{path}[]")


FIELDS = dict(_fields(object_schema()))
POLICY_FIELDS = dict(_fields(object_schema(POLICIES.model)))
EVERY_FIELD = {**FIELDS, **{f"RiskPolicy{path}": field for path, field in POLICY_FIELDS.items()}}
BOTH = pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda definition: definition.kind)


def test_the_generated_files_are_current() -> None:
    assert main(["--check", "--root", str(ROOT)]) == 0


def test_a_stale_file_is_reported_and_then_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in generated():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("old")
    assert main(["--check", "--root", str(tmp_path)]) == 1
    assert "is not current" in capsys.readouterr().err
    assert main(["--write", "--root", str(tmp_path)]) == 0
    assert main(["--check", "--root", str(tmp_path)]) == 0


@BOTH
def test_the_file_is_small_enough_for_client_side_apply(definition: Definition) -> None:
    assert (ROOT / "crds" / definition.file).stat().st_size < CLIENT_SIDE_APPLY_LIMIT_BYTES / 2


def test_every_field_is_described() -> None:
    described = {path for path, field in EVERY_FIELD.items() if field.get("description")}
    assert EVERY_FIELD.keys() - described == {".metadata", "RiskPolicy.metadata"}


def test_every_list_says_how_it_merges() -> None:
    lists = {path: field for path, field in EVERY_FIELD.items() if field.get("type") == "array"}
    assert [path for path, field in lists.items() if "x-kubernetes-list-type" not in field] == []


def test_every_field_has_one_type_and_only_params_are_free() -> None:
    free = [path for path, field in EVERY_FIELD.items() if field.get("x-kubernetes-preserve-unknown-fields")]
    assert free == [".spec.strategies[].params"]
    untyped = [path for path, field in EVERY_FIELD.items() if "type" not in field]
    assert untyped == [".spec.storage.size"]  # an int-or-string, which Kubernetes marks in its own way
    assert FIELDS[".spec.storage.size"]["x-kubernetes-int-or-string"]


def test_nothing_foreign_to_a_structural_schema_is_left() -> None:
    foreign = {
        "$ref",
        "$defs",
        "title",
        "const",
        "oneOf",
        "allOf",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "uniqueItems",
    }
    assert [(path, foreign & field.keys()) for path, field in EVERY_FIELD.items() if foreign & field.keys()] == []
    assert [path for path, field in EVERY_FIELD.items() if isinstance(field.get("additionalProperties"), bool)] == []


def test_the_switches_of_a_person_have_no_default() -> None:
    assert [name for name in NEVER_DEFAULTED if "default" in FIELDS[f".spec.{name}"]] == []
    assert [path for path, field in POLICY_FIELDS.items() if "default" in field] == []
    example = (ROOT / "examples" / "bot.yaml").read_text()
    assert [name for name in NEVER_DEFAULTED if name in example] == []


def test_the_defaults_of_the_crd_are_those_of_the_models() -> None:
    defaults = {path: field["default"] for path, field in FIELDS.items() if "default" in field}
    assert defaults == {
        ".spec.mode": "DryRun",
        ".spec.venue.sharedBy": 1,
        ".spec.envelope.maxOpenOrders": 20,
        ".spec.envelope.ordersPerSecond": 5,
        ".spec.envelope.priceCollar": "5%",
        ".spec.envelope.maxDataAge": "5s",
        ".spec.envelope.maxControlAge": "30s",
        ".spec.killSwitch": {},
        ".spec.killSwitch.confirmWithin": "10s",
        ".spec.killSwitch.deadManAfter": "30s",
        ".spec.storage": {},
        ".spec.storage.size": "1Gi",
    }


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (".spec.mode", Mode),
        (".status.phase", Phase),
        (".status.engine.state", EngineState),
        (".status.engine.deadMan.state", DeadManState),
        (".status.killSwitch.state", LatchState),
    ],
)
def test_the_words_of_the_crd_are_those_of_the_models(path: str, words: type[Mode]) -> None:
    assert FIELDS[path]["enum"] == [word.value for word in words]


def test_the_fields_of_the_crd_are_those_of_the_models() -> None:
    spec = TradingBot.model_fields["spec"].annotation
    assert spec is not None
    aliases = {field.alias for field in spec.model_fields.values()}
    assert object_schema()["properties"]["spec"]["properties"].keys() == aliases


def test_every_condition_type_is_explained_where_kubectl_explain_looks() -> None:
    described = FIELDS[".status.conditions[].type"]["description"]
    assert all(f"{condition.value}: {condition.meaning}" in described for condition in ConditionType)


def test_the_names_are_those_people_type() -> None:
    names = [custom_resource_definition(of)["spec"]["names"] for of in (BOTS, POLICIES)]
    assert [each["shortNames"] for each in names] == [["bot", "bots"], ["rp"]]
    assert [each["categories"] for each in names] == [["desk"], ["desk"]]


def test_every_limit_of_the_envelope_can_be_narrowed_and_keeps_its_rules() -> None:
    """A limit that is forgotten in the table of directions, or among the ceilings, would never be tightened."""
    limits = set(Envelope.model_fields)
    assert (set(TIGHTER), set(Bounds.model_fields)) == (limits, limits)

    def rules(fields: dict[str, dict[str, Any]], place: str) -> dict[str, dict[str, Any]]:
        found = {path.rpartition(".")[2]: dict(field) for path, field in fields.items() if path.startswith(f"{place}.")}
        return {
            name: {key: value for key, value in field.items() if key not in {"description", "default"}}
            for name, field in found.items()
        }

    of_bots = rules(FIELDS, ".spec.envelope")
    assert rules(FIELDS, ".status.effectiveEnvelope") == of_bots
    assert rules(POLICY_FIELDS, ".spec.ceilings") == of_bots
