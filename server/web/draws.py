"""What an engine asks for pictures."""

from typing import Protocol

from server.model.pixels import Pixels
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
