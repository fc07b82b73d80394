from __future__ import annotations

from server.web.metrics import BUCKETS, Histogram, Metrics, resident_bytes


def test_a_histograms_buckets_are_cumulative() -> None:
    histogram = Histogram()
    for seconds in (0.001, BUCKETS[0], 0.3, 99.0):
        histogram.observe(seconds)
    lines = dict(line.rsplit(" ", 1) for line in histogram.lines("x"))
    assert lines['x_bucket{le="0.005"}'] == "2"
    assert lines['x_bucket{le="0.2"}'] == "2"
    assert lines['x_bucket{le="0.5"}'] == "3"
    assert lines['x_bucket{le="10.0"}'] == "3"
    assert lines['x_bucket{le="+Inf"}'] == lines["x_count"] == "4"
    assert float(lines["x_sum"]) == 0.001 + BUCKETS[0] + 0.3 + 99.0


def test_the_exposition_has_every_family_once_and_escapes_labels() -> None:
    metrics = Metrics(Histogram())
    level = [1.0]
    metrics.gauge("unitbrush_level", "A level.", lambda: level[0])
    metrics.request("GET", '/a"b\\c', 200, 0.1)
    metrics.request("GET", '/a"b\\c', 200, 0.1)
    level[0] = 2.5
    text = metrics.text()
    assert r'unitbrush_requests_total{method="GET",route="/a\"b\\c",status="200"} 2' in text
    assert "unitbrush_level 2.5\n" in text
    families = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(families) == len(set(families)) >= 6


def test_this_process_holds_memory() -> None:
    assert resident_bytes() > 2**20
