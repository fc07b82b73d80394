"""What an engine asks for pictures."""

from collections.abc import Sequence
from typing import Protocol

from server.model.pixels import Pixels
from server.painting.batches import Prepared
from server.painting.edits import Check, Covered, go_on
from server.painting.painter import Featuremaps, Labels
from server.painting.picture import Picture


class Draws(Protocol):
    """A `Painter`, whose methods these are, or what has painters elsewhere."""

    def render(self, picture: Picture, draft: bool = False, check: Check = go_on) -> Pixels: ...

    def frame(self, picture: Picture, draft: bool = False, check: Check = go_on) -> Pixels: ...

    def featuremaps(self, picture: Picture, layer: str, check: Check = go_on) -> Featuremaps: ...

    def labels(self, picture: Picture, check: Check = go_on) -> Labels: ...

    def covered(self, picture: Picture, check: Check = go_on) -> Covered: ...


class DrawsTogether(Protocol):
    """A `Painter`, whose methods these are: drafts of several callers in one pass, and what can be done before it."""

    def prepare(self, picture: Picture) -> Picture | Prepared: ...

    def frame(self, picture: Picture | Prepared, draft: bool = False, check: Check = go_on) -> Pixels: ...

    def drafts_of(self, pictures: Sequence[Picture | Prepared], check: Check = go_on) -> list[Pixels | Exception]: ...
