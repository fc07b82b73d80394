"""The calls of the API: each a request and how its answer is read, as plain values.

    call = models()
    client.connection.send(call)    # tuple[Model, ...]; awaited on an AsyncClient

Both clients send these, so what a call is called, takes and gives stands here alone.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from operator import index
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import quote

from PIL import Image

from server.client import answers
from server.client.errors import NoAnswer
from server.client.masks import Where, mask_of
from server.client.proposals import Proposals
from server.client.reading import read_answer
from server.client.removals import Comparison, Removal
from server.client.styles import AnyImage, Style, in_base64, style_of
from server.painting.imaging import Format
from server.painting.picture import SCENE, Picture, picture_to_json, to_document

T = TypeVar("T")

OWN_SIDE = 1024  # pixels of a picture of one's own: the server uses no more


@dataclass(frozen=True)
class Call(Generic[T]):
    """A request and what its answer is. path: below /api/v1. revision: of a kept picture, the one that is known."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    read: Callable[[bytes], T]
    query: Mapping[str, str | int | float] = field(default_factory=dict)
    body: str | None = None
    revision: int | None = None


def models() -> Call[tuple[answers.Model, ...]]:
    """Every installed model, the default first."""
    return Call("GET", "/models", lambda data: read_answer(answers.Models, data).models)


def concepts(model: str) -> Call[tuple[answers.Concept, ...]]:
    """What a model can paint."""
    return Call("GET", _model(model, "concepts"), lambda data: read_answer(answers.Concepts, data).concepts)


def directions(model: str) -> Call[tuple[answers.Direction, ...]]:
    """What a model's scenes can be moved along."""
    return Call("GET", _model(model, "directions"), lambda data: read_answer(answers.Directions, data).directions)


def w(model: str, seed: int) -> Call[tuple[float, ...]]:
    """The w of a seed."""
    return Call("GET", _model(model, "w", str(seed)), lambda data: read_answer(answers.SceneW, data).w)


def context(model: str) -> Call[answers.Context]:
    """What each concept can be drawn on."""
    return Call("GET", _model(model, "context"), partial(read_answer, answers.Context))


def units(model: str, layer: str, concept: str | None, min_iou: float, offset: int, limit: int) -> Call[answers.Units]:
    """A layer's units and the concepts they agree with."""
    query: dict[str, str | int | float] = {"min_iou": min_iou, "offset": offset, "limit": limit}
    if concept is not None:
        query["concept"] = concept
    return Call("GET", _model(model, "layers", layer, "units"), partial(read_answer, answers.Units), query)


def render(picture: Picture, form: Format, size: int | None) -> Call[bytes]:
    """The picture's image as a file."""
    return Call("POST", "/render", bytes, _image_query(form, size), picture_to_json(picture))


def image(picture: Picture, size: int | None) -> Call[Image.Image]:
    """The picture's image, decoded."""
    return Call("POST", "/render", _decoded, _image_query("png", size), picture_to_json(picture))


def variations(picture: Picture, seeds: list[int], size: int | None) -> Call[list[Image.Image]]:
    """The images of a picture's edits over other scenes, in the order of the seeds."""

    def read(data: bytes) -> list[Image.Image]:
        answer = read_answer(answers.Variations, data)
        return [_decoded(base64.b64decode(variation.image)) for variation in answer.variations]

    return Call("POST", "/variations", read, _image_query("png", size), _body_about(picture, {"seeds": seeds}))


def styles() -> Call[answers.Styles]:
    """The styles that a picture can be painted in."""
    return Call("GET", "/styles", partial(read_answer, answers.Styles))


def style(picture: Picture, style: Style, strength: float, size: int) -> Call[Image.Image]:
    """The picture in a style, decoded."""
    question = {**style_of(style), "strength": float(strength)}
    return Call("POST", "/style", _decoded, {"size": size}, _body_about(picture, question))


def translate(picture: Picture, to: str, style: int, size: int | None) -> Call[Image.Image]:
    """The picture as one of another season, decoded."""
    question = {"to": to, "style": index(style)}
    return Call("POST", "/translate", _decoded, _image_query("png", size), _body_about(picture, question))


def slow_style(picture: Picture, style: Style, strength: float, steps: int) -> Call[answers.Job]:
    """A job that paints the picture in a style."""
    return _about(picture, "/style/slow", {**style_of(style), "strength": float(strength), "steps": steps}, answers.Job)


def invert(own: AnyImage, model: str, steps: int) -> Call[answers.Job]:
    """A job that makes a document of a picture of one's own."""
    question = {"image": in_base64(own, OWN_SIDE), "model": model, "steps": steps}
    return Call("POST", "/invert", partial(read_answer, answers.Job), body=json.dumps(question))


def inverted(id: str) -> Call[answers.Inverted]:
    """What came of that."""
    return Call("GET", f"{_job(id)}/result", partial(read_answer, answers.Inverted))


def train_encoder(model: str, images: int | None) -> Call[answers.Job]:
    """A job that trains a model's encoder."""
    question = {} if images is None else {"images": images}
    return Call("POST", _model(model, "encoder"), partial(read_answer, answers.Job), body=json.dumps(question))


def trained(id: str) -> Call[answers.Trained]:
    """What came of that."""
    return Call("GET", f"{_job(id)}/result", partial(read_answer, answers.Trained))


def compare(picture: Picture, edit: int | None) -> Call[answers.Job]:
    """A job that removes in other ways what an edit removes."""
    return _about(picture, "/compare", {} if edit is None else {"edit": edit}, answers.Job)


def compared(id: str) -> Call[tuple[Removal, ...]]:
    """What came of that."""
    return Call("GET", f"{_job(id)}/result", lambda data: read_answer(Comparison, data).removals)


def composite(picture: Picture, own: AnyImage, size: int | None) -> Call[Image.Image]:
    """One's own picture with what was painted laid over it, decoded."""
    question = {"image": in_base64(own, OWN_SIDE)}
    return Call("POST", "/composite", _decoded, _image_query("png", size), _body_about(picture, question))


def job(id: str) -> Call[answers.Job]:
    """How far a job is."""
    return Call("GET", _job(id), partial(read_answer, answers.Job))


def job_result(id: str) -> Call[Image.Image]:
    """What came of a job that made an image."""
    return Call("GET", f"{_job(id)}/result", _decoded)


def cancel_job(id: str) -> Call[None]:
    """A job ended and forgotten."""
    return Call("DELETE", _job(id), lambda data: None)


def segment(picture: Picture) -> Call[answers.Segmentation]:
    """What the segmenter sees in a picture."""
    return Call("POST", "/segment", partial(read_answer, answers.Segmentation), body=picture_to_json(picture))


def proposals(picture: Picture) -> Call[Proposals]:
    """Things in a picture, found without a segmenter."""
    return Call("POST", "/proposals", partial(read_answer, Proposals), body=picture_to_json(picture))


def inspect(
    picture: Picture, layer: str, point: Iterable[float] | None, where: Where, limit: int, featuremaps: bool
) -> Call[answers.Inspection]:
    """The units most active at a point or in a mask. Raises TypeError for both."""
    mask = mask_of(where)
    if point is not None and mask is not None:
        raise TypeError("inspect takes a point or a mask")
    place = {"mask": mask} if point is None else {"point": [float(x) for x in point]}
    question = {"layer": layer, **place, "limit": limit, "featuremaps": featuremaps}
    return _about(picture, "/inspect", question, answers.Inspection)


def receptivity(picture: Picture, concept: str) -> Call[answers.Receptivity]:
    """Where drawing a concept will take."""
    return _about(picture, "/receptivity", {"concept": concept}, answers.Receptivity)


def keep(picture: Picture) -> Call[answers.Resource]:
    """Keep a new picture."""
    return Call("POST", "/pictures", partial(read_answer, answers.Resource), body=picture_to_json(picture))


def kept(id: str) -> Call[answers.Resource]:
    """A kept picture as it is now."""
    return Call("GET", _kept(id), partial(read_answer, answers.Resource))


def step(id: str, revision: int, name: Literal["undo", "redo", "reset"]) -> Call[answers.Resource]:
    """A step in a kept picture's history."""
    return _change("POST", f"{_kept(id)}/{name}", revision)


def put(id: str, revision: int, old: Picture, new: Picture) -> Call[answers.Resource]:
    """Another picture of the same scene in the place of a kept one. Raises ValueError for another scene."""
    if any(getattr(old, name) != getattr(new, name) for name in ("model", *SCENE)):
        raise ValueError("a kept picture stays with its model and its scene; keep the other scene as a new picture")
    document = {"directions": {}, "clean": False, **to_document(new)}
    changing = {name: document[name] for name in ("edits", "directions", "clean")}
    return _change("PUT", f"{_kept(id)}/edits", revision, changing)


def rename(id: str, revision: int, name: str) -> Call[answers.Resource]:
    """Another name for a kept picture."""
    return _change("PATCH", _kept(id), revision, {"name": name})


def delete(id: str, revision: int) -> Call[None]:
    """A kept picture forgotten."""
    return Call("DELETE", _kept(id), lambda data: None, revision=revision)


def _kept(id: str) -> str:
    return f"/pictures/{quote(id, safe='')}"


def _job(id: str) -> str:
    return f"/jobs/{quote(id, safe='')}"


def _model(model: str, *parts: str) -> str:
    return "/".join(("/models", *(quote(part, safe="") for part in (model, *parts))))


def _image_query(form: Format, size: int | None) -> dict[str, str | int | float]:
    return {"format": form} if size is None else {"format": form, "size": size}


def _about(picture: Picture, path: str, question: Mapping[str, Any], kind: type[T]) -> Call[T]:
    """A question about a picture."""
    return Call("POST", path, partial(read_answer, kind), body=_body_about(picture, question))


def _body_about(picture: Picture, question: Mapping[str, Any]) -> str:
    members = json.dumps(question)[1:-1]
    return f'{{"picture": {picture_to_json(picture)}{members and ", "}{members}}}'


def _change(
    method: Literal["POST", "PUT", "PATCH"], path: str, revision: int, body: Mapping[str, Any] | None = None
) -> Call[answers.Resource]:
    """A change of a kept picture that still has that revision."""
    text = None if body is None else json.dumps(body)
    return Call(method, path, partial(read_answer, answers.Resource), body=text, revision=revision)


def _decoded(data: bytes) -> Image.Image:
    try:
        shown = Image.open(io.BytesIO(data))
        shown.load()
    except Exception as error:  # a damaged file can make Pillow raise nearly anything
        raise NoAnswer(f"the answer is no image, is that a Unitbrush server? {error}") from error
    return shown
