from __future__ import annotations

import pytest

from server.web.answers import matches


@pytest.mark.parametrize(
    ("header", "found"), [('"a"', True), ('"b", "a"', True), ('W/"a"', True), ("*", True), ('"b"', False), ("", False)]
)
def test_if_none_match_finds_the_tag_in_a_list(header: str, found: bool) -> None:
    assert matches(header, '"a"') is found
