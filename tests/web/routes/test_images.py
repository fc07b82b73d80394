from __future__ import annotations

import pytest

from server.web.routes.images import accepted


@pytest.mark.parametrize(
    ("header", "form"),
    [
        ("", "png"),
        ("*/*", "png"),
        ("image/*", "png"),
        ("image/jpeg", "jpeg"),
        ("image/webp, */*;q=0.8", "webp"),
        ("image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", "png"),
        ("image/png;q=0.5, image/jpeg;q=0.9", "jpeg"),
        ("image/png;q=0, image/*", "jpeg"),
        ("IMAGE/WEBP", "webp"),
        ("image/webp;q=nonsense, image/jpeg;q=0.1", "jpeg"),
        ("application/json", "png"),
    ],
)
def test_the_accept_header_chooses_the_format(header: str, form: str) -> None:
    assert accepted(header) == form
