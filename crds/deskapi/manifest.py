"""Reads a manifest, one TradingBot and the Secrets it needs in one YAML text, as `kubectl apply -f` would."""

import base64
import binascii
from collections.abc import Hashable
from typing import Any

import yaml

from deskapi.loading import Invalid, load_bot
from deskapi.tradingbot import API_VERSION, KIND


class _KubernetesLoader(yaml.SafeLoader):
    """Safe YAML as kubectl reads it: a time stays text, and a key that stands twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key.value} stands twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_KubernetesLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_manifest(text: str) -> tuple[dict[str, Any], dict[str, dict[str, str]]]:
    """The one TradingBot of a multi-document YAML text, and the text values of its Secrets by name and key.

    The bot has passed the same checks as on an API server. Raises `Invalid`.
    """
    bots: list[dict[str, Any]] = []
    secrets: dict[str, dict[str, str]] = {}
    for number, document in enumerate(_documents(text), start=1):
        match document:
            case None:
                continue
            case {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": str(name)}}:
                secrets[name] = _secret_values(name, document)
            case {"apiVersion": version, "kind": kind} if (version, kind) == (API_VERSION, KIND):
                load_bot(document)
                bots.append(document)
            case _:
                raise Invalid((f"document {number}: {_description(document)}; only {KIND} and Secret are read here",))
    if len(bots) != 1:
        raise Invalid((f"{len(bots)} objects of kind {KIND}; exactly one is needed ({API_VERSION})",))
    return bots[0], secrets


def _documents(text: str) -> list[Any]:
    try:
        return list(yaml.load_all(text, Loader=_KubernetesLoader))
    except yaml.MarkedYAMLError as error:
        raise Invalid((f"not YAML: {error.problem}{_place(error.problem_mark)}",)) from None
    except yaml.YAMLError as error:
        raise Invalid((f"not YAML: {' '.join(str(error).split())}",)) from None


def _place(mark: yaml.Mark | None) -> str:
    return f" (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else ""


def _description(document: object) -> str:
    if isinstance(document, dict) and "kind" in document:
        return f"{document.get('apiVersion', 'no apiVersion')} {document['kind']}"
    return "no Kubernetes object (apiVersion, kind, metadata)"


def _secret_values(name: str, document: dict[str, Any]) -> dict[str, str]:
    # Values never appear in a message: they are secrets even when they are wrong.
    values = {key: _decoded(name, key, value) for key, value in (document.get("data") or {}).items()}
    for key, value in (document.get("stringData") or {}).items():
        if not isinstance(value, str):
            raise Invalid((f"Secret {name}: stringData.{key} is not text; write it in quotes",))
        values[key] = value
    return values


def _decoded(name: str, key: str, value: object) -> str:
    try:
        return base64.b64decode(str(value), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise Invalid((f"Secret {name}: data.{key} is not base64 text; write plain text under stringData",)) from None
