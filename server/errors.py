"""What can go wrong for a caller: a hierarchy of errors for the API and the command line, to which modules add theirs.

Each error carries what a problem document (RFC 9457) needs: an HTTP `status`, a `slug` that names its kind, a
`title` that is the same for every error of the kind, and a `detail` of one line for this one.
"""

from __future__ import annotations

from typing import ClassVar


class UnitbrushError(Exception):
    """The root of the hierarchy. detail: one line: what is wrong and, where it can, what would be right.

    pointer: where in the caller's document (a JSON pointer, RFC 6901), None where there is no such place.
    """

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Something went wrong in the server"

    def __init__(self, detail: str, pointer: str | None = None) -> None:
        super().__init__(detail)
        self.detail = " ".join(detail.split())
        self.pointer = pointer

    def __str__(self) -> str:
        if not self.pointer or self.pointer in self.detail:
            return self.detail
        return f"{self.detail} (at {self.pointer})"

    def problem(self) -> dict[str, str | int]:
        """The members of the problem document."""
        members: dict[str, str | int] = {
            "type": f"urn:unitbrush:problem:{self.slug}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.pointer is not None:
            members["pointer"] = self.pointer
        return members


class PictureError(UnitbrushError, ValueError):
    """The picture document is JSON, but not a picture, or not one this model can draw."""

    status = 422
    slug = "invalid-picture"
    title = "The picture document is not valid"


class MalformedJSON(PictureError):
    """The bytes are not JSON."""

    status = 400
    slug = "malformed-json"
    title = "The body is not JSON"


class UnknownConcept(PictureError):
    """The model has no brush for that concept (at that layer)."""

    slug = "unknown-concept"
    title = "The model has no such concept"


class UnknownLayer(PictureError):
    """The generator has no layer of that name."""

    slug = "unknown-layer"
    title = "The model has no such layer"


class UnknownDirection(PictureError):
    """The model has no direction of that name."""

    slug = "unknown-direction"
    title = "The model has no such direction"


class NoArtifacts(PictureError):
    """What is asked for ablates artifact units, and none are known of the model."""

    slug = "no-artifact-units"
    title = "The model has no known artifact units"


class NoSegmenter(PictureError):
    """What is asked for needs a segmenter, and the model has none."""

    slug = "no-segmenter"
    title = "The model has no segmenter"


class UnknownModel(UnitbrushError, LookupError):
    """No model of that name is installed."""

    status = 404
    slug = "unknown-model"
    title = "There is no such model"


class BodyTooLarge(UnitbrushError):
    """The request's body is over the limit."""

    status = 413
    slug = "body-too-large"
    title = "The body is too large"


class Busy(UnitbrushError):
    """The queue in front of the device is full; trying again a little later is right."""

    status = 503
    slug = "busy"
    title = "The server is busy"


class WeightError(UnitbrushError, ValueError):
    """A file of weights is missing, damaged, or of another kind of network; the detail begins with its name."""

    slug = "unreadable-weights"
    title = "A file of the model is damaged or missing"


class DissectionError(UnitbrushError, ValueError):
    """A folder of results holds none this version can read, or of another generator; the detail says what to do."""

    slug = "unreadable-dissection"
    title = "The model's dissection cannot be read"


class FetchError(UnitbrushError):
    """Published weights could not be downloaded, or are not what was published."""

    status = 502
    slug = "fetch-failed"
    title = "The published weights could not be fetched"


class UsageError(UnitbrushError):
    """The command line asks for something that cannot be; the detail is one line that says what would be right."""

    status = 400
    slug = "usage"
    title = "The command line is not valid"


class NoDevice(UnitbrushError):
    """The device that was asked for is not here."""

    slug = "no-device"
    title = "There is no such device"
