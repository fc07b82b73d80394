"""`unitbrush style`: a picture in the style of another, fast or slowly; no server runs.

unitbrush style picture.png --style waves
unitbrush style picture.png --style photo.jpg --slow -o painted.png
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from server.commands.installed import add_folders, open_catalog
from server.commands.paint import MOST_BYTES, read_picture, write_file
from server.errors import UsageError

if TYPE_CHECKING:
    from server.model.pixels import Pixels

SIDE = 512  # of a style's image, at most
LEAST, MOST = 64, 1024  # pixels of the result's longer side


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("document", help="a picture document, or a PNG painted here; - reads a document from stdin")
    parser.add_argument(
        "--style",
        required=True,
        help="waves, mosaic, ink, embers, meadow, glass, a number from 1 to 26, or an image's file",
    )
    parser.add_argument("--strength", type=float, default=1.0, help="0..1 (default: 1)")
    parser.add_argument(
        "--slow", action="store_true", help="by optimisation, which takes minutes; styles with an image"
    )
    parser.add_argument("--steps", type=int, help="of the optimisation, 10 to 500 (default: 120)")
    parser.add_argument(
        "--size", type=int, help=f"longer side in pixels, {LEAST} to {MOST} (default: 512; slowly, 256)"
    )
    parser.add_argument("-o", "--output", type=Path, default=Path("styled.png"), help="a .png (default: styled.png)")
    add_folders(parser)


def run(args: argparse.Namespace) -> int:
    """Draw the picture, paint it in the style, and write a PNG that carries the picture's document."""
    from server.painting.imaging import encode, resize
    from server.painting.painter import Painter
    from server.painting.picture import picture_to_json
    from server.styles.fast import SIDE as FAST_SIDE
    from server.styles.fast import FastStyle
    from server.styles.features import check_features

    _check(args)
    fast = FastStyle()
    check_features() if args.slow else fast.check()
    look = read_style(args.style)
    if args.slow and isinstance(look, int):
        raise UsageError(f"the style {args.style} has no image to paint slowly from; take another, or an image's file")
    picture = read_picture(args.document, None, None, [], {}, False)
    painter = Painter(open_catalog(args))
    pixels = painter.render(picture)  # (H, W, 3)
    if isinstance(look, int) or not args.slow:
        painted = fast.paint(pixels, look, args.strength, args.size or FAST_SIDE)  # (H, W, 3)
    else:
        painted = _repaint(pixels, look, args.strength, args.steps)
        painted = painted if args.size is None else resize(painted, args.size)
    write_file(args.output, encode(painted, "png", picture_to_json(picture)))
    return 0


def read_style(name: str) -> int | Pixels:
    """A style's number, 0..25, or its image, (H, W, 3). Raises UsageError, and BadImage."""
    from server.styles.drawn import STYLES, draw_style
    from server.styles.fast import NUMBERED
    from server.styles.images import BadImage, read_image

    if name in STYLES:
        return draw_style(name)
    if name.isascii() and name.isdigit() and 1 <= int(name) <= NUMBERED:
        return int(name) - 1
    path = Path(name)
    if not path.is_file():
        raise UsageError(f"there is no style and no file {name!r}; there are {', '.join(STYLES)} and 1 to {NUMBERED}")
    if path.stat().st_size > MOST_BYTES:
        raise UsageError(f"cannot read {name}: it has more than {MOST_BYTES} bytes")
    try:
        return read_image(path.read_bytes(), SIDE)
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror}") from error
    except BadImage as error:
        raise BadImage(f"{name}: {error.detail}") from error


def _check(args: argparse.Namespace) -> None:
    if not 0 <= args.strength <= 1:
        raise UsageError(f"--strength is {args.strength}; it takes 0 to 1")
    if args.steps is not None and not (args.slow and 10 <= args.steps <= 500):
        raise UsageError(f"--steps is {args.steps}; it takes 10 to 500, with --slow")
    if args.size is not None and not LEAST <= args.size <= MOST:
        raise UsageError(f"--size is {args.size}; it takes {LEAST} to {MOST} pixels")
    if args.output.suffix.lower() != ".png":
        raise UsageError(f"cannot write {args.output}: end its name in .png, which can hold the document")


def _repaint(pixels: Pixels, style: Pixels, strength: float, steps: int | None) -> Pixels:
    """With a bar. pixels, style: (H, W, 3)."""
    import torch
    from tqdm import tqdm

    from server.model.device import bfloat16_is_fast, device_named
    from server.styles.slow import STEPS, repaint

    device = device_named("auto")
    dtype = torch.bfloat16 if bfloat16_is_fast(device) else torch.float32
    frames = repaint(pixels, style, strength, steps or STEPS, str(device), dtype)
    with tqdm(total=steps or STEPS, unit="step") as bar:
        while True:
            try:
                frame = next(frames)
            except StopIteration as end:
                result: Pixels = end.value  # (H, W, 3)
                return result
            bar.update(0 if frame is None else 1)
