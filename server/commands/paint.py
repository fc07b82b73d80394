"""`unitbrush paint`: a picture document, or one given by options, into an image file; no server runs.

unitbrush paint picture.json -o picture.png
unitbrush paint --seed 42 --draw tree --rect 0.1,0.5,0.4,0.9 --remove door -o picture.webp
unitbrush paint --seed 42 --direction season=1.5 --direction night=-0.5 --clean
"""

from __future__ import annotations

import argparse
import base64
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from server.commands.installed import add_folders
from server.commands.trust import trusting_settings
from server.errors import PictureError, UsageError
from server.files import write_whole

if TYPE_CHECKING:
    from server.painting.imaging import Format
    from server.painting.picture import Picture
    from server.settings import Settings

RADIUS = 0.05
MOST_BYTES = 64 * 2**20  # of a file that is read
SUFFIXES: dict[str, Format] = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options; those of an edit follow the `--draw` or `--remove` that begins it."""
    parser.add_argument(
        "document", nargs="?", help="a picture document, or a PNG painted here; - reads a document from stdin"
    )
    parser.add_argument(
        "-o",
        "--output",
        default="picture.png",
        help="file to write, .png, .jpg or .webp; - is PNG to stdout (default: picture.png)",
    )
    parser.add_argument("--model", help="the model (default: the document's, else village)")
    parser.add_argument("--seed", type=int, help="the seed (default: the document's, else 0)")
    parser.add_argument(
        "--direction",
        action="append",
        type=_amount,
        dest="directions",
        metavar="NAME=AMOUNT",
        help="move the scene along a direction, as season=1.5; may be repeated",
    )
    parser.add_argument("--clean", action="store_true", help="set the model's artifact units to zero")
    parser.add_argument("--size", type=int, help="longer side in pixels (default: the model's own)")
    parser.add_argument(
        "--own", type=Path, metavar="PHOTO", help="keep the pixels of one's own picture where nothing is painted"
    )
    add_folders(parser)
    edits = parser.add_argument_group("edits", "in their order; each mask and number belongs to the edit before it")
    edits.add_argument("--draw", action=_Begin, dest="edits", metavar="CONCEPT", help="begin an edit that draws")
    edits.add_argument("--remove", action=_Begin, dest="edits", metavar="CONCEPT", help="begin an edit that removes")
    edits.add_argument("--rect", action=_Refine, type=_rect, metavar="X0,Y0,X1,Y1", help="a rectangle, 0..1")
    edits.add_argument(
        "--stroke", action=_Refine, type=_points, metavar="X,Y[,X,Y...]", help="a stroke; may be repeated"
    )
    edits.add_argument(
        "--radius",
        action=_Refine,
        type=_number,
        metavar="R",
        help=f"of the edit's strokes, in widths (default: {RADIUS})",
    )
    edits.add_argument(
        "--mask",
        action=_Refine,
        type=png_argument,
        metavar="PNG",
        help="an image whose alpha or luminance is the mask",
    )
    edits.add_argument("--units", action=_Refine, type=int, metavar="N", help="how many of the concept's best units")
    edits.add_argument("--strength", action=_Refine, type=_number, metavar="S", help="0..1 (default: 1)")
    edits.add_argument("--layer", action=_Refine, metavar="LAYER", help="the layer (default: the concept's best)")


def run(args: argparse.Namespace) -> int:
    """Paint, and write the image whole or not at all."""
    form = _format(args.output)
    check_size(args.size)
    picture = read_picture(
        args.document, args.model, args.seed, args.edits or [], dict(args.directions or []), args.clean
    )
    settings = trusting_settings(args, models_dir=args.models_dir, results_dir=args.results_dir)
    data = paint(picture, form, args.size, settings, args.own)
    if args.output == "-":
        _write_out(data)
    else:
        write_file(Path(args.output), data)
    return 0


def paint(picture: Picture, form: Format, size: int | None, settings: Settings, own_file: Path | None = None) -> bytes:
    """The image file of a picture; over one's own, where its file is given. Raises what the painter raises."""
    from server.commands.invert import read_own_file
    from server.inversion.keeping import kept, painted
    from server.inversion.own import fit
    from server.model.catalog import Catalog
    from server.painting.imaging import encode, resize
    from server.painting.painter import Painter
    from server.painting.picture import picture_to_json

    catalog = Catalog(settings.models_dir, settings.results_dir, trusted=settings.trusted_modules)
    aspect = catalog.get(picture.model).generator.aspect
    own = None if own_file is None else read_own_file(own_file, aspect)  # (H, W, 3)
    painter = Painter(catalog)
    pixels = painter.render(picture)  # (H, W, 3)
    if size is not None:
        pixels = resize(pixels, size)
    if own is not None:
        height, width, _ = pixels.shape
        pixels = kept(fit(own, (height, width)), pixels, painted(painter.covered(picture), (height, width)))
    return encode(pixels, form, picture_to_json(picture))


def read_picture(
    source: str | None,
    model: str | None,
    seed: int | None,
    edits: Sequence[dict[str, Any]],
    directions: Mapping[str, float],
    clean: bool,
) -> Picture:
    """The picture of a document's file, with the options' model, seed, directions and further edits over it.

    Raises PictureError, and UsageError where the file cannot be read.
    """
    from server.painting.parsing import parse_picture
    from server.painting.picture import SCENE
    from server.settings import read_settings

    document = _read_document(source) if source is not None else {"seed": 0}
    if not isinstance(document, dict):
        raise PictureError("the document is not an object", "")
    if model is not None:
        document["model"] = model
    if seed is not None:
        for member in SCENE:
            document.pop(member, None)
        document["seed"] = seed
    if directions:
        known = document.get("directions", {})
        document["directions"] = {**known, **directions} if isinstance(known, dict) else known
    if clean:
        document["clean"] = True
    if edits:
        older = document.get("edits", [])
        document["edits"] = [*(older if isinstance(older, list) else [older]), *map(_finish, edits)]
    return parse_picture(document, read_settings().default_model)


def _write_out(data: bytes) -> None:
    """Write to stdout. Raises UsageError, and BrokenPipeError where its reader has seen enough."""
    if sys.stdout is None:
        raise UsageError("cannot write to stdout: it is closed")
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UsageError(f"cannot write to stdout: {error.strerror}") from error


def write_file(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, into a folder that is there. Raises UsageError."""
    if not path.parent.is_dir():
        raise UsageError(f"cannot write {path}: there is no folder {path.parent}")
    try:
        write_whole(path, lambda part: part.write_bytes(data))
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error


def _read_document(source: str) -> Any:
    from server.errors import MalformedJSON
    from server.painting.imaging import read_document
    from server.painting.parsing import decode_json
    from server.painting.png import SIGNATURE, UNKNOWN, kind_of

    try:
        data = _read(sys.stdin.buffer) if source == "-" else _read_file(source)
    except ValueError as error:
        raise UsageError(f"cannot read {source}: {error}") from error
    except OSError as error:
        raise UsageError(f"cannot read {source}: {error.strerror}") from error
    try:
        return decode_json(read_document(data) if data.startswith(SIGNATURE) else data)
    except MalformedJSON as error:
        kind = kind_of(data)
        what = "neither JSON nor a PNG" if kind == UNKNOWN else f"{kind}; paint takes a document or a PNG painted here"
        raise MalformedJSON(f"{source} is {what}: {error}") from error


def _read_file(name: str) -> bytes:
    """Raises OSError and ValueError."""
    with Path(name).open("rb") as file:
        return _read(file)


def _read(file: BinaryIO) -> bytes:
    """Raises ValueError for what has more bytes than any document or mask: a device has no end."""
    data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ValueError(f"it has more than {MOST_BYTES} bytes")
    return data


def _format(output: str) -> Format:
    if output == "-":
        return "png"
    suffix = Path(output).suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(f"cannot tell an image format from {output!r}; end it in .png, .jpg or .webp")
    return SUFFIXES[suffix]


def check_size(size: int | None) -> None:
    """Raises UsageError for a size that no image is drawn in."""
    if size is not None and not 8 <= size <= 4096:
        raise UsageError(f"--size is {size}; it takes 8 to 4096 pixels")


def _finish(options: Mapping[str, Any]) -> dict[str, Any]:
    """The edit that an edit's options describe, as a document has it."""
    edit = dict(options)
    strokes, radius = edit.pop("stroke", None), edit.pop("radius", RADIUS)
    masks: list[dict[str, Any]] = [{kind: edit.pop(kind)} for kind in ("rect", "png") if kind in edit]
    if strokes is not None:
        masks.append({"strokes": [{"points": points, "radius": radius} for points in strokes]})
    if len(masks) > 1:
        raise UsageError(f"the edit of {edit['concept']!r} has several masks; give each its own --draw or --remove")
    return {**edit, "mask": masks[0] if masks else None}


class _Begin(argparse.Action):
    """`--draw` and `--remove`: begins an edit."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option: str | None = None,
    ) -> None:
        assert option is not None
        edits = list(namespace.edits or [])
        namespace.edits = [*edits, {"op": option.lstrip("-"), "concept": values}]


class _Refine(argparse.Action):
    """Every other option of an edit: belongs to the one begun last."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option: str | None = None,
    ) -> None:
        if not namespace.edits:
            raise argparse.ArgumentError(self, "comes after the --draw or --remove it belongs to")
        edit = namespace.edits[-1]
        if self.dest == "stroke":
            edit.setdefault("stroke", []).append(values)
        else:
            edit["png" if self.dest == "mask" else self.dest] = values


def _argument(text: str, what: str, read: Callable[[str], Any]) -> Any:
    try:
        return read(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not {what}") from None


def _amount(text: str) -> tuple[str, float]:
    name, _, amount = text.partition("=")
    value: float = _argument(amount, "an amount; write a direction as season=1.5", float)
    return name, value


def _number(text: str) -> float:
    value: float = _argument(text, "a number", float)
    return value


def _numbers(text: str) -> list[float]:
    return [float(part) for part in text.replace(",", " ").split()]


def _rect(text: str) -> list[float]:
    value: list[float] = _argument(text, "four numbers, as 0.1,0.5,0.4,0.9", _numbers)
    return value


def _points(text: str) -> list[list[float]]:
    value: list[float] = _argument(text, "points, as 0.2,0.7,0.3,0.72", _numbers)
    if not value or len(value) % 2:
        raise argparse.ArgumentTypeError(f"{text!r} is not pairs of x and y, as 0.2,0.7,0.3,0.72")
    return [[x, y] for x, y in zip(value[::2], value[1::2], strict=True)]


def png_argument(text: str) -> str:
    """An image file as a document has it: base64."""
    try:
        return base64.b64encode(_read_file(text)).decode()
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"cannot read {text}: {error}") from None
    except OSError as error:
        raise argparse.ArgumentTypeError(f"cannot read {text}: {error.strerror}") from None
