"""Metrics for Prometheus, made from the engine's summary whenever they are asked for.

Labels are bounded: markets of the spec, checks of the gate, states of the engine. Money is a float here and only here:
a metric is a picture, not a book.
"""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from deskapi import EngineState
from deskbot.core.money import UNIT
from deskbot.core.summary import PositionSummary, Summary
from deskbot.runtime.build import is_compiled
from deskbot.runtime.clock import NANOSECONDS, Clock

_COMMIT_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0)
_RATIO = float(UNIT)


class Metrics(Collector):
    """The metrics of one bot, in a registry of their own."""

    def __init__(self, summary: Callable[[], Summary | None], clock: Clock, version: str) -> None:
        self._summary = summary
        self._version = version
        self._clock = clock
        self._registry = CollectorRegistry()
        self.commit_seconds = Histogram(
            "desk_journal_commit_seconds",
            "Time for which a batch of records was on its way to the disk.",
            buckets=_COMMIT_BUCKETS,
            registry=self._registry,
        )
        ProcessCollector(registry=self._registry)
        self._registry.register(self)

    def add(self, collector: Collector) -> None:
        """Show what another collector has, too."""
        self._registry.register(collector)

    def render(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self._registry)

    def describe(self) -> list[Metric]:
        """Nothing ahead of time: the markets come with the spec."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The metrics now; before there is an engine only which build this is."""
        built = GaugeMetricFamily("desk_build_info", "1, for the build that runs.", labels=["version", "compiled"])
        built.add_metric([self._version, str(int(is_compiled()))], 1.0)
        yield built
        summary = self._summary()
        if summary is None:
            return
        yield _states(summary)
        yield from _counters(summary)
        yield GaugeMetricFamily("desk_open_orders", "Orders that may rest on the venue.", summary.open_orders)
        yield GaugeMetricFamily("desk_foreign_orders", "Orders seen that are not this bot's.", summary.foreign_orders)
        armed = 1.0 if summary.dead_man_until else 0.0
        yield GaugeMetricFamily("desk_dead_man_armed", "1 while the venue would cancel everything by itself.", armed)
        if summary.equity is not None:
            yield GaugeMetricFamily("desk_equity", "Value of the account in the quote coin.", summary.equity / _RATIO)
        yield from _day(summary)
        yield from self._by_market(summary.positions)

    def _by_market(self, positions: list[PositionSummary]) -> Iterator[Metric]:
        position = GaugeMetricFamily("desk_position", "Position in the base coin.", labels=["market"])
        notional = GaugeMetricFamily("desk_position_notional", "Position in the quote coin.", labels=["market"])
        realised = GaugeMetricFamily("desk_realised_pnl", "Realised PnL before fees, in quote.", labels=["market"])
        age = GaugeMetricFamily("desk_data_age_seconds", "Age of the newest market data.", labels=["market"])
        for one in positions:
            position.add_metric([one.market], one.amount / _RATIO)
            notional.add_metric([one.market], one.notional / _RATIO)
            realised.add_metric([one.market], one.realised / _RATIO)
            if one.data_at:
                age.add_metric([one.market], (self._clock.now() - one.data_at) / NANOSECONDS)
        yield from (position, notional, realised, age)


def _states(summary: Summary) -> Metric:
    states = GaugeMetricFamily("desk_engine_state", "1 for the state the engine is in.", labels=["state"])
    for state in EngineState:
        states.add_metric([state.value], 1.0 if state.value == summary.state else 0.0)
    return states


def _day(summary: Summary) -> Iterator[Metric]:
    if summary.day_price is None or summary.day_fees is None or summary.day_funding is None:
        return
    day = GaugeMetricFamily("desk_day_pnl", "Where the UTC day's PnL comes from, in quote.", labels=["part"])
    day.add_metric(["price"], summary.day_price / _RATIO)
    day.add_metric(["fees"], -summary.day_fees / _RATIO)
    day.add_metric(["funding"], summary.day_funding / _RATIO)
    yield day


def _counters(summary: Summary) -> Iterator[Metric]:
    yield CounterMetricFamily("desk_orders", "Orders decided since the journal began.", summary.orders)
    yield CounterMetricFamily("desk_fills", "Fills since the journal began.", summary.fills)
    yield CounterMetricFamily(
        "desk_missed_fills", "Fills that no stream had told, of this process.", summary.missed_fills
    )
    yield CounterMetricFamily(
        "desk_forced_fills", "Liquidations, auto-deleveraging and settlements of the journal.", summary.forced_fills
    )
    yield CounterMetricFamily(
        "desk_fill_corrections", "Fills whose price or fee the venue stated anew.", summary.corrections
    )
    notices = GaugeMetricFamily("desk_notice", "1 for what people should look at.", labels=["reason"])
    for reason in sorted({reason for reason, _ in summary.notices}):
        notices.add_metric([reason], 1.0)
    yield notices
    rejections = CounterMetricFamily("desk_rejections", "Targets dropped before they were sent.", labels=["check"])
    for check, count in sorted(summary.rejections.items()):
        rejections.add_metric([check], count)
    yield rejections
