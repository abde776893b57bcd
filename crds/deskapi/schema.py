"""Generates the CRDs from the models: `python -m deskapi.schema --write | --check`."""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from deskapi.riskpolicy import POLICY_KIND, POLICY_PLURAL, RiskPolicy
from deskapi.structural import object_schema
from deskapi.tradingbot import GROUP, KIND, PLURAL, VERSION, TradingBot

Column = tuple[str, str, str, str, int]


@dataclass(frozen=True)
class Definition:
    """What a CRD says besides its schema. A column: name, type, path, description, 1 for `-o wide` alone."""

    model: type[BaseModel]
    kind: str
    plural: str
    short_names: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def file(self) -> str:
        return f"{GROUP}_{self.plural}.yaml"


BOTS = Definition(
    TradingBot,
    KIND,
    PLURAL,
    ("bot", "bots"),
    (
        ("Mode", "string", ".spec.mode", "How far the bot goes.", 0),
        ("State", "string", ".status.phase", "What it does.", 0),
        (
            "Position",
            "string",
            ".status.engine.positions[0].amount",
            "Position in its first market, in the base currency.",
            0,
        ),
        ("Equity", "string", ".status.engine.equity", "Value of the account in the quote currency.", 0),
        ("Orders", "integer", ".status.engine.openOrders", "Orders open on the venue.", 0),
        ("PnL", "string", ".status.engine.dayPnl", "PnL less fees since the start of the UTC day.", 0),
        ("Age", "date", ".metadata.creationTimestamp", "Time since the bot was created.", 0),
        ("Market", "string", ".spec.markets[0]", "Its first market.", 1),
        ("Reason", "string", '.status.conditions[?(@.type=="Ready")].reason', "Why it is ready or not.", 1),
    ),
)
POLICIES = Definition(
    RiskPolicy,
    POLICY_KIND,
    POLICY_PLURAL,
    ("rp",),
    (
        ("Halt", "boolean", ".spec.halted", "Whether it halts every bot in scope.", 0),
        ("Bots", "integer", ".status.bots.inScope", "Bots that it selects.", 0),
        ("Trading", "integer", ".status.bots.trading", "Bots in scope that may send orders now.", 0),
        ("Halted", "integer", ".status.bots.halted", "Bots in scope whose kill switch is latched.", 0),
        ("Ready", "string", '.status.conditions[?(@.type=="Ready")].status', "Whether it is in force.", 0),
        ("Age", "date", ".metadata.creationTimestamp", "Time since the policy was created.", 0),
        ("Reason", "string", '.status.conditions[?(@.type=="Ready")].reason', "Why it is ready or not.", 1),
    ),
)
DEFINITIONS = (BOTS, POLICIES)
CRD_FILE = BOTS.file


def custom_resource_definition(of: Definition = BOTS) -> dict[str, Any]:
    """One CRD, as plain data."""
    columns = [
        {"name": name, "type": kind, "jsonPath": path, "description": text, **({"priority": level} if level else {})}
        for name, kind, path, text, level in of.columns
    ]
    version = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": columns,
        "schema": {"openAPIV3Schema": object_schema(of.model)},
    }
    names = {
        "kind": of.kind,
        "listKind": f"{of.kind}List",
        "plural": of.plural,
        "singular": of.kind.lower(),
        "shortNames": list(of.short_names),
        "categories": ["desk"],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{of.plural}.{GROUP}"},
        "spec": {"group": GROUP, "scope": "Namespaced", "names": names, "versions": [version]},
    }


class _Plain(yaml.SafeDumper):
    """Writes every node out: what two fields share is repeated, as Kubernetes' own tools expect."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 yaml calls it so
        return True


def rendered(definition: dict[str, Any]) -> str:
    """A CRD as the text of its file."""
    text = yaml.dump(definition, Dumper=_Plain, sort_keys=False, width=120, allow_unicode=True)
    return f"# Generated from crds/deskapi by `python -m deskapi.schema --write`. Do not edit.\n{text}"


def chart_template(of: Definition) -> str:
    """A CRD as a template of the chart: behind its switch, and left in the cluster when the release goes."""
    definition = custom_resource_definition(of)
    definition["metadata"]["annotations"] = {"helm.sh/resource-policy": "keep"}
    text = rendered(definition)
    if "{{" in text:
        raise ValueError("a description or rule holds {{, which Helm would read as a template")
    return f"{{{{- if .Values.crds.install }}}}\n{text}{{{{- end }}}}\n"


def generated() -> dict[Path, str]:
    """Every generated file: its place in the repository, and its text."""
    plain = {Path("crds") / of.file: rendered(custom_resource_definition(of)) for of in DEFINITIONS}
    return plain | {Path("charts/desk/templates/crds") / of.file: chart_template(of) for of in DEFINITIONS}


def main(arguments: list[str] | None = None) -> int:
    """Writes the generated files, or says which of them are not current."""
    parser = argparse.ArgumentParser(prog="python -m deskapi.schema", description="Generates the CRDs from the models.")
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--write", action="store_true", help="write the files")
    action.add_argument("--check", action="store_true", help="fail if a file is not current")
    parser.add_argument("--root", type=Path, default=Path(), help="top of the repository (default: here)")
    options = parser.parse_args(arguments)
    stale = {path: text for path, text in generated().items() if not _is_current(options.root / path, text)}
    for path, text in stale.items():
        if options.write:
            (options.root / path).write_text(text)
        else:
            sys.stderr.write(f"{path} is not current: run python -m deskapi.schema --write\n")
    return 1 if stale and options.check else 0


def _is_current(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text() == text


if __name__ == "__main__":
    sys.exit(main())
