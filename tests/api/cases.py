"""What a TradingBot may say and what not: one table, run against the models and against a real API server.

A refused case names the place and the words, of the API server and of the file loader, which mostly are the same.
"""

from dataclasses import dataclass, field
from typing import Any

from tests.api.bots import REMOVED, spot

NODE_TERM = {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a", "b"]}]}
POD_TERM = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "desk"}}}

ACCEPTED: dict[str, dict[str, Any]] = {
    "the example": {},
    "a dry run without credentials": {"spec.mode": "DryRun", "spec.venue.credentialsSecretRef": REMOVED},
    "no mode, which is a dry run": {"spec.mode": REMOVED},
    "no endpoint, which is the venue's test network": {"spec.venue.endpoint": REMOVED},
    "an endpoint with https, a port and a path": {"spec.venue.endpoint": "https://proxy.internal:8443/venue/v1"},
    "a spot bot": spot(),
    "a spot bot on Binance": spot({"spec.venue.exchange": "binance"}),
    "a swap bot on Binance": {"spec.venue.exchange": "binanceusdm"},
    "several markets of one quote currency": {"spec.markets": ["BTC/USDT:USDT", "ETH/USDT:USDT", "1000PEPE/USDT:USDT"]},
    "twenty markets": {"spec.markets": [f"C{number}/USDT:USDT" for number in range(20)]},
    "only the two amounts in the envelope": {
        "spec.envelope": {"maxOrderNotional": "0.000001", "maxPositionNotional": "999999999999.999999999999"}
    },
    "every limit at its lower bound": {
        "spec.envelope.maxOpenOrders": 1,
        "spec.envelope.ordersPerSecond": 1,
        "spec.envelope.priceCollar": "0.000001%",
        "spec.envelope.maxDataAge": "100ms",
        "spec.envelope.maxControlAge": "10s",
    },
    "every limit at its upper bound": {
        "spec.envelope.maxOpenOrders": 500,
        "spec.envelope.ordersPerSecond": 100,
        "spec.envelope.priceCollar": "99.999999%",
        "spec.envelope.maxDataAge": "1m",
        "spec.envelope.maxControlAge": "60s",
        "spec.venue.sharedBy": 100,
    },
    "a duration in several units": {"spec.envelope.maxDataAge": "30s500ms"},
    "halted and paused": {"spec.halted": True, "spec.paused": True},
    "an acknowledged halt": {"spec.acknowledgedHalt": "89e5efad-1763718000123"},
    "an emptied acknowledgement": {"spec.acknowledgedHalt": ""},
    "nulls, which count as absent": {"spec.halted": None, "spec.envelope.maxOpenOrders": None, "spec.resources": None},
    "any params": {"spec.strategies.0.params": {"deep": {"list": [1, 2.5, "x", {"y": True}]}}},
    "no params": {"spec.strategies.0.params": REMOVED},
    "a strategy's version": {"spec.strategies.0.version": "2.4.0-rc.1+build5"},
    "resources as numbers and as text": {
        "spec.resources": {"requests": {"cpu": "50m", "memory": "80Mi"}, "limits": {"cpu": 1, "memory": "256Mi"}}
    },
    "a storage class": {"spec.storage": {"size": "5Gi", "storageClassName": "fast"}},
    "an image by digest": {"spec.image": "registry.example:5000/desk/bot@sha256:" + "0" * 64},
    "a place for the pod": {
        "spec.nodeSelector": {"kubernetes.io/arch": "amd64"},
        "spec.tolerations": [{"key": "dedicated", "operator": "Equal", "value": "desk", "effect": "NoSchedule"}],
        "spec.affinity": {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [NODE_TERM]},
                "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 5, "preference": NODE_TERM}],
            },
            "podAntiAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": [POD_TERM],
                "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 5, "podAffinityTerm": POD_TERM}],
            },
        },
    },
    "the longest name": {"metadata.name": "b" * 32},
}


@dataclass(frozen=True)
class Refused:
    """A mistake, and what is said about it: by the file loader, and by the API server where its words differ."""

    changes: dict[str, Any]
    place: str
    words: str
    server_words: str = ""
    server_place: str = field(default="")

    def of_server(self) -> tuple[str, str]:
        return self.server_place or self.place, self.server_words or self.words


ORDER_NOTIONAL = "spec.envelope.maxOrderNotional"
AMOUNT = 'is not a decimal amount above zero; write for example "250"'
RATIO = 'is not a percentage above 0% and below 100%; write for example "1.5%"'
AGE = 'is not a duration from 100ms to 60s; write for example "5s"'
MARKET = 'is not a ccxt market symbol; write for example "BTC/USDT" (Spot) or "BTC/USDT:USDT" (Swap)'
SWAP = 'a Swap market is written BASE/QUOTE:SETTLE and settles in its quote currency, for example "BTC/USDT:USDT"'
SPOT = 'a Spot market is written BASE/QUOTE, for example "BTC/USDT"'
BINANCES = "binance trades Spot, binanceusdm trades Swap: write the one that fits the marketType"
URL = 'is not an http or https address; write for example "http://exchange-simulator:8080"'
SPOT_IN_URL = "must not contain the word spot: ccxt tells spot streams from others by that word in the address"
MODES = 'supported values: "DryRun", "Testnet"'
NAME = 'is not a name of lower-case letters, digits and dashes; write for example "bot1"'
SERVER_NAME = "the name of a TradingBot has at most 32 lower-case letters, digits and dashes and begins with a letter"
QUANTITY = 'is not a quantity; write for example "500m" or "1Gi"'


def _missing(parent: str, name: str) -> Refused:
    return Refused(
        {f"{parent}.{name}": REMOVED},
        parent,
        f"the required field {name} is missing",
        server_place=f"{parent}.{name}",
        server_words="Required value",
    )


def _text(place: str, value: str, words: str) -> Refused:
    return Refused({place: value}, place, f'"{value}" {words}')


def _amount(value: str) -> Refused:
    return _text(ORDER_NOTIONAL, value, AMOUNT)


def _unknown(place: str, hint: str) -> Refused:
    return Refused(
        {place: 1}, place, f"unknown field; {hint}", server_place=" ", server_words=f'unknown field "{place}"'
    )


REFUSED: dict[str, Refused] = {
    "a mode that does not work yet, Paper": Refused(
        {"spec.mode": "Paper"}, "spec.mode", '"Paper" is not one of DryRun or Testnet', MODES
    ),
    "a mode that does not work yet, Live": Refused(
        {"spec.mode": "Live"}, "spec.mode", '"Live" is not one of DryRun or Testnet', MODES
    ),
    "a mode in the wrong case": Refused(
        {"spec.mode": "testnet"}, "spec.mode", '"testnet" is not one of DryRun or Testnet', MODES
    ),
    "text for halted": Refused(
        {"spec.halted": "true"},
        "spec.halted",
        '"true" is neither true nor false; write it without quotes',
        "must be of type boolean",
    ),
    "a number for paused": Refused(
        {"spec.paused": 1}, "spec.paused", "1 is neither true nor false", "must be of type boolean"
    ),
    "an acknowledgement that is no id": _text(
        "spec.acknowledgedHalt", "Halt 7", "is not the id of a halt; copy status.killSwitch.id"
    ),
    "Testnet without credentials": Refused(
        {"spec.venue.credentialsSecretRef": REMOVED},
        "spec.venue",
        "Testnet needs credentialsSecretRef: the name of a Secret with the keys apiKey and secret",
    ),
    "a Secret's name in capitals": _text(
        "spec.venue.credentialsSecretRef.name", "BOT1", 'is not the name of a Secret; write for example "bot1-keys"'
    ),
    "an exchange that is not verified": Refused(
        {"spec.venue.exchange": "kraken"},
        "spec.venue.exchange",
        '"kraken" is not one of binance, binanceusdm or bybit',
        'supported values: "binance", "binanceusdm", "bybit"',
    ),
    "Binance's spot exchange for contracts": Refused(
        {"spec.venue.exchange": "binance"}, "spec.venue.exchange", BINANCES
    ),
    "Binance's futures exchange for coins": Refused(
        spot({"spec.venue.exchange": "binanceusdm"}), "spec.venue.exchange", BINANCES
    ),
    "a market type that is not there": Refused(
        {"spec.venue.marketType": "Option"},
        "spec.venue.marketType",
        '"Option" is not one of Spot or Swap',
        'supported values: "Spot", "Swap"',
    ),
    "no exchange": _missing("spec.venue", "exchange"),
    "no market type": _missing("spec.venue", "marketType"),
    "no venue": _missing("spec", "venue"),
    "no markets": _missing("spec", "markets"),
    "no strategies": _missing("spec", "strategies"),
    "no envelope": _missing("spec", "envelope"),
    "no order limit": _missing("spec.envelope", "maxOrderNotional"),
    "no position limit": _missing("spec.envelope", "maxPositionNotional"),
    "a strategy without a name": Refused(
        {"spec.strategies.0.name": REMOVED},
        "spec.strategies[0]",
        "the required field name is missing",
        server_place="spec.strategies[0].name",
        server_words="Required value",
    ),
    "an endpoint without a scheme": _text("spec.venue.endpoint", "exchange-simulator:8080", URL),
    "an endpoint with a password": _text("spec.venue.endpoint", "http://user:word@host", URL),
    "an endpoint for streams": _text("spec.venue.endpoint", "ws://exchange-simulator:8080", URL),
    "an endpoint with spot in its host": _text("spec.venue.endpoint", "http://spot-simulator:8080", SPOT_IN_URL),
    "an endpoint with spot in its path": _text("spec.venue.endpoint", "http://simulator:8080/SPOT", SPOT_IN_URL),
    "an empty list of markets": Refused(
        {"spec.markets": []}, "spec.markets", "the list should have at least 1 item, not 0", "at least 1 items"
    ),
    "twenty-one markets": Refused(
        {"spec.markets": [f"C{number}/USDT:USDT" for number in range(21)]},
        "spec.markets",
        "the list should have at most 20 items, not 21",
        "must have at most 20 items",
    ),
    "a market twice": Refused(
        {"spec.markets": ["BTC/USDT:USDT", "BTC/USDT:USDT"]},
        "spec.markets",
        "a market is named twice",
        'Duplicate value: "BTC/USDT:USDT"',
        server_place="spec.markets[1]",
    ),
    "a venue's own name of a market": Refused({"spec.markets": ["BTCUSDT"]}, "spec.markets[0]", f'"BTCUSDT" {MARKET}'),
    "a market in small letters": Refused(
        {"spec.markets": ["btc/usdt:usdt"]}, "spec.markets[0]", f'"btc/usdt:usdt" {MARKET}'
    ),
    "a spot market on a swap bot": Refused({"spec.markets": ["BTC/USDT"]}, "spec.markets", SWAP),
    "an inverse contract": Refused({"spec.markets": ["BTC/USD:BTC"]}, "spec.markets", SWAP),
    "a swap market on a spot bot": Refused(spot({"spec.markets": ["BTC/USDT:USDT"]}), "spec.markets", SPOT),
    "two quote currencies": Refused(
        {"spec.markets": ["BTC/USDT:USDT", "ETH/USDC:USDC"]},
        "spec.markets",
        'all markets of a bot have one quote currency, for example "BTC/USDT" and "ETH/USDT"',
    ),
    "no strategy in the list": Refused(
        {"spec.strategies": []}, "spec.strategies", "the list should have at least 1 item, not 0", "at least 1 items"
    ),
    "two strategies": Refused(
        {"spec.strategies": [{"name": "one"}, {"name": "two"}]},
        "spec.strategies",
        "the list should have at most 1 item, not 2",
        "must have at most 1 item",
    ),
    "a strategy's name with a space": _text(
        "spec.strategies.0.name", "simple maker", 'is not the name of a strategy; write for example "simple-maker"'
    ),
    "params that are a list": Refused(
        {"spec.strategies.0.params": []},
        "spec.strategies[0].params",
        "[]: Input should be an object",
        "must be of type object",
    ),
    "an amount with a unit": _amount("25x"),
    "an amount below zero": _amount("-250"),
    "an amount of zero": _amount("0.00"),
    "an amount with an exponent": _amount("2.5e2"),
    "an amount with a comma": _amount("2,500"),
    "an amount with a sign": _amount("+250"),
    "an amount with a leading zero": _amount("0250"),
    "an amount that ends in a point": _amount("250."),
    "an empty amount": _amount(""),
    "an amount with a line's end": Refused(
        {ORDER_NOTIONAL: "250\n"}, ORDER_NOTIONAL, f'"250\\n" {AMOUNT}', server_words=AMOUNT
    ),
    "an amount in other digits": _amount("٢٥٠"),
    "an amount as a number": Refused(
        {ORDER_NOTIONAL: 250},
        ORDER_NOTIONAL,
        '250 is not text; write it in quotes: "250"',
        "must be of type string",
    ),
    "an amount too long": Refused(
        {ORDER_NOTIONAL: "1" * 33},
        ORDER_NOTIONAL,
        "33 characters are too many: at most 32 fit",
        "may not be more than 32 bytes",
    ),
    "a ratio without a sign": _text("spec.envelope.priceCollar", "0.05", RATIO),
    "a ratio of a hundred": _text("spec.envelope.priceCollar", "100%", RATIO),
    "a ratio of zero": _text("spec.envelope.priceCollar", "0%", RATIO),
    "a duration without a unit": _text("spec.envelope.maxDataAge", "5", AGE),
    "a duration in days": _text("spec.envelope.maxDataAge", "1d", AGE),
    "a duration with a fraction": _text("spec.envelope.maxDataAge", "1.5s", AGE),
    "an empty duration": _text("spec.envelope.maxDataAge", "", AGE),
    "a duration too short": _text("spec.envelope.maxDataAge", "99ms", AGE),
    "a duration too long": _text("spec.envelope.maxDataAge", "61s", AGE),
    "no open order allowed": Refused(
        {"spec.envelope.maxOpenOrders": 0},
        "spec.envelope.maxOpenOrders",
        "0: Input should be greater than or equal to 1",
        "should be greater than or equal to 1",
    ),
    "an account shared by nobody": Refused(
        {"spec.venue.sharedBy": 0},
        "spec.venue.sharedBy",
        "0: Input should be greater than or equal to 1",
        "should be greater than or equal to 1",
    ),
    "a count as text": Refused(
        {"spec.envelope.maxOpenOrders": "5"},
        "spec.envelope.maxOpenOrders",
        '"5" is not a whole number; write it without quotes',
        "must be of type integer",
    ),
    "a fraction of an order": Refused(
        {"spec.envelope.ordersPerSecond": 0.5},
        "spec.envelope.ordersPerSecond",
        "0.5 is not a whole number",
        "must be of type integer",
    ),
    "too many orders a second": Refused(
        {"spec.envelope.ordersPerSecond": 101},
        "spec.envelope.ordersPerSecond",
        "101: Input should be less than or equal to 100",
        "should be less than or equal to 100",
    ),
    "a limit that does not exist": _unknown("spec.envelope.maxOrderNotionl", "did you mean maxOrderNotional?"),
    "a limit that does not work yet": _unknown(
        "spec.envelope.maxLeverage",
        "the fields here are maxOrderNotional, maxPositionNotional, maxOpenOrders, ordersPerSecond",
    ),
    "a field in Python's spelling": _unknown("spec.envelope.max_open_orders", "did you mean maxOpenOrders?"),
    "a field of the pod that does not exist": _unknown(
        "spec.affinity.nodeAffinity.required", "the fields here are requiredDuringSchedulingIgnoredDuringExecution"
    ),
    "a quantity with a wrong unit": Refused(
        {"spec.resources": {"limits": {"cpu": "1x"}}}, "spec.resources.limits.cpu", f'"1x" {QUANTITY}', "should match"
    ),
    "a quantity that is true": Refused(
        {"spec.resources": {"limits": {"cpu": True}}},
        "spec.resources.limits.cpu",
        f"True {QUANTITY}",
        "must be of type",
    ),
    "a toleration of an unknown effect": Refused(
        {"spec.tolerations": [{"effect": "Never"}]},
        "spec.tolerations[0].effect",
        '"Never" is not one of NoSchedule, PreferNoSchedule or NoExecute',
        'supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
    ),
    "an image with a space": _text(
        "spec.image", "desk bot", 'is not an image; write for example "registry.example/desk-bot:1.0"'
    ),
    "a name with a dot": Refused(
        {"metadata.name": "bot.1"}, "metadata.name", f'"bot.1" {NAME}', SERVER_NAME, server_place="<nil>"
    ),
    "a name that begins with a digit": Refused(
        {"metadata.name": "1bot"}, "metadata.name", f'"1bot" {NAME}', SERVER_NAME, server_place="<nil>"
    ),
    "a name too long for its children": Refused(
        {"metadata.name": "b" * 33},
        "metadata.name",
        "33 characters are too many: at most 32 fit",
        SERVER_NAME,
        server_place="<nil>",
    ),
}

NEVER = "never changes: create another TradingBot instead"

# Edits of the running example: what never changes in the life of a bot.
REFUSED_EDITS: dict[str, Refused] = {
    "from Testnet to DryRun": Refused({"spec.mode": "DryRun"}, "spec.mode", NEVER),
    "no mode any more, which is DryRun": Refused({"spec.mode": REMOVED}, "spec.mode", NEVER),
    "another market type": Refused(spot(), "spec.venue.marketType", NEVER),
    "another endpoint": Refused(
        {"spec.venue.endpoint": "http://elsewhere:8080"},
        "spec.venue.endpoint",
        NEVER,
        f"endpoint {NEVER}",
        "spec.venue",
    ),
    "no endpoint any more": Refused(
        {"spec.venue.endpoint": REMOVED}, "spec.venue.endpoint", NEVER, f"endpoint {NEVER}", "spec.venue"
    ),
    "a larger volume": Refused({"spec.storage": {"size": "2Gi"}}, "spec.storage", NEVER),
}

ACCEPTED_EDITS: dict[str, dict[str, Any]] = {
    "another envelope": {"spec.envelope.maxOrderNotional": "10", "spec.envelope.maxOpenOrders": 1},
    "other markets": {"spec.markets": ["ETH/USDT:USDT"]},
    "another strategy": {"spec.strategies": [{"name": "another"}]},
    "other credentials": {"spec.venue.credentialsSecretRef.name": "bot1-keys-2"},
    "a halt": {"spec.halted": True},
}
