"""Metrics of what stands between the bot and its venue: rate limits, clocks, streams, queues.

Labels are bounded: limits of the venue's table, markets of the spec, the bot's own queues.
"""

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from deskbot.venues.protocol import VenueFigures


class VenueMetrics(Collector):
    """`figures` and `queues` (share of each that is in use) are None before there is a venue or an engine."""

    def __init__(
        self, figures: Callable[[], VenueFigures | None], queues: Callable[[], dict[str, float] | None]
    ) -> None:
        self._figures = figures
        self._queues = queues

    def describe(self) -> list[Metric]:
        """Nothing ahead of time."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The metrics now."""
        figures, queues = self._figures(), self._queues()
        if figures is not None:
            yield from _of_venue(figures)
        if queues is not None:
            yield _labelled("desk_queue_share", "How full a queue of the bot is, 1 is full.", "queue", queues)


def _of_venue(figures: VenueFigures) -> Iterator[Metric]:
    left = {name: 1.0 - share for name, share in figures.limits_used.items()}
    yield _labelled("desk_rate_limit_remaining", "Share of a venue's rate limit that is left.", "limit", left)
    yield CounterMetricFamily("desk_rate_limit_refusals", "Requests refused for their rate.", figures.refusals)
    yield CounterMetricFamily("desk_venue_bans", "Bans of this address by the venue.", figures.bans)
    skew = "This machine's clock minus the venue's, in seconds."
    yield GaugeMetricFamily("desk_clock_skew_seconds", skew, figures.clock_skew_ms / 1000)
    breaks = CounterMetricFamily("desk_stream_breaks", "Times a stream was lost.", labels=["stream"])
    for stream, count in sorted(figures.stream_breaks.items()):
        breaks.add_metric([stream], count)
    yield breaks


def _labelled(name: str, text: str, label: str, values: dict[str, float]) -> Metric:
    metric = GaugeMetricFamily(name, text, labels=[label])
    for value, share in sorted(values.items()):
        metric.add_metric([value], share)
    return metric
