"""Reading a file with a bot and its Secret."""

import base64

import pytest
import yaml

from deskapi import Invalid, load_manifest
from tests.api.bots import ROOT, example

EXAMPLE = (ROOT / "examples" / "bot.yaml").read_text()
BOT = yaml.safe_dump(example())


def test_the_example_holds_one_bot_and_its_keys() -> None:
    bot, secrets = load_manifest(EXAMPLE)
    assert bot["metadata"]["name"] == "bot1"
    name = bot["spec"]["venue"]["credentialsSecretRef"]["name"]
    assert set(secrets[name]) == {"apiKey", "secret"}


def test_encoded_values_are_decoded_and_plain_ones_win() -> None:
    encoded = base64.b64encode(b"from data").decode()
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "keys"},
        "data": {"apiKey": encoded, "secret": encoded},
        "stringData": {"secret": "plain"},
    }
    _, secrets = load_manifest(f"---\n{yaml.safe_dump(secret)}---\n{BOT}---\n")
    assert secrets == {"keys": {"apiKey": "from data", "secret": "plain"}}


def test_a_time_in_the_file_stays_text() -> None:
    bot, _ = load_manifest(BOT.replace("name: bot1\n", "name: bot1\n  creationTimestamp: 2026-11-21T09:00:00Z\n", 1))
    assert bot["metadata"]["creationTimestamp"] == "2026-11-21T09:00:00Z"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "0 objects of kind TradingBot; exactly one is needed (tradingdesk.io/v1alpha1)"),
        (f"{BOT}---\n{BOT}", "2 objects of kind TradingBot; exactly one is needed (tradingdesk.io/v1alpha1)"),
        ("apiVersion: v1\nkind: Pod\n", "document 1: v1 Pod; only TradingBot and Secret are read here"),
        ("just text", "document 1: no Kubernetes object (apiVersion, kind, metadata); only TradingBot and Secret are"),
        (
            BOT.replace("v1alpha1", "v9"),
            "document 1: tradingdesk.io/v9 TradingBot; only TradingBot and Secret are read",
        ),
        (BOT.replace("Testnet", "Live"), 'spec.mode: "Live" is not one of DryRun or Testnet'),
        ("a: b: c", "not YAML: mapping values are not allowed here"),
        (BOT.replace("mode: Testnet", "halted: true\n  halted: false"), "not YAML: the key halted stands twice"),
        ("a: [", "not YAML: expected the node content, but found '<stream end>' (line 1, column 5)"),
        ("a: !!python/object:os.system {}", "not YAML: could not determine a constructor"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(text: str, line: str) -> None:
    with pytest.raises(Invalid) as refusal:
        load_manifest(text)
    assert str(refusal.value).startswith(f"Invalid: {line}")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("part", "line"),
    [
        (
            "data: {apiKey: 'not-base64!'}",
            "Secret keys: data.apiKey is not base64 text; write plain text under stringData",
        ),
        ("stringData: {apiKey: 12345}", "Secret keys: stringData.apiKey is not text; write it in quotes"),
    ],
)
def test_a_wrong_secret_is_refused_without_showing_its_values(part: str, line: str) -> None:
    with pytest.raises(Invalid, match=f"^Invalid: {line}$"):
        load_manifest(f"apiVersion: v1\nkind: Secret\nmetadata: {{name: keys}}\n{part}\n---\n{BOT}")
