"""Counts and times for operators, in Prometheus' text exposition format."""

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

SIZES = (1, 2, 4, 8, 16, 32, 64)  # drafts
BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)  # seconds


class Metrics:
    """Everything one server counts. requests: by method, route and status; a route is the pattern, not the path, so
    that ids do not multiply."""

    def __init__(self) -> None:
        # A second series for each, of when it began, would be for nothing.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._all = own = CollectorRegistry()
        labels = ("method", "route", "status")
        self.requests = Counter("unitbrush_requests", "Requests answered.", labels, registry=own)
        self.request_seconds = Histogram(
            "unitbrush_request_seconds", "Time to answer a request.", buckets=BUCKETS, registry=own
        )
        self.render_seconds = Histogram(
            "unitbrush_render_seconds",
            "Time the device spent on a picture, or on drafts at once.",
            buckets=BUCKETS,
            registry=own,
        )
        self.batch_size = Histogram(
            "unitbrush_batch_size", "Drafts drawn at once, where several may be.", buckets=SIZES, registry=own
        )
        self.frames_sent = Counter("unitbrush_frames_sent", "Frames sent over live sockets.", registry=own)
        self.frames_superseded = Counter(
            "unitbrush_frames_superseded", "Live requests replaced by a newer one.", registry=own
        )

    def counter(self, name: str, text: str, label: str, read: Callable[[], Mapping[str, int]]) -> None:
        """Add counts that are read whenever somebody asks, one for each value of a label."""
        self._all.register(_Counts(name, text, label, read))

    def gauge(self, name: str, text: str, read: Callable[[], float]) -> None:
        """Add a number that is read whenever somebody asks."""
        Gauge(name, text, registry=self._all).set_function(read)

    def text(self) -> bytes:
        """The exposition."""
        return generate_latest(self._all)


@dataclass(frozen=True)
class _Counts(Collector):
    """Counts that something else keeps."""

    name: str
    text: str
    label: str
    read: Callable[[], Mapping[str, int]]

    def collect(self) -> Iterable[Metric]:
        """Their values now."""
        family = CounterMetricFamily(self.name, self.text, labels=(self.label,))
        for value, number in self.read().items():
            family.add_metric((value,), number)
        yield family


def resident_bytes() -> float:
    """The memory this process holds now, where the system tells; its peak on macOS; 0 elsewhere."""
    if sys.platform == "win32":
        return 0.0
    import resource

    if sys.platform == "darwin":
        return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    status = Path("/proc/self/statm")
    return float(status.read_text().split()[1]) * resource.getpagesize() if status.is_file() else 0.0
