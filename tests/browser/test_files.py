"""Files and links that people bring: as editors write them, of other kinds, and hostile ones."""

from __future__ import annotations

import base64
import gzip
import io
import json
import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import Browser, Page, expect

from tests.browser.server import StudioServer
from tests.browser.studio import Studio, drop, open_studio

INSIDE, OUTSIDE = (0.8, 0.5), (0.2, 0.5)
# What the page has inflated, in bytes, and how many of a file's bytes it has read.
COUNT_BYTES = """
window.inflated = window.read = 0;
const { pipeThrough } = ReadableStream.prototype;
ReadableStream.prototype.pipeThrough = function (transform, options) {
  const count = new TransformStream({ transform: (part, to) => { window.inflated += part.length; to.enqueue(part); } });
  const out = pipeThrough.call(this, transform, options);
  return transform instanceof DecompressionStream ? pipeThrough.call(out, count) : out;
};
const { arrayBuffer } = Blob.prototype;
Blob.prototype.arrayBuffer = function () {
  window.read += this.size;
  return arrayBuffer.call(this);
};
"""
# Reads as some browsers give them: white, or noise.
FALSIFY = """
const real = CanvasRenderingContext2D.prototype.getImageData;
CanvasRenderingContext2D.prototype.getImageData = function (...place) {
  const image = real.apply(this, place);
  image.data.forEach((_, i, data) => (data[i] = %s));
  return image;
};
"""


def image_file(image: Image.Image, form: str = "PNG", info: PngInfo | None = None) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **({"pnginfo": info} if info else {}))
    return out.getvalue()


def right_half(mode: str) -> Image.Image:
    """White on the right, black on the left, opaque everywhere."""
    grey = np.zeros((16, 16), np.uint8)
    grey[:, 8:] = 255
    return Image.fromarray(grey).convert(mode)


def document(png: str, **members: object) -> dict[str, object]:
    edit = {"op": "draw", "concept": "tree", "mask": {"png": png}}
    return {"version": 1, "model": "village", "seed": 7, "edits": [edit], **members}


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def with_chunk(png: bytes, kind: bytes, content: bytes) -> bytes:
    """The file with a chunk behind its header."""
    return png[:33] + chunk(kind, content) + png[33:]


MODES = ("RGBA", "LA", "RGB", "L", "P", "1")


def test_a_mask_is_tinted_where_it_paints(studio: Studio) -> None:
    plain = {mode: base64.b64encode(image_file(right_half(mode))).decode() for mode in MODES}
    lines = "\n".join(plain["LA"][i : i + 20] for i in range(0, len(plain["LA"]), 20))
    for seed, text in enumerate([*plain.values(), "data:image/png;base64," + plain["L"], lines]):
        drop(studio, json.dumps({**document(text), "seed": seed}).encode(), "picture.json", "application/json")
        studio.wait_for_scene(seed)
        studio.wait_for_edits(1)
        studio.page.locator("#edits li").first.hover()
        studio.wait_for_tint(INSIDE)
        studio.wait_for_no_tint(OUTSIDE)
        studio.page.mouse.move(0, 0)
        studio.wait_for_no_tint(INSIDE)


def test_a_mask_is_turned_as_its_exif_says(studio: Studio) -> None:
    turned = right_half("RGB").rotate(180)
    exif = Image.Exif()
    exif[274] = 3  # the orientation: half a turn
    out = io.BytesIO()
    turned.save(out, "PNG", exif=exif)
    text = base64.b64encode(out.getvalue()).decode()
    drop(studio, json.dumps(document(text)).encode(), "picture.json", "application/json")
    studio.wait_for_edits(1)
    studio.page.locator("#edits li").first.hover()
    studio.wait_for_tint(INSIDE)
    studio.wait_for_no_tint(OUTSIDE)


def test_a_mask_is_tinted_where_it_paints_in_spite_of_noise(browser: Browser, server: StudioServer) -> None:
    noise = FALSIFY % "data[i] ^ (i % 3 ? 1 : 0)"
    with open_studio(browser, server, prepare=lambda page: page.add_init_script(noise)) as studio:
        text = base64.b64encode(image_file(right_half("RGBA"))).decode()
        drop(studio, json.dumps(document(text)).encode(), "picture.json", "application/json")
        studio.wait_for_edits(1)
        studio.page.locator("#edits li").first.hover()
        studio.wait_for_tint(INSIDE)
        studio.wait_for_no_tint(OUTSIDE)


# The largest canvases that the page has made, in pixels each.
CANVASES = """
window.canvases = [];
const { createElement } = Document.prototype;
Document.prototype.createElement = function (name, ...rest) {
  const element = createElement.call(this, name, ...rest);
  if (name === "canvas") canvases.push(element);
  return element;
};
"""


def test_masks_take_no_more_memory_than_one_can_see(browser: Browser, server: StudioServer) -> None:
    with open_studio(browser, server, prepare=lambda page: page.add_init_script(CANVASES)) as studio:
        edits = []
        for shade in range(8):
            mask = Image.new("L", (2048, 2048), shade)
            mask.paste(255, (1024, 0, 2048, 2048))
            png = base64.b64encode(image_file(mask)).decode()
            edits.append({"op": "draw", "concept": "tree", "mask": {"png": png}})
        drop(studio, json.dumps({**document(""), "edits": edits}).encode(), "picture.json", "application/json")
        studio.wait_for_edits(8)
        studio.page.locator("#edits li").first.hover()
        studio.wait_for_tint(INSIDE)
        kept = studio.page.evaluate("canvases.reduce((sum, { width, height }) => sum + width * height, 0)")
        assert kept < 8 * 1024**2


def test_documents_are_read_in_the_encodings_that_editors_write(studio: Studio) -> None:
    for edits, encoding in enumerate(("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"), 1):
        edit = {"op": "draw", "concept": "tree", "mask": {"rect": [0, 0, 1, 1]}}
        picture = {"model": "village", "seed": 5 + edits, "edits": [edit] * edits}
        drop(studio, json.dumps(picture).encode(encoding), "picture.json", "application/json")
        studio.wait_for_edits(edits)
        assert studio.picture()["seed"] == 5 + edits


def test_what_is_refused_is_called_what_it_is(browser: Browser, server: StudioServer) -> None:
    with open_studio(browser, server, may_complain=True) as studio:
        before = studio.shown()
        for form, kind in (("JPEG", "JPEG"), ("GIF", "GIF"), ("WEBP", "WebP"), ("BMP", "BMP")):
            file = image_file(right_half("RGB"), form)
            drop(studio, file[:30], "picture.png", "image/png")  # broken off: no picture of one's own either
            studio.wait_for_notice(f"another kind ({kind})")
            # The server's words, and nothing of it in the history.
            mask = document(base64.b64encode(file).decode())
            drop(studio, json.dumps(mask).encode(), "picture.json", "application/json")
            studio.wait_for_notice("masks are PNG")
            assert studio.shown() == before
            expect(studio.page.locator("#undo")).to_have_attribute("aria-disabled", "true")


def test_other_kinds_by_their_first_bytes(studio: Studio) -> None:
    kinds = [
        (gzip.compress(b'{"model": "village", "seed": 5}'), "gzip"),
        (b"RIFF\x24\0\0\0WAVEfmt ", None),
        (b"\xef\xbb\xbf\n <svg xmlns='http://www.w3.org/2000/svg'/>", "SVG / HTML / XML"),
        (b"\0\0\0\x18ftypisom", None),
        (b"\0\0\1\0\1\0\x10\x10", "ICO"),
        (b"\xff\x0a\xfa\x7f", "JPEG XL"),
        (b"\0\0\0\x1cftypavif", "AVIF / HEIC"),
    ]
    for file, kind in kinds:  # no two notices in a row are the same
        drop(studio, file + bytes(64), "picture.json", "application/json")
        studio.wait_for_notice(f"another kind ({kind})" if kind else "no picture document")


def test_what_a_document_hides_is_checked_too(browser: Browser, server: StudioServer) -> None:
    with open_studio(browser, server, may_complain=True) as studio:
        concepts = server.get("models/village/concepts")["concepts"]
        known = next(len(c["remove"]["units"]) for c in concepts if c["name"] == "tree")
        hidden = {"op": "remove", "concept": "tree", "mask": None, "units": known + 1, "hidden": True}
        drop(studio, json.dumps({**document(""), "edits": [hidden]}).encode(), "picture.json", "application/json")
        studio.wait_for_notice(f"units is {known + 1}")
        expect(studio.page.locator("#undo")).to_have_attribute("aria-disabled", "true")
        hidden["units"] = known
        drop(studio, json.dumps({**document(""), "edits": [hidden]}).encode(), "picture.json", "application/json")
        studio.wait_for_edits(1)
        assert "hidden" not in studio.picture()["edits"][0]


def test_a_png_with_foreign_text_and_profile_opens(browser: Browser, server: StudioServer) -> None:
    with open_studio(browser, server, prepare=lambda page: page.add_init_script(COUNT_BYTES)) as studio:
        picture = {"version": 1, "model": "village", "seed": 5, "edits": []}
        file = with_chunk(server.render(picture), b"zTXt", b"Comment\0\0" + zlib.compress(bytes(2**25)))
        file = with_chunk(file, b"iCCP", b"p\0\0" + zlib.compress(bytes(2**24)))
        drop(studio, file, "picture.png", "image/png")
        studio.wait_for_picture()
        studio.page.wait_for_function(
            "() => JSON.parse(localStorage.getItem('unitbrush.history')).scenes[0].seed === 5"
        )
        assert studio.page.evaluate("window.inflated") == 0


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"link"])
def test_nothing_inflates_past_its_bound(browser: Browser, server: StudioServer, kind: bytes) -> None:
    spaces = zlib.compressobj(9, wbits=-15 if kind == b"link" else 15)
    packed = b"".join([spaces.compress(b" " * 2**24) for _ in range(16)] + [spaces.flush()])
    with open_studio(browser, server, prepare=lambda page: page.add_init_script(COUNT_BYTES)) as studio:
        before = studio.shown()
        if kind == b"link":
            text = base64.urlsafe_b64encode(packed).decode().rstrip("=")
            studio.page.evaluate("text => { location.hash = '#p=' + text; }", text)
        else:
            head = b"unitbrush\0" + (b"\0" if kind == b"zTXt" else b"\1\0\0\0")
            file = with_chunk(
                server.render({"version": 1, "model": "village", "seed": 5, "edits": []}), kind, head + packed
            )
            drop(studio, file, "picture.png", "image/png")
        studio.wait_for_notice("at most 8 MiB")
        assert 0 < studio.page.evaluate("window.inflated") < 2**24
        assert studio.shown() == before


def test_a_file_that_is_too_large_is_never_read(browser: Browser, server: StudioServer) -> None:
    with open_studio(browser, server, prepare=lambda page: page.add_init_script(COUNT_BYTES)) as studio:
        for start in ("\\x89PNG\\r\\n\\x1a\\n", "{"):
            studio.page.evaluate("window.noticed.length = 0")
            studio.page.evaluate(
                f"""() => {{
                    const bytes = new Uint8Array(64 * 2 ** 20).fill(32);
                    bytes.set([..."{start}"].map((c) => c.charCodeAt(0)));
                    const transfer = new DataTransfer();
                    transfer.items.add(new File([bytes], "picture.png", {{type: "image/png"}}));
                    window.dispatchEvent(new DragEvent("drop", {{dataTransfer: transfer, cancelable: true}}));
                }}"""
            )
            studio.wait_for_notice("at most 8 MiB")
        assert studio.page.evaluate("window.read") < 1024


@pytest.mark.parametrize("value", ["255", "Math.random() * 256"])
def test_the_wand_reads_no_canvas(browser: Browser, server: StudioServer, value: str) -> None:
    def prepare(page: Page) -> None:
        page.add_init_script(FALSIFY % value)

    results = []
    for falsify in (False, True):
        with open_studio(browser, server, prepare=prepare if falsify else lambda page: None) as studio:
            studio.choose("tree", mode="remove", tool="pick")
            tag = studio.page.locator("#pick-tag")
            studio.page.mouse.move(*studio.at((0.8, 0.75)))
            expect(tag).to_be_visible()
            named = tag.inner_text()
            studio.paint([(0.8, 0.75)])
            studio.wait_for_edits(1)
            results.append((named, studio.picture()["edits"], studio.shown()))
            # The eraser does no harm to what it cannot see.
            studio.page.locator("#tools [data-value=eraser]").click()
            studio.paint([(0.1, 0.1), (0.12, 0.1)])
            studio.wait_for_edits(1)
            told = studio.page.evaluate("window.noticed.filter((text) => text.includes('falsifies')).length")
            assert told == falsify
    assert results[0] == results[1]


def test_what_cannot_be_made_without_reading_is_said(browser: Browser, server: StudioServer) -> None:
    with open_studio(browser, server, prepare=lambda page: page.add_init_script(FALSIFY % "255")) as studio:
        studio.choose("tree")
        studio.paint([(0.7, 0.6), (0.8, 0.7)])
        studio.page.evaluate("window.noticed.length = 0")
        studio.page.locator("#share-open-sheet").click()
        studio.page.locator("#share-gif").click()
        studio.wait_for_notice("GIFs cannot be made")
        studio.reload()
        assert studio.page.evaluate("window.noticed") == []
