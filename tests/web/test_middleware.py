from __future__ import annotations

from server.web.middleware import pattern


def test_a_pattern_names_parameters_and_never_their_values() -> None:
    scope = {"path": "/api/v1/pictures/xyz/edits/3", "endpoint": None, "path_params": {"picture": "xyz", "index": "3"}}
    assert pattern(scope) == "/api/v1/pictures/{picture}/edits/{index}"
    assert pattern({"path": "/healthz", "endpoint": None, "path_params": {}}) == "/healthz"
    assert pattern({"path": "/whatever/people/ask", "path_params": {}}) == "other"
