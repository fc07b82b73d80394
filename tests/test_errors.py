"""Errors carry what a problem document needs."""

from __future__ import annotations

from server import errors
from server.errors import MalformedJSON, PictureError, UnitbrushError, UnknownConcept


def kinds(root: type[UnitbrushError]) -> list[type[UnitbrushError]]:
    return [root] + [k for child in root.__subclasses__() for k in kinds(child) if k.__module__ == errors.__name__]


def test_every_kind_has_a_status_a_slug_of_its_own_and_a_title() -> None:
    known = kinds(UnitbrushError)
    assert len({k.slug for k in known}) == len(known)
    assert all(400 <= k.status < 600 and k.title for k in known)


def test_the_problem_document() -> None:
    assert UnknownConcept("no such\n  thing", "/edits/0/concept").problem() == {
        "type": "urn:unitbrush:problem:unknown-concept",
        "title": "The model has no such concept",
        "status": 422,
        "detail": "no such thing",
        "pointer": "/edits/0/concept",
    }
    assert "pointer" not in MalformedJSON("x").problem()
    assert MalformedJSON("x").problem()["status"] == 400


def test_one_line_for_the_command_line() -> None:
    assert str(PictureError("strength is 2", "/edits/0/strength")) == "strength is 2 (at /edits/0/strength)"
    assert str(PictureError("/edits/0/strength: too much", "/edits/0/strength")) == "/edits/0/strength: too much"
    assert str(PictureError("a\nb")) == "a b"


def test_what_strangers_sent_is_quoted_in_short() -> None:
    error = UnitbrushError("x" * 10**6, "/" + "y" * 10**6)
    assert len(error.detail) == len(error.pointer or "") == 2000
    assert error.detail.endswith("…")
