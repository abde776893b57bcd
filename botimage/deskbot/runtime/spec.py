"""From the object to what the engine and the venue are given: integers, strategies ready to run, settings.

What cannot work is said as a `Problem` with the reason a condition would carry; nothing here raises for a wrong spec.
"""

from collections.abc import Mapping
from datetime import timedelta

from deskapi import Envelope, Mode, TradingBotSpec
from deskapi import Strategy as StrategySpec
from deskapi.conditions import Reason
from deskbot.core.errors import DeskError, Invalid
from deskbot.core.events import Control, Problem
from deskbot.core.instrument import Instrument
from deskbot.core.limits import Limits
from deskbot.core.money import to_units
from deskbot.core.strategy import Strategy
from deskbot.runtime.observation import Observation
from deskbot.venues.protocol import Credentials, VenueSettings
from deskbot.venues.table import refusal
from deskstrategies.catalogue import build, check

STRATEGY_PROBLEM = "strategy"
SPEC_PROBLEM = "spec"

# Modes of one class may follow each other on one journal; a bot never crosses from one class to another.
SIMULATED = "Simulated"
_MODE_CLASS = {Mode.DRY_RUN: SIMULATED, Mode.TESTNET: "Testnet"}


def mode_class(mode: Mode) -> str:
    """The class that a journal is bound to."""
    return _MODE_CLASS[mode]


def limits_of(envelope: Envelope) -> Limits:
    """The envelope in the engine's integers."""
    return Limits(
        max_order_notional=to_units(envelope.max_order_notional),
        max_position_notional=to_units(envelope.max_position_notional),
        max_open_orders=envelope.max_open_orders,
        orders_per_second=envelope.orders_per_second,
        price_collar=to_units(envelope.price_collar),
        max_data_age=envelope.max_data_age // timedelta(microseconds=1) * 1000,
    )


def settings_of(spec: TradingBotSpec, credentials: Credentials | None, endpoint: str | None = None) -> VenueSettings:
    """How the venue is opened; `endpoint` replaces the one of the spec. Raises Invalid where the bot must not trade."""
    refused = refusal(spec.venue.exchange.value, spec.venue.market_type.value, spec.mode.value)
    if refused:
        raise Invalid(Reason.SPEC_INVALID, refused)
    return VenueSettings(
        exchange=spec.venue.exchange.value,
        market_type=spec.venue.market_type.value,
        markets=spec.markets,
        credentials=credentials,
        endpoint=endpoint or spec.venue.endpoint,
        shared_by=spec.venue.shared_by,
    )


class Strategies:
    """The strategies of one bot, one instance a market, made anew only when their settings or the market change."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[object, Strategy]] = {}

    def of(
        self, spec: TradingBotSpec, instruments: Mapping[str, Instrument]
    ) -> tuple[dict[str, Strategy], DeskError | None]:
        """Strategies by market, or why there are none. Markets without an instrument yet have none yet."""
        wanted = spec.strategies[0]
        try:
            check(wanted.name, wanted.version, wanted.params)
            if not wanted.enabled:
                return {}, None
            known = [market for market in spec.markets if market in instruments]
            return {market: self._strategy(wanted, instruments[market]) for market in known}, None
        except DeskError as error:
            return {}, error

    def _strategy(self, wanted: StrategySpec, instrument: Instrument) -> Strategy:
        key = (wanted, instrument.facts())
        made = self._made.get(instrument.market)
        if made is None or made[0] != key:
            made = (key, build(wanted.name, wanted.version, wanted.params, instrument))
            self._made[instrument.market] = made
        return made[1]


def control_of(seen: Observation, strategies: dict[str, Strategy], at: int) -> Control:
    """The object as the engine is told of it; there must have been a good one."""
    if seen.bot is None:
        raise ValueError("there is no spec yet")
    spec = seen.bot.spec
    return Control(
        at=at,
        generation=seen.generation,
        mode=spec.mode.value,
        halted=seen.halted,
        paused=seen.paused,
        acknowledged_halt=spec.acknowledged_halt or "",
        latch_id=seen.latch_id,
        latch_released=seen.latch_released,
        markets=spec.markets,
        limits=limits_of(spec.envelope),
        strategies=strategies,
        deleted=seen.deleted,
        dead_man_after=spec.kill_switch.dead_man_after // timedelta(microseconds=1) * 1000,
    )


def problem_of(key: str, error: DeskError | None, at: int) -> Problem:
    """What the engine is told when something is wrong, or right again."""
    if error is None:
        return Problem(at, key, "")
    return Problem(at, key, error.reason, error.message)
