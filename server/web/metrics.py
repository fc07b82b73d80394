"""Counts and times for operators, in Prometheus' text exposition format 0.0.4."""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from pathlib import Path

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


class Histogram:
    """Seconds, counted in the cumulative buckets of `BUCKETS`."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        """Count one duration."""
        self.counts[bisect_left(BUCKETS, seconds)] += 1
        self.total += seconds

    def lines(self, name: str) -> list[str]:
        """The exposition's samples."""
        out, below = [], 0
        for edge, count in zip((*map(str, BUCKETS), "+Inf"), self.counts, strict=True):
            below += count
            out.append(f'{name}_bucket{{le="{edge}"}} {below}')
        return [*out, f"{name}_sum {self.total:.6f}", f"{name}_count {below}"]


class Metrics:
    """Everything one server counts."""

    def __init__(self, render_seconds: Histogram) -> None:
        self._gauges: dict[str, tuple[str, Callable[[], float]]] = {}
        self.requests: Counter[tuple[str, str, int]] = Counter()
        self.request_seconds = Histogram()
        self.render_seconds = render_seconds
        self.frames_sent = 0
        self.frames_superseded = 0

    def gauge(self, name: str, text: str, read: Callable[[], float]) -> None:
        """Add a number that is read whenever somebody asks."""
        self._gauges[name] = (text, read)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request; `route` is the pattern, not the path, so that ids do not multiply."""
        self.requests[method, route, status] += 1
        self.request_seconds.observe(seconds)

    def text(self) -> str:
        """The exposition."""
        out = _head("unitbrush_requests_total", "counter", "Requests answered.")
        for (method, route, status), count in sorted(self.requests.items()):
            labels = f'method="{_label(method)}",route="{_label(route)}",status="{status}"'
            out.append(f"unitbrush_requests_total{{{labels}}} {count}")
        out += _head("unitbrush_request_seconds", "histogram", "Time to answer a request.")
        out += self.request_seconds.lines("unitbrush_request_seconds")
        out += _head("unitbrush_render_seconds", "histogram", "Time the device spent on one picture.")
        out += self.render_seconds.lines("unitbrush_render_seconds")
        out += _head("unitbrush_frames_sent_total", "counter", "Frames sent over live sockets.")
        out.append(f"unitbrush_frames_sent_total {self.frames_sent}")
        out += _head("unitbrush_frames_superseded_total", "counter", "Live requests replaced by a newer one.")
        out.append(f"unitbrush_frames_superseded_total {self.frames_superseded}")
        for name, (text, read) in self._gauges.items():
            out += _head(name, "gauge", text)
            out.append(f"{name} {read():g}")
        return "\n".join(out) + "\n"


def _head(name: str, kind: str, text: str) -> list[str]:
    return [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]


def _label(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def resident_bytes() -> float:
    """The memory this process holds now, where the system tells; its peak on macOS; 0 elsewhere."""
    status = Path("/proc/self/statm")
    if status.is_file():
        import resource

        return float(status.read_text().split()[1]) * resource.getpagesize()
    if sys.platform == "darwin":
        import resource

        return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return 0.0
