"""What the operator counts. Labels are bounded: kinds, lanes, reasons, never names of bots."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """A registry of its own, so that two operators in one process count apart."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.seconds = Histogram(
            "desk_operator_reconcile_seconds",
            "Time from taking up a piece of work to its end.",
            ["work"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._depth = Gauge(
            "desk_operator_queue_depth", "Keys that wait for a worker.", ["lane"], registry=self._registry
        )
        self._errors = Counter(
            "desk_operator_errors",
            "Pieces of work that failed, by reason.",
            ["work", "reason"],
            registry=self._registry,
        )
        self._writes = Counter(
            "desk_operator_writes", "Writes that the API server accepted.", ["kind", "verb"], registry=self._registry
        )

        self._kills = Counter(
            "desk_operator_kill_jobs",
            "What became of halts that an engine did not confirm in time, by the reason of the Event.",
            ["reason"],
            registry=self._registry,
        )

        self._tombstones = Gauge(
            "desk_operator_tombstones",
            "Leases of bots that are gone, by what they wait for.",
            ["waits_for"],
            registry=self._registry,
        )

    def watch_tombstones(self, waits_for: str, count: Callable[[], float]) -> None:
        """Asks for their number whenever somebody looks."""
        self._tombstones.labels(waits_for).set_function(count)

    def kill(self, reason: str) -> None:
        self._kills.labels(reason).inc()

    def wrote(self, kind: str, verb: str) -> None:
        self._writes.labels(kind, verb).inc()

    def failed(self, work: str, reason: str) -> None:
        self._errors.labels(work, reason).inc()

    def watch_depth(self, lane: str, depth: Callable[[], float]) -> None:
        """Asks for a lane's depth whenever somebody looks."""
        self._depth.labels(lane).set_function(depth)

    def exposition(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self._registry)
