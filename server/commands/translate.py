"""`unitbrush translate`: a picture as one of another season, in many styles; no server runs.

unitbrush translate picture.png --to winter
unitbrush translate picture.png --to winter --style 3 -o winter.png
"""

from __future__ import annotations

import argparse
from pathlib import Path

from server.commands.installed import add_folders, open_catalog
from server.commands.paint import read_picture, write_file
from server.errors import UsageError

MAX_SEED = 2**32 - 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("document", help="a picture document, or a PNG painted here; - reads a document from stdin")
    parser.add_argument("--to", required=True, metavar="SEASON", help="as the translator knows it: summer or winter")
    parser.add_argument("--style", type=int, default=0, metavar="N", help="the number of a style (default: 0)")
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("translated.png"), help="a .png (default: translated.png)"
    )
    add_folders(parser)


def run(args: argparse.Namespace) -> int:
    """Draw the picture, translate it, and write a PNG that carries the picture's document, which is without the
    translation."""
    from server.model.translator import translated, translator_of
    from server.painting.imaging import encode
    from server.painting.painter import Painter
    from server.painting.picture import picture_to_json

    if args.output.suffix.lower() != ".png":
        raise UsageError(f"cannot write {args.output}: end its name in .png, which can hold the document")
    if not 0 <= args.style <= MAX_SEED:
        raise UsageError(f"--style is {args.style}; it takes 0 to {MAX_SEED}")
    picture = read_picture(args.document, None, None, [], {}, False)
    painter = Painter(open_catalog(args))
    translator = translator_of(painter.catalog.get(picture.model))
    if args.to not in translator.domains:
        raise UsageError(f"--to is {args.to!r}; the translator knows {' and '.join(translator.domains)}")
    pixels = translated(translator, painter.render(picture), args.to, args.style)  # (H, W, 3)
    write_file(args.output, encode(pixels, "png", picture_to_json(picture)))
    return 0
