"""The desk's API: what a TradingBot and a RiskPolicy are, in Python and (generated from it) as CRDs.

`load_bot` and `load_policy` turn a plain object into a `TradingBot` or `RiskPolicy`, `load_manifest` reads a bot from a
YAML file, `check_change` judges an edit, `narrow` puts an envelope inside ceilings, `dump` writes any part back.
"""

from deskapi.conditions import (
    ConditionStatus,
    ConditionType,
    Confirmer,
    DeadManState,
    EngineState,
    HaltSource,
    LatchState,
    Phase,
    Reason,
)
from deskapi.envelope import Bounds, Ceilings, EffectiveEnvelope, Envelope, Narrowed, as_bounds, narrow
from deskapi.judging import spec_hash
from deskapi.loading import Invalid, check_change, dump, load_bot, load_policy, read_part
from deskapi.manifest import load_manifest
from deskapi.riskpolicy import (
    POLICY_KIND,
    POLICY_PLURAL,
    Allowed,
    BotCounts,
    PolicyMeta,
    RiskPolicy,
    RiskPolicySpec,
    RiskPolicyStatus,
)
from deskapi.selector import Selector
from deskapi.status import (
    Admitted,
    Condition,
    DeadMan,
    EngineStatus,
    Halt,
    KillSwitch,
    PolicyInForce,
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
    "POLICY_KIND",
    "POLICY_PLURAL",
    "VERSION",
    "Admitted",
    "Allowed",
    "BotCounts",
    "Bounds",
    "Ceilings",
    "Condition",
    "ConditionStatus",
    "ConditionType",
    "Confirmer",
    "DeadMan",
    "DeadManState",
    "EffectiveEnvelope",
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
    "Narrowed",
    "ObjectMeta",
    "Phase",
    "PolicyInForce",
    "PolicyMeta",
    "Position",
    "Problem",
    "Reason",
    "RiskPolicy",
    "RiskPolicySpec",
    "RiskPolicyStatus",
    "SecretReference",
    "Selector",
    "Storage",
    "Strategy",
    "TradingBot",
    "TradingBotSpec",
    "TradingBotStatus",
    "Venue",
    "as_bounds",
    "check_change",
    "dump",
    "load_bot",
    "load_manifest",
    "load_policy",
    "narrow",
    "read_part",
    "spec_hash",
]
