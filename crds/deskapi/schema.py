"""Generates the CRD from the models: `python -m deskapi.schema --write | --check`."""

import argparse
import sys
from pathlib import Path
from typing import Any

import yaml

from deskapi.structural import object_schema
from deskapi.tradingbot import GROUP, KIND, PLURAL, VERSION

CRD_FILE = f"{GROUP}_{PLURAL}.yaml"

PRINTER_COLUMNS = [
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
]


def custom_resource_definition() -> dict[str, Any]:
    """The CRD of the TradingBot, as plain data."""
    columns = [
        {"name": name, "type": kind, "jsonPath": path, "description": text, **({"priority": level} if level else {})}
        for name, kind, path, text, level in PRINTER_COLUMNS
    ]
    version = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": columns,
        "schema": {"openAPIV3Schema": object_schema()},
    }
    names = {
        "kind": KIND,
        "listKind": f"{KIND}List",
        "plural": PLURAL,
        "singular": KIND.lower(),
        "shortNames": ["bot", "bots"],
        "categories": ["desk"],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{GROUP}"},
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


def chart_template() -> str:
    """The CRD as a template of the chart: behind its switch, and left in the cluster when the release goes."""
    definition = custom_resource_definition()
    definition["metadata"]["annotations"] = {"helm.sh/resource-policy": "keep"}
    text = rendered(definition)
    if "{{" in text:
        raise ValueError("a description or rule holds {{, which Helm would read as a template")
    return f"{{{{- if .Values.crds.install }}}}\n{text}{{{{- end }}}}\n"


def generated() -> dict[Path, str]:
    """Every generated file: its place in the repository, and its text."""
    return {
        Path("crds") / CRD_FILE: rendered(custom_resource_definition()),
        Path("charts/desk/templates/crds") / CRD_FILE: chart_template(),
    }


def main(arguments: list[str] | None = None) -> int:
    """Writes the generated files, or says which of them are not current."""
    parser = argparse.ArgumentParser(prog="python -m deskapi.schema", description="Generates the CRD from the models.")
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
