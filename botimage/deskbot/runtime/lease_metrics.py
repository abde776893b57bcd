"""Metrics of the permission to add risk."""

from collections.abc import Callable, Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from deskbot.fencing.holder import Holder


class LeaseMetrics(Collector):
    """`now` is the clock that the Holder is asked with."""

    def __init__(self, holder: Holder, now: Callable[[], int]) -> None:
        self._holder = holder
        self._now = now

    def describe(self) -> list[Metric]:
        """Nothing ahead of time."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The metrics now; an age that is not known has none."""
        now = self._now()
        may = 0.0 if self._holder.why_not(now) else 1.0
        yield GaugeMetricFamily("desk_may_add_risk", "1 while Lease and control are young enough to trade on.", may)
        age = GaugeMetricFamily("desk_control_age_seconds", "Age of what permits to trade.", labels=["of"])
        for name, known in zip(("lease", "object"), self._holder.ages(now), strict=True):
            if known is not None:
                age.add_metric([name], known / 1e9)
        yield age
