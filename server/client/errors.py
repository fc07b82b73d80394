"""What a call can raise: the server's problem document as an exception, and no answer at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from server.errors import UnitbrushError


class ClientError(Exception):
    """The root: whatever can go wrong between a script and the server."""


class UnitbrushProblem(ClientError):
    """A call was refused, or did not succeed: the problem document (RFC 9457) that says why.

        try:
            picture.draw("dragon").image()
        except UnitbrushProblem as problem:
            print(problem.title, problem.detail)   # the detail says which concepts there are

    What a document alone shows to be wrong is raised before anything is sent, with the document that the server would
    have answered. type: names the kind, as "urn:unitbrush:problem:unknown-concept". pointer: where in the body, a JSON
    pointer (RFC 6901), None where there is no such place. document: every member, those of other servers too.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        super().__init__(document)
        self.document = dict(document)
        self.type = str(document.get("type", "about:blank"))
        self.title = str(document.get("title", ""))
        self.status = int(document.get("status", 0))
        self.detail = str(document.get("detail", ""))
        pointer = document.get("pointer")
        self.pointer = None if pointer is None else str(pointer)

    def __str__(self) -> str:
        place = f" (at {self.pointer})" if self.pointer and self.pointer not in self.detail else ""
        return f"{self.title}: {self.detail}{place}"


class NoAnswer(ClientError, ConnectionError):
    """The server could not be reached, took too long, or what answered is no Unitbrush server."""


@contextmanager
def as_problems() -> Iterator[None]:
    """Raise UnitbrushProblem where the server's own rules, applied here, refuse something."""
    try:
        yield
    except UnitbrushError as error:
        raise UnitbrushProblem(error.problem()) from error
