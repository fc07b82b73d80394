from __future__ import annotations

import pytest

from server.web.answers import matches, takes_gzip


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ('"a"', True),
        ('"b", "a"', True),
        ('"b,c" ,, W/"a",', True),
        ('W/"a"', True),
        (" * ", True),
        ("*", True),
        ('"b"', False),
        ("", False),
        ("a", False),
        ('"b, *"', False),
        ('*, "b"', False),
        ('"x, "a"', False),
    ],
)
def test_if_none_match_finds_the_tag_in_a_list(header: str, found: bool) -> None:
    assert matches(header, '"a"') is found


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("deflate, gzip;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip ; q=0.000, *", False),
        ("*;q=0", False),
        ("notgzip", False),
        ("identity", False),
        ("", False),
    ],
)
def test_gzip_is_sent_to_those_who_take_it(header: str, taken: bool) -> None:
    assert takes_gzip(header) is taken
