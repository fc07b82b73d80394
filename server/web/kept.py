"""The shape that a picture's document has in the store: a base that never changes, and a state that can be undone."""

import json
from typing import Any

from server.errors import PictureError
from server.painting.parsing import parse_picture
from server.painting.picture import MAX_EDITS, Picture, canonical_json, to_document
from server.web.problems import PictureFull
from server.web.store import State, joined

# What can be changed in a kept picture; all but the edits are its looks.
CHANGING = ("directions", "clean", "edits")


def split(picture: Picture) -> tuple[str, State]:
    """The base and the state of a picture."""
    document: dict[str, Any] = to_document(picture)
    edits = tuple(canonical_json(edit) for edit in document.pop("edits"))
    looks = {name: document.pop(name) for name in CHANGING if name in document}
    return canonical_json(document), State(edits, canonical_json(looks))


def check_room(base: str, state: State, max_bytes: int) -> None:
    """Raise PictureFull where edits that are fine by themselves make no document that `/render` takes."""
    if len(state.edits) > MAX_EDITS:
        raise PictureFull(f"a picture has at most {MAX_EDITS} edits; delete one, or reset it")
    document = json.loads(joined(base, state))
    # A client that writes the document anew may write it with spaces, as Python's json does.
    if len(json.dumps(document)) > max_bytes:
        raise PictureFull(f"the document would be over {max_bytes} bytes; use simpler masks")
    try:
        parse_picture(document)
    except PictureError as error:
        raise PictureFull(error.detail, error.pointer) from error
