"""RiskPolicies for the tests, and what one may say and what not: one table for the models and for a real API server."""

from typing import Any

from tests.api.bots import REMOVED
from tests.api.cases import AGE, AMOUNT, MARKET, Refused


def policy(name: str = "alpha", **spec: Any) -> dict[str, Any]:
    """A RiskPolicy that selects every bot; keyword arguments are fields of its spec, None removes one."""
    fields = {"selector": {}, **spec}
    return {
        "apiVersion": "tradingdesk.io/v1alpha1",
        "kind": "RiskPolicy",
        "metadata": {"name": name},
        "spec": {field: value for field, value in fields.items() if value is not None},
    }


def changed(changes: dict[str, Any], name: str = "alpha") -> dict[str, Any]:
    """A policy with fields set or `REMOVED`, by path."""
    made = policy(name)
    for path, value in changes.items():
        *parents, last = path.split(".")
        node: Any = made
        for part in parents:
            node = node.setdefault(part, {})
        if value is REMOVED:
            del node[last]
        else:
            node[last] = value
    return made


def expression(operator: str, *values: str) -> dict[str, Any]:
    made: dict[str, Any] = {"key": "desk", "operator": operator}
    return {**made, "values": list(values)} if values else made


EXPRESSIONS = "spec.selector.matchExpressions"

ACCEPTED: dict[str, dict[str, Any]] = {
    "an empty selector": {},
    "labels": {"spec.selector.matchLabels": {"desk": "alpha", "tier.example.com/x": ""}},
    "every operator": {
        EXPRESSIONS: [
            expression("In", "a", "b"),
            expression("NotIn", "c"),
            expression("Exists"),
            expression("DoesNotExist"),
        ]
    },
    "a switch": {"spec.halted": True},
    "lists": {
        "spec.allowed": {
            "modes": ["DryRun", "Testnet"],
            "exchanges": ["bybit"],
            "markets": ["BTC/USDT", "BTC/USDT:USDT"],
            "strategies": ["simple-maker"],
        }
    },
    "one ceiling": {"spec.ceilings.maxOrderNotional": "100"},
    "every ceiling": {
        "spec.ceilings": {
            "maxOrderNotional": "100",
            "maxPositionNotional": "1000.5",
            "maxOpenOrders": 10,
            "ordersPerSecond": 2,
            "priceCollar": "1.5%",
            "maxDataAge": "2s",
        }
    },
    "nulls, which count as absent": {"spec.halted": None, "spec.ceilings": None},
    "the longest name": {"metadata.name": "a" * 63},
}

REFUSED: dict[str, Refused] = {
    "no selector": Refused(
        {"spec.selector": REMOVED},
        "spec",
        "the required field selector is missing",
        server_place="spec.selector",
        server_words="Required value",
    ),
    "In without values": Refused(
        {EXPRESSIONS: [expression("In")]}, f"{EXPRESSIONS}[0].values", "In and NotIn need values"
    ),
    "Exists with values": Refused(
        {EXPRESSIONS: [expression("Exists", "a")]},
        f"{EXPRESSIONS}[0].values",
        "Exists and DoesNotExist take no values",
    ),
    "an operator for nodes": Refused(
        {EXPRESSIONS: [expression("Gt", "1")]},
        f"{EXPRESSIONS}[0].operator",
        '"Gt" is not one of In, NotIn, Exists or DoesNotExist',
        'supported values: "In", "NotIn", "Exists", "DoesNotExist"',
    ),
    "a switch as text": Refused(
        {"spec.halted": "yes"}, "spec.halted", '"yes" is neither true nor false', "must be of type boolean"
    ),
    "an empty list": Refused(
        {"spec.allowed.modes": []},
        "spec.allowed.modes",
        "the list should have at least 1 item, not 0",
        "should have at least 1 items",
    ),
    "a mode that does not work yet": Refused(
        {"spec.allowed.modes": ["Live"]},
        "spec.allowed.modes[0]",
        '"Live" is not one of DryRun or Testnet',
        'supported values: "DryRun", "Testnet"',
    ),
    "a venue's own name of a market": Refused(
        {"spec.allowed.markets": ["BTCUSDT"]}, "spec.allowed.markets[0]", f'"BTCUSDT" {MARKET}'
    ),
    "a ceiling of zero": Refused(
        {"spec.ceilings.maxOrderNotional": "0"}, "spec.ceilings.maxOrderNotional", f'"0" {AMOUNT}'
    ),
    "a ceiling on age out of its range": Refused(
        {"spec.ceilings.maxDataAge": "2m"}, "spec.ceilings.maxDataAge", f'"2m" {AGE}'
    ),
    "a ceiling that is no limit": Refused(
        {"spec.ceilings.maxLeverage": "3"},
        "spec.ceilings.maxLeverage",
        "unknown field; the fields here are maxOrderNotional",
        server_place=" ",
        server_words='unknown field "spec.ceilings.maxLeverage"',
    ),
    "what a breach shall do, which nothing does yet": Refused(
        {"spec.onBreach": "Halt"},
        "spec.onBreach",
        "unknown field; the fields here are selector, halted, allowed, ceilings",
        server_place=" ",
        server_words='unknown field "spec.onBreach"',
    ),
    "a name with capitals": Refused(
        {"metadata.name": "alpha.1"},
        "metadata.name",
        '"alpha.1" is not a name of lower-case letters',
        "the name of a RiskPolicy has at most 63 lower-case letters, digits and dashes",
        server_place="<nil>",
    ),
}
