from __future__ import annotations

import pytest

from server.web.answers import matches


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
