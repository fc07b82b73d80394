"""Documents: every picture survives the round trip, every bad document is refused with its place."""

from __future__ import annotations

import base64
import contextlib
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydantic import ValidationError

from server.errors import MalformedJSON, PictureError
from server.painting import parsing
from server.painting.parsing import parse_edit, parse_picture, validate
from server.painting.picture import (
    Edit,
    Line,
    Mask,
    Picture,
    Rect,
    Region,
    Stroke,
    Strokes,
    picture_to_json,
    to_document,
)
from tests.helpers.strategies import pictures


@settings(deadline=None)
@given(pictures())
def test_a_picture_survives_every_round_trip(picture: Picture) -> None:
    assert parse_picture(picture_to_json(picture)) == picture
    assert parse_picture(picture_to_json(picture).encode()) == picture
    assert parse_picture(json.loads(json.dumps(to_document(picture)))) == picture
    assert picture_to_json(parse_picture(picture_to_json(picture))) == picture_to_json(picture)
    for edit in picture.edits:
        assert parse_edit(to_document(edit)) == edit


def test_reads_the_document_of_the_design() -> None:
    text = """{"version": 1, "model": "village", "seed": 42,
     "edits": [
       {"op": "draw",   "concept": "tree", "mask": {"strokes": [{"points": [[0.2, 0.7], [0.3, 0.72]], "radius": 0.06}]},
        "units": 20, "strength": 1.0},
       {"op": "remove", "concept": "door", "mask": null}]}"""
    assert parse_picture(text) == Picture(
        "village",
        seed=42,
        edits=(
            Edit("draw", "tree", Strokes((Stroke(((0.2, 0.7), (0.3, 0.72)), 0.06),)), units=20),
            Edit("remove", "door", None),
        ),
    )


def test_what_may_be_left_out() -> None:
    assert parse_picture({"seed": 3}, default_model="village") == Picture("village", seed=3)
    assert parse_picture({"model": "church", "z": [1, 2.5]}) == Picture("church", z=(1.0, 2.5))


@pytest.mark.parametrize(("given", "held"), [([1, -0.0], [1.0, 0.0]), ([[1, 2.5], [3, 4]], [[1.0, 2.5], [3.0, 4.0]])])
def test_a_w_is_one_or_one_a_layer(given: Any, held: Any) -> None:
    picture = parse_picture({"model": "faces", "w": given})
    assert json.loads(picture_to_json(picture)) == {"edits": [], "model": "faces", "version": 1, "w": held}
    assert parse_picture(picture_to_json(picture)) == picture


def test_directions_have_one_spelling() -> None:
    given = {"model": "village", "seed": 3, "directions": {"season": 1, "night": -0.5, "trees": 0, "clouds": -0.0}}
    read = parse_picture(given)
    assert read == Picture("village", seed=3, directions={"night": -0.5, "season": 1.0})
    assert json.loads(picture_to_json(read))["directions"] == {"night": -0.5, "season": 1.0}
    for nothing in ({}, {"directions": {}}, {"directions": {"season": 0}}, {"clean": False}):
        assert picture_to_json(parse_picture({"model": "village", "seed": 3, **nothing})) == (
            '{"edits":[],"model":"village","seed":3,"version":1}'
        )


def picture(**edit: Any) -> dict[str, Any]:
    whole = {"op": "draw", "concept": "tree", "mask": None, **edit}
    return {"model": "village", "seed": 1, "edits": [{k: v for k, v in whole.items() if v != "absent"}]}


def stroke(**changed: Any) -> dict[str, Any]:
    return {"strokes": [{"points": [[0.5, 0.5]], "radius": 0.1, **changed}]}


BAD: list[tuple[Any, str]] = [
    ([], ""),
    ("text", ""),
    (None, ""),
    ({}, "/model"),
    ({"model": "village"}, ""),
    ({"seed": 1}, "/model"),
    ({"model": "village", "seed": 1, "z": [1.0]}, ""),
    ({"model": "village", "seed": 1, "colour": "red"}, "/colour"),
    ({"model": "village", "seed": 1, "version": 2}, "/version"),
    ({"model": "village", "seed": 1, "version": True}, "/version"),
    ({"model": "", "seed": 1}, "/model"),
    ({"model": 5, "seed": 1}, "/model"),
    ({"model": "x" * 65, "seed": 1}, "/model"),
    ({"model": "village", "seed": -1}, "/seed"),
    ({"model": "village", "seed": 2**32}, "/seed"),
    ({"model": "village", "seed": 1.0}, "/seed"),
    ({"model": "village", "seed": "1"}, "/seed"),
    ({"model": "village", "seed": True}, "/seed"),
    ({"model": "village", "z": []}, "/z"),
    ({"model": "village", "z": [0.0] * 8193}, "/z"),
    ({"model": "village", "z": [1e30]}, "/z/0"),
    ({"model": "village", "z": [0, float("nan")]}, "/z/1"),
    ({"model": "village", "z": ["1"]}, "/z/0"),
    ({"model": "village", "seed": 1, "w": [1.0]}, ""),
    ({"model": "village", "z": [1.0], "w": [1.0]}, ""),
    ({"model": "village", "w": [1.0], "directions": {"season": 1}}, ""),
    ({"model": "village", "w": None}, ""),
    ({"model": "village", "w": []}, "/w"),
    ({"model": "village", "w": "text"}, "/w"),
    ({"model": "village", "w": {"0": [1.0]}}, "/w"),
    ({"model": "village", "w": [0.0] * 8193}, "/w"),
    ({"model": "village", "w": [[0.0]] * 65}, "/w"),
    ({"model": "village", "w": [[0.0], []]}, "/w/1"),
    ({"model": "village", "w": [[0.0], 1.0]}, "/w/1"),
    ({"model": "village", "w": [0.0, [1.0]]}, "/w/1"),
    ({"model": "village", "w": [[0.0], ["1"]]}, "/w/1/0"),
    ({"model": "village", "w": [[0.0], [1e30]]}, "/w/1/0"),
    ({"model": "village", "w": [0.0, float("inf")]}, "/w/1"),
    ({"model": "village", "w": [[[0.0]]]}, "/w/0/0"),
    ({"model": "village", "seed": 1, "directions": []}, "/directions"),
    ({"model": "village", "seed": 1, "directions": None}, "/directions"),
    ({"model": "village", "seed": 1, "directions": {"season": "1"}}, "/directions/season"),
    ({"model": "village", "seed": 1, "directions": {"season": True}}, "/directions/season"),
    ({"model": "village", "seed": 1, "directions": {"season": float("nan")}}, "/directions/season"),
    ({"model": "village", "seed": 1, "directions": {"season": 1e300}}, "/directions/season"),
    ({"model": "village", "seed": 1, "directions": {"": 1.0}}, "/directions/"),
    ({"model": "village", "seed": 1, "directions": {"a/b": None}}, "/directions/a~1b"),
    ({"model": "village", "seed": 1, "directions": {str(i): 1.0 for i in range(65)}}, "/directions"),
    ({"model": "village", "seed": 1, "clean": 1}, "/clean"),
    ({"model": "village", "seed": 1, "clean": None}, "/clean"),
    ({"model": "village", "seed": 1, "edits": {}}, "/edits"),
    ({"model": "village", "seed": 1, "edits": [5]}, "/edits/0"),
    ({"model": "village", "seed": 1, "edits": picture()["edits"] * 257}, "/edits"),
    (picture(op="paint"), "/edits/0/op"),
    (picture(op="absent"), "/edits/0/op"),
    (picture(mask="absent"), "/edits/0/mask"),
    (picture(concept="absent"), "/edits/0"),
    (picture(concept=7), "/edits/0/concept"),
    (picture(extra=1), "/edits/0/extra"),
    (picture(strength=-0.1), "/edits/0/strength"),
    (picture(strength=1.01), "/edits/0/strength"),
    (picture(strength=float("inf")), "/edits/0/strength"),
    (picture(strength="1"), "/edits/0/strength"),
    (picture(strength=True), "/edits/0/strength"),
    (picture(strength=None), "/edits/0/strength"),
    (picture(layer=4), "/edits/0/layer"),
    (picture(units=0), "/edits/0/units"),
    (picture(units=-3), "/edits/0/units"),
    (picture(units=2.5), "/edits/0/units"),
    (picture(units=True), "/edits/0/units"),
    (picture(units=[]), "/edits/0/units"),
    (picture(units=[1, -1], levels=[1.0, 1.0]), "/edits/0/units/1"),
    (picture(units=[1, 1], levels=[1.0, 1.0]), "/edits/0"),
    (picture(units=[1, 2], levels=[1.0]), "/edits/0"),
    (picture(units=[1, 2]), "/edits/0"),
    (picture(units=3, levels=[1.0]), "/edits/0"),
    (picture(levels=[1.0]), "/edits/0"),
    (picture(op="remove", units=[1], levels=[1.0]), "/edits/0"),
    (picture(concept="absent", units=[1], levels=[1.0]), "/edits/0"),
    (picture(units=[1], levels=[1e9]), "/edits/0/levels/0"),
    (picture(mask={}), "/edits/0/mask"),
    (picture(mask=[]), "/edits/0/mask"),
    (picture(mask="all"), "/edits/0/mask"),
    (picture(mask={"circle": [0, 0, 1]}), "/edits/0/mask"),
    (picture(mask={"rect": [0, 0, 1, 1], "png": ""}), "/edits/0/mask"),
    (picture(mask={"rect": [0, 0, 1, 1], "feather": 1}), "/edits/0/mask/feather"),
    (picture(mask={"rect": [0, 0, 1]}), "/edits/0/mask/rect"),
    (picture(mask={"rect": [0, 0, 1, 1, 1]}), "/edits/0/mask/rect"),
    (picture(mask={"rect": [0.5, 0, 0.5, 1]}), "/edits/0/mask"),
    (picture(mask={"rect": [0, 0.9, 1, 0.1]}), "/edits/0/mask"),
    (picture(mask={"rect": [0, 0, 1, 1.2]}), "/edits/0/mask/rect/3"),
    (picture(mask={"rect": [0, 0, 1, float("nan")]}), "/edits/0/mask/rect/3"),
    (picture(mask={"strokes": []}), "/edits/0/mask/strokes"),
    (picture(mask={"strokes": [{}]}), "/edits/0/mask/strokes/0/points"),
    (picture(mask=stroke(points=[])), "/edits/0/mask/strokes/0/points"),
    (picture(mask=stroke(points=[[0.5]])), "/edits/0/mask/strokes/0/points/0"),
    (picture(mask=stroke(points=[[0.5, 0.5, 0.5]])), "/edits/0/mask/strokes/0/points/0"),
    (picture(mask=stroke(points=[[0.5, 1.5]])), "/edits/0/mask/strokes/0/points/0/1"),
    (picture(mask=stroke(points=[[0.5, -0.1]])), "/edits/0/mask/strokes/0/points/0/1"),
    (picture(mask=stroke(points=[[0.5, None]])), "/edits/0/mask/strokes/0/points/0/1"),
    (picture(mask=stroke(points=[[0.5, 0.5]] * 4097)), "/edits/0/mask/strokes"),
    (picture(mask={"rect": [0, 0, 1, 1], "erase": {}}), "/edits/0/mask/erase"),
    (picture(mask={"concept": "tree", "erase": [{"points": [[0.5, 0.5]]}]}), "/edits/0/mask/erase/0/radius"),
    (picture(mask={"concept": "tree", "erase": stroke(erase=True)["strokes"]}), "/edits/0/mask/erase/0/erase"),
    (picture(mask={"concept": "tree", "erase": stroke(points=[[0.5, 0.5]] * 4097)["strokes"]}), "/edits/0/mask/erase"),
    (picture(mask={**stroke(), "erase": stroke()["strokes"]}), "/edits/0/mask/erase"),
    (picture(mask=stroke(radius=0)), "/edits/0/mask/strokes/0/radius"),
    (picture(mask=stroke(radius=-1)), "/edits/0/mask/strokes/0/radius"),
    (picture(mask=stroke(radius=2.5)), "/edits/0/mask/strokes/0/radius"),
    (picture(mask=stroke(radius=float("nan"))), "/edits/0/mask/strokes/0/radius"),
    (picture(mask=stroke(erase=1)), "/edits/0/mask/strokes/0/erase"),
    (picture(mask={"concept": "tree", "at": [0.5]}), "/edits/0/mask/at"),
    (picture(mask={"concept": "tree", "at": [0.5, 1.5]}), "/edits/0/mask/at/1"),
    (picture(mask={"concept": 5}), "/edits/0/mask/concept"),
    (picture(mask={"at": [0.5, 0.5]}), "/edits/0/mask"),
    (picture(mask={"concept": "tree", "rect": [0, 0, 1, 1]}), "/edits/0/mask"),
    (picture(mask={"png": "not base64!"}), "/edits/0/mask"),
    (picture(mask={"png": "aGVsbG8="}), "/edits/0/mask"),
    (picture(mask={"png": 5}), "/edits/0/mask/png"),
    (picture(mask={"png": "A" * (6 * 2**20 + 4)}), "/edits/0/mask/png"),
]


@pytest.mark.parametrize(("document", "pointer"), BAD, ids=range(len(BAD)))
def test_a_bad_document_is_refused_with_its_place(document: Any, pointer: str) -> None:
    if isinstance(document, str):
        document = json.dumps(document)
    with pytest.raises(PictureError) as error:
        parse_picture(document)
    assert error.value.pointer == pointer
    assert error.value.status == 422
    assert error.value.detail
    assert "\n" not in error.value.detail
    assert "_" not in error.value.detail.replace("/", "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        b"\xff\xfe",
        "{'seed': 1}",
        '{"seed": NaN}',
        '{"seed": Infinity}',
        '{"seed": 1} x',
        "[" * 100_000,
        b"\x00",
    ],
)
def test_what_is_no_json_is_refused_as_that(text: str | bytes) -> None:
    with pytest.raises(MalformedJSON) as error:
        parse_picture(text)
    assert error.value.status == 400
    assert "\n" not in str(error.value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["model", "seed", "edits", "op", "concept", "mask", "rect", "strokes", "units"]), inner
            )
        ),
        max_leaves=12,
    )
)
def test_nothing_else_than_a_picture_error_comes_of_any_json(document: Any) -> None:
    with contextlib.suppress(PictureError):
        parsed = parse_picture(document)
        assert parse_picture(picture_to_json(parsed)) == parsed


def many(mask: dict[str, Any], count: int) -> dict[str, Any]:
    return {"model": "village", "seed": 1, "edits": picture(mask=mask)["edits"] * count}


def test_the_masks_of_a_picture_are_bounded_together() -> None:
    out = io.BytesIO()
    Image.new("L", (2048, 2048)).save(out, "PNG")
    large = {"png": base64.b64encode(out.getvalue()).decode()}
    long = stroke(points=[[0.5, 0.5]] * 4096)
    erased = {"rect": [0, 0, 1, 1], "erase": long["strokes"]}
    assert len(parse_picture(many(long, 16)).edits) == 16
    for mask, most in ((long, 16), (erased, 16), (large, 8), ({"concept": "tree"}, 64)):
        with pytest.raises(PictureError, match="at most") as error:
            parse_picture(many(mask, most + 1))
        assert error.value.pointer == f"/edits/{most}/mask"


def test_strokes_that_are_too_much_to_draw_are_refused_before_any_work() -> None:
    large = {"points": [[0.5, 0.5]], "radius": 2}
    turning = {"strokes": [large, {**large, "erase": True}] * 2048}
    for mask, most in (({"strokes": [large] * 4096}, 3), (turning, 0)):
        assert len(parse_picture(many(mask, most)).edits) == most
        with pytest.raises(PictureError, match="too much to draw") as error:
            parse_picture(many(mask, 16))
        assert error.value.pointer == f"/edits/{most}/mask"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_json_of_every_encoding_is_read(encoding: str) -> None:
    text = '{"model": "\u6751", "seed": 1}'
    assert parse_picture(text.encode(encoding)) == Picture("\u6751", seed=1)
    assert parse_picture("\ufeff" + text) == Picture("\u6751", seed=1)


def test_an_edit_alone() -> None:
    assert parse_edit(b'{"op": "draw", "concept": "sky", "mask": {"rect": [0, 0, 1, 0.5]}}') == Edit(
        "draw", "sky", Rect((0.0, 0.0, 1.0, 0.5))
    )
    with pytest.raises(PictureError) as error:
        parse_edit({"op": "draw", "concept": "sky", "mask": {"rect": [0, 0, 1, 2]}})
    assert error.value.pointer == "/mask/rect/3"


def test_masks_of_an_edit() -> None:
    def parse_mask(document: Any) -> Mask:
        return parse_edit({"op": "draw", "concept": "sky", "mask": document}).mask

    assert parse_mask({"rect": [0, 0, 1, 0.5]}) == Rect((0.0, 0.0, 1.0, 0.5))
    assert parse_mask({"concept": "tree", "at": [0.5, 0.25]}) == Region("tree", (0.5, 0.25))
    assert parse_mask({"concept": "tree", "erase": [{"points": [[0, 0.5]], "radius": 1}]}) == Region(
        "tree", erase=(Line(((0.0, 0.5),), 1.0),)
    )
    assert parse_mask(None) is None
    for wrong, pointer in (({"rect": [0, 0, 1, 2]}, "/mask/rect/3"), ({"png": "?"}, "/mask"), (7, "/mask")):
        with pytest.raises(PictureError) as error:
            parse_mask(wrong)
        assert error.value.pointer == pointer


DOT = {"points": [[0.5, 0.5]], "radius": 0.1}
STROKES = {"op": "draw", "concept": "tree", "mask": {"strokes": [DOT] * 5000}}
ERASED = {"op": "draw", "concept": "tree", "mask": {"rect": [0, 0, 1, 1], "erase": [DOT] * 5000}}
LONG = {"op": "draw", "concept": "tree", "mask": {"strokes": [{"points": [[0.5, 0.5]] * 5000, "radius": 0.1}]}}
FULL = {"op": "draw", "concept": "tree", "mask": {"strokes": [{"points": [[0.5, 0.5]] * 4096, "radius": 0.001}]}}
NOTHING = {"op": "draw", "concept": "tree", "mask": None}


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({"seed": 1, "edits": [NOTHING] * 257}, "/edits"),
        ({"seed": 1, "edits": [NOTHING, STROKES]}, "/edits/1/mask/strokes"),
        ({"seed": 1, "edits": [NOTHING, ERASED]}, "/edits/1/mask/erase"),
        ({"seed": 1, "edits": [LONG]}, "/edits/0/mask/strokes"),
        ({"seed": 1, "edits": [FULL] * 17}, "/edits/16/mask"),
        ({"picture": {"seed": 1, "edits": [STROKES]}, "concept": "tree"}, "/picture/edits/0/mask/strokes"),
        ({"picture": {"seed": 1}, "layer": "layer4", "mask": STROKES["mask"]}, "/mask/strokes"),
        (STROKES, "/mask/strokes"),
    ],
)
def test_edits_and_points_are_counted_before_anything_is_validated(document: Any, pointer: str) -> None:
    class Untouched:
        def validate_python(self, *_: object, **__: object) -> None:
            raise AssertionError("validated")

    for data in (document, json.dumps(document)):
        with pytest.raises(PictureError) as caught:
            validate(Untouched(), data)  # type: ignore[arg-type]
        assert caught.value.pointer == pointer


@pytest.mark.parametrize("part", ["[", "{", '{"points":[[0,0]]},', "0,", '"a":'])
def test_what_no_picture_holds_is_not_even_decoded(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pydantic_core.from_json", lambda *_, **__: pytest.fail("decoded"))
    text = '{"seed": 1, "edits": [' + part * 1_100_000
    for data in (text, text.encode()):
        with pytest.raises(PictureError, match="more than"):
            parse_picture(data)


# Made when they are needed, as they are large.
BAD: dict[str, Callable[[], dict[str, Any]]] = {
    "points": lambda: {"edits": [{**NOTHING, "mask": {"strokes": [{"points": [[2, 2]] * 4096, "radius": 0.1}]}}] * 16},
    "strokes": lambda: {"edits": [{**NOTHING, "mask": {"strokes": [{"points": [[0, 0]], "radius": -1}] * 4096}}] * 16},
    "erased": lambda: {"edits": [{**NOTHING, "mask": {"rect": [0, 0, 1, 1], "erase": [{}] * 4096}}] * 16},
    "units": lambda: {"edits": [{**NOTHING, "units": [-1] * 8192}] * 64},
    "levels": lambda: {"edits": [{**NOTHING, "units": [1], "levels": ["x"] * 8192}] * 64},
    "edits": lambda: {"edits": [{"op": "x"}] * 256},
    "z": lambda: {"seed": None, "z": ["x"] * 900_000},
    "w": lambda: {"seed": None, "w": [["x"] * 9_000] * 60},
    "w's": lambda: {"seed": None, "w": [["x"]] * 200_000},
    "rect": lambda: {"edits": [{**NOTHING, "mask": {"rect": ["x"] * 900_000}}]},
    "members": lambda: {f"member{i}": 1 for i in range(500_000)},
    "members of an edit": lambda: {"edits": [{**NOTHING, **{f"member{i}": 1 for i in range(500_000)}}]},
    "members of a line": lambda: {"edits": [{**NOTHING, "mask": {"strokes": [{f"{i}": 1 for i in range(500_000)}]}}]},
    "directions": lambda: {"directions": {f"direction{i}": "x" for i in range(500_000)}},
}


@pytest.mark.parametrize("members", BAD.values(), ids=BAD)
def test_of_many_mistakes_few_are_looked_at(
    members: Callable[[], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each mistake that is reported takes microseconds, and all of them seconds."""
    seen: list[int] = []

    def explain(error: ValidationError) -> PictureError:
        seen.append(error.error_count())
        return PictureError("bad")

    monkeypatch.setattr(parsing, "_explain", explain)
    with pytest.raises(PictureError):
        parse_picture({"model": "village", "seed": 1, **members()})
    assert sum(seen) <= 64
