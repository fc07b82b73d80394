from __future__ import annotations

from server.web.metrics import Metrics, resident_bytes


def test_the_exposition_has_every_series_once_and_escapes_labels() -> None:
    metrics = Metrics()
    level = [1.0]
    metrics.gauge("unitbrush_level", "A level.", lambda: level[0])
    for _ in range(2):
        metrics.requests.labels("GET", '/a"b\\c', 200).inc()
        metrics.render_seconds.observe(0.3)
    level[0] = 2.5
    lines = metrics.text().decode().splitlines()
    assert r'unitbrush_requests_total{method="GET",route="/a\"b\\c",status="200"} 2.0' in lines
    assert "unitbrush_level 2.5" in lines
    assert 'unitbrush_render_seconds_bucket{le="0.2"} 0.0' in lines
    assert 'unitbrush_render_seconds_bucket{le="0.5"} 2.0' in lines
    families = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert families == [
        "unitbrush_requests_total",
        "unitbrush_request_seconds",
        "unitbrush_render_seconds",
        "unitbrush_batch_size",
        "unitbrush_frames_sent_total",
        "unitbrush_frames_superseded_total",
        "unitbrush_level",
    ]


def test_this_process_holds_memory() -> None:
    assert resident_bytes() > 2**20
