"""The vocabulary of the status: condition types, their reasons, phases, engine states. Names here never change meaning.

Condition rules follow Kubernetes: `Ready` is the one to wait for, `Reconciling` and `Stalled` are abnormal when true,
`Trading` and `Halted` say what the bot does. A halt that the venue confirmed is `Ready=True` with `Halted=True`.
"""

from enum import StrEnum
from typing import Self


class Documented(StrEnum):
    """An enum whose members carry their meaning in one line, for descriptions and reference pages."""

    _value_: str
    meaning: str

    def __new__(cls, value: str, meaning: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    @classmethod
    def explained(cls) -> str:
        """All members with their meaning, as one line of text."""
        return "; ".join(f"{member.value}: {member.meaning}" for member in cls)


class ConditionType(Documented):
    READY = (
        "Ready",
        "the pod is ready, start-up reconciliation is done and the engine is in the state the spec asks for",
    )
    RECONCILING = "Reconciling", "the desk is on its way to what the spec asks for"
    STALLED = "Stalled", "the bot cannot go on until a person changes something, the reason says what"
    ADMITTED = (
        "Admitted",
        "the latest spec was judged by every RiskPolicy in scope and may run, the reason says why not",
    )
    TRADING = "Trading", "the engine may send orders to the venue"
    HALTED = "Halted", "the kill switch is latched, the reason says whether the venue confirmed that no order is left"


class ConditionStatus(StrEnum):
    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Reason(Documented):
    """Reasons of conditions, of the engine's problem and of a halt."""

    # on the way, or as asked
    POD_NOT_READY = "PodNotReady", "the bot's pod does not exist yet or is not ready"
    STARTUP_RECONCILIATION = "StartupReconciliation", "the engine compares orders, position and fills with the venue"
    SPEC_PENDING = "SpecPending", "the engine has not taken over the latest spec yet"
    RUNNING = "Running", "the engine runs the spec"
    SETTLED = "Settled", "nothing is left to do"
    DRY_RUN = "DryRun", "the engine decides and sends nothing"
    EARLIER_BOT_REMAINS = (
        "EarlierBotRemains",
        "an earlier TradingBot of this name is gone, and that none of its orders is left has not been proved yet",
    )
    ACCOUNT_PENDING = (
        "AccountPending",
        "the engine has told whose account its key opens, and waits to be admitted on it before it sends anything",
    )
    PAUSED = "Paused", "spec.paused is true: quotes are pulled, no risk is added"
    STRATEGY_DISABLED = "StrategyDisabled", "no strategy of the bot is enabled"
    STOPPING = "Stopping", "the bot is being deleted or its pod is stopping"
    NOT_HALTED = "NotHalted", "the kill switch is released"
    ALLOWED = "Allowed", "no RiskPolicy in scope speaks against the spec"
    ENFORCED = "Enforced", "every bot in scope was judged by the latest spec of the policy"
    ENFORCING = "Enforcing", "not every bot in scope has been judged by the latest spec of the policy yet"

    # halts
    HALT_UNCONFIRMED = "HaltUnconfirmed", "latched, the venue has not yet proved that no order is left"
    HALT_CONFIRMED = "HaltConfirmed", "latched, the venue's own answers prove that no order is left"
    SPEC_HALTED = "SpecHalted", "a person set spec.halted"
    POLICY_HALTED = "PolicyHalted", "a person set spec.halted of a RiskPolicy that selects the bot"
    INVARIANT_VIOLATED = "InvariantViolated", "the engine is in a state that must never be, the message says which"
    JOURNAL_LOST = (
        "JournalLost",
        "the bot has run before and its journal is gone, position and day are what the venue says",
    )
    EARLIER_OBJECT = "EarlierObject", "an earlier object of this name left its journal, nothing of it was taken over"
    OBJECT_DELETED = "ObjectDeleted", "the TradingBot was deleted or replaced by another object of its name"

    # a person has to change something in the spec or its Secret
    SPEC_INVALID = "SpecInvalid", "the spec does not pass the schema of this version"
    STRATEGY_UNKNOWN = "StrategyUnknown", "no strategy of that name and version is in the image"
    PARAMS_INVALID = "ParamsInvalid", "the strategy refuses its params"
    STRATEGY_FAILED = "StrategyFailed", "the strategy met an error of its own, the message names it"
    MARKET_UNKNOWN = "MarketUnknown", "the venue does not list a market of the spec"
    CREDENTIALS_MISSING = "CredentialsMissing", "the Secret, or one of its keys apiKey and secret, does not exist"
    CREDENTIALS_REFUSED = "CredentialsRefused", "the venue refuses the key or its signature"
    ACCOUNT_UNSUITABLE = "AccountUnsuitable", "the account or its key must not be used as it is set up"

    # not admitted: a bot that never ran gets no pod, one that did adds no risk
    MODE_NOT_ALLOWED = "ModeNotAllowed", "a RiskPolicy does not allow the mode"
    EXCHANGE_NOT_ALLOWED = "ExchangeNotAllowed", "a RiskPolicy does not allow the exchange"
    MARKET_NOT_ALLOWED = "MarketNotAllowed", "a RiskPolicy does not allow a market"
    STRATEGY_NOT_ALLOWED = "StrategyNotAllowed", "a RiskPolicy does not allow a strategy"
    ACCOUNT_TAKEN = "AccountTaken", "another TradingBot has the account that the key opens, the message names it"
    ACCOUNT_CHANGED = "AccountChanged", "the key opens another account than the bot was admitted on"
    POLICY_LOST = "PolicyLost", "a RiskPolicy by which the bot was judged is gone or no longer selects it"
    POLICIES_UNKNOWN = "PoliciesUnknown", "the RiskPolicies cannot be read, nothing looser is admitted meanwhile"

    # a person has to look after the bot's surroundings
    VENUE_UNREACHABLE = "VenueUnreachable", "the venue does not answer"
    POSITION_MISMATCH = "PositionMismatch", "a position on the venue is not the journal's: something else trades there"
    RECONCILIATION_STUCK = "ReconciliationStuck", "the venue does not say all that must be known before trading"
    FILLS_OUT_OF_REACH = "FillsOutOfReach", "executions may be missing that the venue does not show any more"
    MARKET_CLOSED = "MarketClosed", "a market of the spec is not open for trading on the venue"
    VENUE_UNSTABLE = "VenueUnstable", "requests to the venue fail again and again"
    RATE_LIMITED = "RateLimited", "the venue refuses requests for their rate, or has banned this address"
    OVERLOADED = "Overloaded", "more waits inside the bot than it can keep up with"
    CLOCK_SKEWED = "ClockSkewed", "this machine's clock and the venue's are too far apart"
    LEASE_WAITING = (
        "LeaseWaiting",
        "another pod holds the bot's Lease, or may still hold it, this one waits until it is released or has expired",
    )
    CONTROL_LOST = (
        "ControlLost",
        "the API server has not renewed the Lease or told the object within envelope.maxControlAge, quotes are pulled",
    )
    JOURNAL_CORRUPT = "JournalCorrupt", "the journal cannot be read, it was left as it is"
    JOURNAL_FOREIGN = "JournalForeign", "the journal belongs to another account, venue or mode"
    JOURNAL_LOCKED = "JournalLocked", "another process uses the journal"
    DISK_FULL = "DiskFull", "the journal cannot be written: no space is left on its volume"
    DISK_FAILING = "DiskFailing", "the journal's volume answers with errors, or does not answer"
    ENGINE_SILENT = "EngineSilent", "the pod is ready and the engine does not report"
    ENGINE_FAILED = "EngineFailed", "the engine met an error that it cannot handle, the log has the details"
    CHILD_REFUSED = "ChildRefused", "the API server refuses one of the bot's children"
    IMAGE_UNAVAILABLE = "ImageUnavailable", "the bot's image cannot be pulled"
    POD_UNSCHEDULABLE = "PodUnschedulable", "no node can take the bot's pod"
    RECORDING_UNUSABLE = "RecordingUnusable", "a recording cannot be replayed"
    POD_CRASHING = "PodCrashing", "the bot's container ends again and again"


class Phase(Documented):
    """`status.phase`: one word for the table, derived from the conditions; nothing decides on it."""

    PENDING = "Pending", "the pod is not ready yet"
    STARTING = "Starting", "the engine compares itself with the venue"
    RUNNING = "Running", "the engine runs the spec"
    PAUSED = "Paused", "quotes are pulled, no risk is added"
    HALTING = "Halting", "the kill switch is latched, the venue has not confirmed yet"
    HALTED = "Halted", "the kill switch is latched and the venue has confirmed that no order is left"
    STALLED = "Stalled", "a person has to change something"
    STOPPING = "Stopping", "orders are being cancelled before the pod goes"


class EngineState(Documented):
    """`status.engine.state`: what the engine itself says it is doing."""

    STARTING = "Starting", "comparing orders, position, balance and fills with the venue, no order is sent"
    RUNNING = "Running", "the strategies run"
    PAUSED = "Paused", "quotes are pulled, no risk is added"
    HALTING = "Halting", "cancelling everything and asking the venue for proof"
    HALTED = "Halted", "latched, the venue has confirmed that no order is left"
    STALLED = "Stalled", "up and reporting, but it cannot trade: see problem"
    STOPPING = "Stopping", "cancelling everything before the process ends"
    STOPPED = "Stopped", "nothing is left on the venue and the process ends"


class LatchState(Documented):
    """`status.killSwitch.state`. Everything but Released is latched."""

    RELEASED = "Released", "a person acknowledged the halt of this id, or there was none"
    LATCHED = "Latched", "halted, the venue has not confirmed yet"
    CONFIRMED = "Confirmed", "halted, the venue's own answers prove that no order is left"


class DeadManState(Documented):
    """`status.engine.deadMan.state`: the exchange's own switch that cancels everything when the bot falls silent."""

    ARMED = "Armed", "the exchange cancels every order of the account when it hears nothing more"
    IDLE = "Idle", "not armed, as no order rests that adds risk"
    UNAVAILABLE = "Unavailable", "the exchange has none, or this account may not use it"


class Confirmer(Documented):
    """Who proved a halt by the venue's own answers."""

    ENGINE = "Engine", "the bot's engine"
    OPERATOR = "Operator", "nobody had to: the bot was never admitted on an account, so no order of it ever left"
    KILL_JOB = "KillJob", "a Job with nothing but the venue and the Secret, in the engine's place"


class HaltSource(Documented):
    """Who latched first."""

    SPEC = "Spec", "spec.halted"
    POLICY = "Policy", "spec.halted of a RiskPolicy"
    ENGINE = "Engine", "the engine's own decision"
