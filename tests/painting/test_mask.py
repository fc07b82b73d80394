"""Masks: coverage is area, whatever the mask and the grid."""

from __future__ import annotations

import base64
import io
import math
import struct
import zlib
from dataclasses import replace
from urllib.parse import quote

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from server.errors import PictureError
from server.painting.mask import coverage, decode_png, drawing_work
from server.painting.picture import Line, Mask, Png, Rect, Stroke, Strokes

fractions = st.floats(0, 1)
points = st.tuples(fractions, fractions)
strokes = st.builds(
    Stroke,
    points=st.lists(points, min_size=1, max_size=6).map(tuple),
    radius=st.floats(0.001, 0.6),
    erase=st.booleans(),
)


def png(array: np.ndarray, mode: str | None = None, **options: object) -> Png:
    out = io.BytesIO()
    image = Image.fromarray(array) if mode is None else Image.fromarray(array).convert(mode)
    image.save(out, "PNG", **options)
    return Png(base64.b64encode(out.getvalue()).decode())


def sampled(mask: Strokes, cells: int, samples: int) -> np.ndarray:
    """The definition, slowly: the share of `samples`^2 points of each cell within the radius of a polyline."""
    n = cells * samples
    at = (np.arange(n) + 0.5) / n
    x, y = np.meshgrid(at, at)
    inside = np.zeros((n, n), bool)
    for stroke in mask.strokes:
        ends = [*zip(stroke.points, stroke.points[1:], strict=False)] or [(stroke.points[0], stroke.points[0])]
        for (ax, ay), (bx, by) in ends:
            dx, dy = bx - ax, by - ay
            t = np.clip(((x - ax) * dx + (y - ay) * dy) / max(dx * dx + dy * dy, 1e-30), 0, 1)
            near = (x - ax - t * dx) ** 2 + (y - ay - t * dy) ** 2 <= stroke.radius**2
            inside[near] = not stroke.erase
    return inside.reshape(cells, samples, cells, samples).mean((1, 3))


def test_null_covers_everything() -> None:
    assert np.array_equal(coverage(None, 4, 6), np.ones((4, 6), np.float32))


@pytest.mark.parametrize("cells", [8, 16, 128])
def test_a_dot_covers_its_area(cells: int) -> None:
    a = coverage(Strokes((Stroke(((0.4, 0.6),), 0.23),)), cells, cells)
    assert a.dtype == np.float32
    assert a.mean() == pytest.approx(math.pi * 0.23**2, rel=0.005)
    y, x = np.indices(a.shape) + 0.5
    assert (a * x).sum() / a.sum() / cells == pytest.approx(0.4, abs=0.002)
    assert (a * y).sum() / a.sum() / cells == pytest.approx(0.6, abs=0.002)


def test_a_stroke_covers_a_capsule() -> None:
    length = math.hypot(0.4, 0.3)
    a = coverage(Strokes((Stroke(((0.2, 0.3), (0.6, 0.6)), 0.1),)), 16, 16)
    assert a.mean() == pytest.approx(math.pi * 0.1**2 + 2 * 0.1 * length, rel=0.005)


def test_a_dot_smaller_than_a_cell_still_paints() -> None:
    a = coverage(Strokes((Stroke(((0.3, 0.3),), 0.03),)), 8, 8)
    assert np.count_nonzero(a) == 1
    assert a[2, 2] == pytest.approx(math.pi * 0.03**2 * 64, rel=0.1)


@settings(deadline=None, max_examples=60)
@given(st.lists(strokes, min_size=1, max_size=3).map(tuple), st.sampled_from([4, 8, 16]))
def test_strokes_agree_with_their_definition(drawn: tuple[Stroke, ...], cells: int) -> None:
    mask = Strokes(drawn)
    a = coverage(mask, cells, cells)
    assert a.shape == (cells, cells)
    assert a.min() >= 0
    assert a.max() <= 1
    # The same 16 samples a cell side, so only samples within rounding of the edge may differ.
    assert np.abs(a - sampled(mask, cells, 16)).max() <= 3 / 256


def test_the_way_a_stroke_was_cut_up_does_not_matter() -> None:
    ends = np.array([[0.1, 0.2], [0.8, 0.7]])
    whole = coverage(Strokes((Stroke(tuple(map(tuple, ends)), 0.08),)), 16, 16)
    many = ends[0] + np.linspace(0, 1, 2001)[:, None] * (ends[1] - ends[0])
    cut = coverage(Strokes((Stroke(tuple(map(tuple, many[::-1])), 0.08),)), 16, 16)
    np.testing.assert_allclose(cut, whole, atol=2 / 256)


@pytest.mark.parametrize("height", [48, 80])
def test_strokes_stay_round_on_pictures_that_are_no_squares(height: int) -> None:
    """A picture of 80x48 cells is the upper part of a square one, one of 48x80 its left part: what is painted there
    covers the same. A radius is a fraction of the width."""
    width = 128 - height
    drawn = [((0.3, 0.2), (0.5, 0.45)), ((0.45, 0.1),)]
    on_square = [
        Stroke(points, radius, erase=i == 1) for i, (points, radius) in enumerate(zip(drawn, (0.12, 0.1), strict=True))
    ]
    own = [
        replace(
            stroke,
            points=tuple((x * 80 / width, y * 80 / height) for x, y in stroke.points),
            radius=stroke.radius * 80 / width,
        )
        for stroke in on_square
    ]
    got = coverage(Strokes(tuple(own)), height, width, width / height)
    expected = coverage(Strokes(tuple(on_square)), 80, 80)[:height, :width]
    np.testing.assert_allclose(got, expected, atol=3 / 36)  # samples within rounding of the edge
    half = Rect((0.0, 0.0, 0.5, 1.0), erase=(Stroke(((0.5, 0.5),), 0.1),))
    left = coverage(half, height // 4, width // 4, width / height)
    assert 0.5 - left.mean() == pytest.approx(math.pi * 0.1**2 / 2 * width / height, rel=0.03)


def test_an_erasing_stroke_takes_away_what_lies_before_it() -> None:
    wide, narrow = Stroke(((0.1, 0.5), (0.9, 0.5)), 0.2), ((0.5, 0.0), (0.5, 1.0))
    erased = coverage(Strokes((wide, Stroke(narrow, 0.1, erase=True))), 10, 10)
    assert erased[:, 4:6].max() == 0
    assert np.array_equal(erased[:, :4], coverage(Strokes((wide,)), 10, 10)[:, :4])
    after = coverage(Strokes((Stroke(narrow, 0.1, erase=True), wide)), 10, 10)
    assert np.array_equal(after, coverage(Strokes((wide,)), 10, 10))


@given(
    st.lists(fractions, min_size=2, max_size=2, unique=True), st.lists(fractions, min_size=2, max_size=2, unique=True)
)
def test_a_rect_covers_its_area_exactly(xs: list[float], ys: list[float]) -> None:
    (x0, x1), (y0, y1) = sorted(xs), sorted(ys)
    a = coverage(Rect((x0, y0, x1, y1)), 7, 9)
    assert a.sum() / 63 == pytest.approx((x1 - x0) * (y1 - y0), abs=1e-5)


def test_a_rect_on_cell_borders_is_hard() -> None:
    expected = np.zeros((4, 4), np.float32)
    expected[1:3, 2:] = 1
    assert np.array_equal(coverage(Rect((0.5, 0.25, 1, 0.75)), 4, 4), expected)


WIDE = Stroke(((0.0, 0.5), (1.0, 0.5)), 0.2)


@pytest.mark.parametrize("cells", [8, 16, 128])
def test_what_is_erased_of_a_mask_is_its_area_less(cells: int) -> None:
    band = coverage(Strokes((WIDE,)), cells, cells)
    for whole in (Rect((0, 0, 1, 1)), png(np.full((9, 9), 255, np.uint8))):
        left = coverage(replace(whole, erase=(WIDE,)), cells, cells)
        # The two are sampled at other points, which shows along the edge.
        assert left == pytest.approx(1 - band, abs=0.13)
        assert left.mean() == pytest.approx(1 - band.mean(), abs=0.01)


def test_a_cell_half_full_and_half_erased_keeps_the_other_half() -> None:
    left = Rect((0, 0, 0.5, 1))
    strip = Line(((0.75, 0.0), (0.75, 1.0)), 0.25)  # the right half
    assert coverage(replace(left, erase=(strip,)), 1, 1)[0, 0] == pytest.approx(0.5, abs=0.01)
    over = Line(((0.25, 0.0), (0.25, 1.0)), 0.25)
    assert coverage(replace(left, erase=(over,)), 1, 1)[0, 0] == pytest.approx(0, abs=0.01)


def test_an_eraser_elsewhere_changes_nothing() -> None:
    corner = Line(((0.05, 0.05),), 0.02)
    rect = Rect((0.5, 0.5, 1, 1))
    assert np.array_equal(coverage(replace(rect, erase=(corner,)), 16, 16), coverage(rect, 16, 16))


def test_alpha_or_luminance_of_a_png() -> None:
    rgba = np.zeros((8, 8, 4), np.uint8)
    rgba[:4, :, 3] = 255
    half = np.repeat([[1.0], [0.0]], 2, axis=1)
    assert np.array_equal(coverage(png(rgba), 2, 2), half)
    grey = np.zeros((8, 8), np.uint8)
    grey[:4] = 255
    assert np.array_equal(coverage(png(grey), 2, 2), half)
    assert np.array_equal(coverage(png(grey, "1"), 2, 2), half)
    assert np.array_equal(coverage(png(grey, "RGB"), 2, 2), half)
    assert np.array_equal(coverage(png(grey, "P"), 2, 2), half)
    assert np.array_equal(coverage(png(grey, transparency=0), 2, 2), half)
    assert np.array_equal(coverage(png(grey.astype(np.uint16) * 257), 2, 2), half)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 20))
def test_a_png_of_any_size_keeps_its_mean(height: int, width: int, cells: int) -> None:
    pixels = np.random.RandomState(height * 41 + width).randint(0, 256, (height, width)).astype(np.uint8)
    assert coverage(png(pixels), cells, cells).mean() == pytest.approx(pixels.mean() / 255, abs=1e-4)


def test_a_png_is_not_mirrored_or_turned() -> None:
    pixels = np.arange(48, dtype=np.uint8).reshape(6, 8)
    np.testing.assert_allclose(coverage(png(pixels), 6, 8) * 255, pixels, atol=1e-3)


def bomb(side: int) -> Png:
    """A valid header that promises side x side pixels, without the pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

    size = side.to_bytes(4, "big")
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size + size + b"\x08\x00\x00\x00\x00")
    data += chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    return Png(base64.b64encode(data).decode())


@pytest.mark.parametrize("side", [2049, 60000, 2**31 - 1])
def test_a_huge_png_is_refused_by_its_header(side: int) -> None:
    with pytest.raises(PictureError):
        decode_png(bomb(side))


def test_what_is_no_png_is_refused_in_one_line() -> None:
    whole = base64.b64decode(png(np.full((9, 9), 7, np.uint8)).png)
    jpeg = io.BytesIO()
    Image.new("L", (8, 8)).save(jpeg, "JPEG")
    broken = [b"", b"hello", whole[:20], whole[: len(whole) // 2], jpeg.getvalue(), whole[:8] + bytes(60)]
    bad = [Png(base64.b64encode(b).decode()) for b in broken]
    for mask in [*bad, Png("not base64!"), Png("AAA"), Png("é")]:
        with pytest.raises(PictureError) as error:
            coverage(mask, 8, 8)
        assert "\n" not in str(error.value)


def test_the_largest_png_is_taken() -> None:
    mask: Mask = png(np.full((2048, 2048), 255, np.uint8), compress_level=1)
    assert coverage(mask, 16, 16).min() == pytest.approx(1)


def test_alpha_that_is_opaque_everywhere_says_nothing_and_luminance_counts() -> None:
    half = np.zeros((4, 4, 4), np.uint8)
    half[:, 2:, :3], half[..., 3] = 255, 255
    expected = np.repeat([[0, 0, 1, 1]], 4, 0)
    for mode in ("RGBA", "LA"):
        assert np.array_equal(decode_png(png(half, mode)), expected)
    indexed = Image.fromarray(half[..., 0]).convert("P")
    out = io.BytesIO()
    indexed.save(out, "PNG", transparency=bytes([255] * 256))
    assert np.array_equal(decode_png(Png(base64.b64encode(out.getvalue()).decode())), expected)
    half[0, 0, 3] = 254  # one pixel is not: alpha counts
    assert decode_png(png(half, "RGBA")).mean() > 0.99


def test_base64_may_have_line_breaks_or_be_a_data_url() -> None:
    plain = png(np.arange(16, dtype=np.uint8).reshape(4, 4))
    expected = decode_png(plain)
    wrapped = base64.encodebytes(base64.b64decode(plain.png)).decode()
    assert "\n" in wrapped
    assert "=" in plain.png
    for text in (
        *(wrapped, wrapped.replace("\n", "\r\n"), f"data:image/png;base64,{plain.png}", f" {plain.png}\n"),
        *(plain.png.rstrip("="), "\ufeff" + plain.png, plain.png.replace("+", "-").replace("/", "_")),
        *(f"DATA:Image/PNG;Base64,{plain.png}", f" data:;charset=utf-8; base64, {wrapped}"),
        f"data:image/png;base64,{quote(plain.png, safe='')}",
    ):
        assert np.array_equal(decode_png(Png(text)), expected)
    for text in (f"data:image/png,{plain.png}", f"http://example.org/{plain.png}", f"{plain.png},"):
        with pytest.raises(PictureError):
            decode_png(Png(text))


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("colours", [1, 3])
def test_a_colour_that_is_called_transparent_is_found_at_every_depth(depth: int, colours: int) -> None:
    """The left half has it, the right half is one step lighter."""
    if colours == 3 and depth < 8:
        pytest.skip("no PNG has that")
    step = 0x1234 >> (16 - depth) if depth > 8 else 2**depth - 2 if depth > 1 else 0
    other = step + (256 if depth == 16 else 1)  # of 16 bits, colours keep the upper half
    bits = "".join(f"{value:0{depth}b}" * colours for value in [step] * 4 + [other] * 4)
    row = int(bits, 2).to_bytes(len(bits) // 8, "big")
    key = step.to_bytes(2, "big") * colours
    raw = raw_png((8, 8, depth, 2 if colours == 3 else 0), (b"\0" + row) * 8, (b"tRNS", key))
    assert np.array_equal(decode_png(raw), np.repeat([[0] * 4 + [1] * 4], 8, 0))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_exif_that_nobody_can_read_is_passed_over() -> None:
    expected = np.eye(8)
    rows = b"".join(b"\0" + bytes(row) for row in (expected * 255).astype(np.uint8))
    for exif in (b"garbage!", b"II*\0", b"", b"MM\0*\xff\xff\xff\xff"):
        assert np.array_equal(decode_png(raw_png((8, 8, 8, 0), rows, (b"eXIf", exif))), expected)


def raw_png(header: tuple[int, int, int, int], rows: bytes, extra: tuple[bytes, bytes]) -> Png:
    """header: width, height, bits of a sample, kind of colour. extra: another chunk's kind and content."""
    data = b"\x89PNG\r\n\x1a\n"
    head = struct.pack(">IIBBBBB", *header, 0, 0, 0)
    for kind, content in ((b"IHDR", head), extra, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
        data += struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    return Png(base64.b64encode(data).decode())


def test_a_mask_is_turned_as_its_camera_says() -> None:
    array = np.arange(6, dtype=np.uint8).reshape(2, 3)
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    Image.fromarray(array).save(out, "PNG", exif=exif)
    turned = decode_png(Png(base64.b64encode(out.getvalue()).decode())) * 255
    assert np.array_equal(turned, np.rot90(array, -1))


@pytest.mark.parametrize("form", ["JPEG", "GIF", "WEBP", "BMP", "TIFF"])
def test_a_mask_of_another_format_is_called_by_its_name(form: str) -> None:
    out = io.BytesIO()
    Image.new("L", (4, 4)).save(out, form)
    with pytest.raises(PictureError, match=f"is a {form}; masks are PNG".replace("WEBP", "WebP")):
        decode_png(Png(base64.b64encode(out.getvalue()).decode()))


@settings(deadline=None, max_examples=40)
@given(st.lists(strokes, min_size=1, max_size=8))
def test_strokes_drawn_together_cover_what_they_cover_one_by_one(drawn: list[Stroke]) -> None:
    inside = np.zeros((8, 8), np.float32)
    for stroke in drawn:
        own = coverage(Strokes((replace(stroke, erase=False),)), 8, 8)
        full = own == 1
        inside = np.where(full, float(not stroke.erase), inside)
        inside[(own > 0) & ~full] = np.nan  # at an edge the samples decide
    got = coverage(Strokes(tuple(drawn)), 8, 8)
    known = ~np.isnan(inside)
    assert np.array_equal(got[known], inside[known])


def test_work_grows_with_what_is_drawn() -> None:
    dot, tall = Stroke(((0.5, 0.5),), 0.05), Stroke(((0.5, 0.5),), 1.0)
    few, many = Strokes((dot,) * 10), Strokes((dot,) * 1000)
    turning = Strokes((tall, replace(tall, erase=True)) * 100)
    assert drawing_work(None) == drawing_work(Rect((0, 0, 1, 1))) == 0
    assert drawing_work(few) < 100 < drawing_work(many) < 200
    assert drawing_work(Strokes((tall,) * 200)) < 300 < 5000 < drawing_work(turning)
    assert drawing_work(Rect((0, 0, 1, 1), erase=(Line(((0.5, 0.5),), 1.0),) * 200)) < 300
