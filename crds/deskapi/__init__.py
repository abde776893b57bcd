"""The desk's API: what a TradingBot is, in Python and (generated from it) as a CRD.

`load_bot` turns a plain object into a `TradingBot`, `load_manifest` does so with a YAML file, `check_change` judges an
edit, `dump` writes any part back.
"""

from deskapi.conditions import (
    ConditionStatus,
    ConditionType,
    DeadManState,
    EngineState,
    HaltSource,
    LatchState,
    Phase,
    Reason,
)
from deskapi.envelope import Envelope
from deskapi.loading import Invalid, check_change, dump, load_bot
from deskapi.manifest import load_manifest
from deskapi.status import (
    Condition,
    DeadMan,
    EngineStatus,
    Halt,
    KillSwitch,
    Position,
    Problem,
    TradingBotStatus,
)
from deskapi.tradingbot import (
    API_VERSION,
    GROUP,
    KIND,
    PLURAL,
    VERSION,
    Mode,
    ObjectMeta,
    Storage,
    Strategy,
    TradingBot,
    TradingBotSpec,
)
from deskapi.venue import Exchange, MarketType, SecretReference, Venue

__all__ = [
    "API_VERSION",
    "GROUP",
    "KIND",
    "PLURAL",
    "VERSION",
    "Condition",
    "ConditionStatus",
    "ConditionType",
    "DeadMan",
    "DeadManState",
    "EngineState",
    "EngineStatus",
    "Envelope",
    "Exchange",
    "Halt",
    "HaltSource",
    "Invalid",
    "KillSwitch",
    "LatchState",
    "MarketType",
    "Mode",
    "ObjectMeta",
    "Phase",
    "Position",
    "Problem",
    "Reason",
    "SecretReference",
    "Storage",
    "Strategy",
    "TradingBot",
    "TradingBotSpec",
    "TradingBotStatus",
    "Venue",
    "check_change",
    "dump",
    "load_bot",
    "load_manifest",
]
