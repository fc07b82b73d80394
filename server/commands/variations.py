"""`unitbrush variations`: a picture's edits over other scenes, each into an image file; no server runs.

unitbrush variations picture.png --seeds 1,2,3 -o variations
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

from server.commands.installed import add_folders, open_catalog
from server.commands.paint import check_size, read_picture, write_file
from server.errors import UsageError

COUNT = 6  # where no seeds are given
RANDOM_BELOW = 10**6
MAX_SEED = 2**32 - 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("document", help="a picture document, or a PNG painted here; - reads a document from stdin")
    parser.add_argument(
        "--seeds", type=_seeds, metavar="N,N,...", help=f"of the other scenes (default: {COUNT} random ones)"
    )
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("variations"), help="folder for the files (default: variations)"
    )
    parser.add_argument("--size", type=int, help="longer side in pixels (default: the model's own)")
    add_folders(parser)


def run(args: argparse.Namespace) -> int:
    """Draw them, the trunk's and the tail's weights read once; print each file's name as soon as it is there."""
    from server.painting.imaging import encode, resize
    from server.painting.painter import Painter
    from server.painting.picture import over, picture_to_json

    check_size(args.size)
    picture = read_picture(args.document, None, None, [], {}, False)
    painter = Painter(open_catalog(args))
    for seed in args.seeds or random.sample(range(RANDOM_BELOW), COUNT):
        variation = over(picture, seed)
        pixels = painter.render(variation)  # (H, W, 3)
        if args.size is not None:
            pixels = resize(pixels, args.size)
        _make_folder(args.output)
        path = args.output / f"{seed}.png"
        write_file(path, encode(pixels, "png", picture_to_json(variation)))
        print(path)
    return 0


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot make the folder {folder}: {error.strerror}") from error


def _seeds(text: str) -> list[int]:
    try:
        seeds = [int(part) for part in text.split(",")]
    except ValueError:
        seeds = []
    if not seeds or not all(0 <= seed <= MAX_SEED for seed in seeds):
        raise argparse.ArgumentTypeError(f"{text!r} is not seeds; write them as 1,2,3, each from 0 to {MAX_SEED}")
    return seeds
