"""What can go wrong for a caller: the root of a hierarchy of errors, and the kinds that several packages raise.

Each error carries what a problem document (RFC 9457) needs: an HTTP `status`, a `slug` that names its kind, a
`title` that is the same for every error of the kind, and a `detail` of one line for this one. A kind that one module
alone raises is declared there.
"""

from typing import ClassVar

MAX_TEXT = 2000


def shortened(text: str) -> str:
    """The text, cut where it is long: it may quote what a stranger sent."""
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"


class UnitbrushError(Exception):
    """The root of the hierarchy. detail: one line: what is wrong and, where it can, what would be right.

    pointer: where in the caller's document (a JSON pointer, RFC 6901), None where there is no such place.
    """

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Something went wrong in the server"

    def __init_subclass__(cls, status: int | None = None, slug: str | None = None, title: str | None = None) -> None:
        """Declare a kind of error; what it leaves out it has from its parent."""
        super().__init_subclass__()
        cls.status, cls.slug, cls.title = status or cls.status, slug or cls.slug, title or cls.title

    def __init__(self, detail: str, pointer: str | None = None) -> None:
        super().__init__(detail)
        # A lone surrogate, which no answer can carry, is escaped.
        self.detail = shortened(" ".join(detail.split())).encode(errors="backslashreplace").decode()
        self.pointer = None if pointer is None else shortened(pointer)

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


class PictureError(
    UnitbrushError, ValueError, status=422, slug="invalid-picture", title="The picture document is not valid"
):
    """The picture document is JSON, but not a picture, or not one this model can draw."""


class MalformedJSON(PictureError, status=400, slug="malformed-json", title="The body is not JSON"):
    """The bytes are not JSON."""


class UnknownConcept(PictureError, slug="unknown-concept", title="The model has no such concept"):
    """The model has no brush for that concept (at that layer)."""


class UnknownLayer(PictureError, slug="unknown-layer", title="The model has no such layer"):
    """The generator has no layer of that name."""


class UnknownDirection(PictureError, slug="unknown-direction", title="The model has no such direction"):
    """The model has no direction of that name."""


class NoArtifacts(PictureError, slug="no-artifact-units", title="The model has no known artifact units"):
    """What is asked for ablates artifact units, and none are known of the model."""


class NoSegmenter(PictureError, slug="no-segmenter", title="The model has no segmenter"):
    """What is asked for needs a segmenter, and the model has none."""


class UnknownModel(UnitbrushError, LookupError, status=404, slug="unknown-model", title="There is no such model"):
    """No model of that name is installed."""


class WeightError(
    UnitbrushError, ValueError, slug="unreadable-weights", title="A file of the model is damaged or missing"
):
    """A file of weights is missing, damaged, or of another kind of network; the detail begins with its name."""


class DissectionError(
    UnitbrushError, ValueError, slug="unreadable-dissection", title="The model's dissection cannot be read"
):
    """A folder of results holds none this version can read, or of another generator; the detail says what to do."""


class UsageError(UnitbrushError, status=400, slug="usage", title="The command line is not valid"):
    """The command line asks for something that cannot be; the detail is one line that says what would be right."""


class NoDevice(UnitbrushError, slug="no-device", title="There is no such device"):
    """The device that was asked for is not here."""
