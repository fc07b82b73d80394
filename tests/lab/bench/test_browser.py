from __future__ import annotations

from server.lab.bench.browser import latencies


def test_an_event_is_shown_by_the_first_frame_whose_request_came_after_it() -> None:
    events = [0.0, 10.0, 20.0, 30.0]
    # Request 2 was superseded; request 3 shows everything but the last event.
    sent = [(1, 1), (2, 2), (3, 3), (4, 4)]
    assert latencies(events, sent, [(1, 15.0), (3, 50.0)]) == [15, 40, 30]


def test_a_frame_that_shows_nothing_new_counts_for_no_event() -> None:
    assert latencies([0.0], [(1, 0), (2, 1), (3, 1)], [(1, 5.0), (2, 8.0), (3, 9.0)]) == [8]


def test_without_frames_there_are_no_times() -> None:
    assert latencies([1.0, 2.0], [(1, 2)], []) == []
