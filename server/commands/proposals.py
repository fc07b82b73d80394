"""`unitbrush proposals`: the thing at a point of a picture, found without a segmenter, as a mask; no server runs.

unitbrush proposals --seed 42 --at 0.4,0.6 -o mask.png
unitbrush paint --seed 42 --remove tree --mask mask.png
"""

from __future__ import annotations

import argparse
from pathlib import Path

from server.commands.installed import add_folders, open_catalog
from server.commands.paint import read_picture, write_file
from server.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("document", nargs="?", help="a picture document, or a PNG painted here; - reads from stdin")
    parser.add_argument("--model", help="the model (default: the document's, else village)")
    parser.add_argument("--seed", type=int, help="the seed (default: the document's, else 0)")
    parser.add_argument("--at", type=_point, required=True, metavar="X,Y", help="a point of the thing, 0..1")
    parser.add_argument(
        "--radius", type=_radius, metavar="R", help="of a disc about as large as the thing, in widths (default: 0.075)"
    )
    parser.add_argument("-o", "--output", type=Path, default=Path("mask.png"), help="the mask (default: mask.png)")
    add_folders(parser)


def run(args: argparse.Namespace) -> int:
    """Find it, write the mask, and print its share of the picture."""
    import numpy as np

    from server.painting.imaging import encode
    from server.painting.painter import Painter
    from server.painting.proposals import RADIUS, propose

    if args.output.suffix.lower() != ".png":
        raise UsageError(f"a mask is a PNG, not {str(args.output)!r}")
    picture = read_picture(args.document, args.model, args.seed, [], {}, False)
    painter = Painter(open_catalog(args))
    proposals = propose(painter.render(picture))
    x, y = args.at
    mask = proposals.mask(proposals.thing_at(x, y, args.radius or RADIUS))  # (H, W)
    write_file(args.output, encode(mask.astype(np.uint8) * 255))
    print(f"{args.output}: {100 * mask.mean():.1f} % of the picture")
    return 0


def _point(text: str) -> tuple[float, float]:
    try:
        x, y = map(float, text.split(","))
    except ValueError:
        x = y = -1.0
    if not (0 <= x <= 1 and 0 <= y <= 1):
        raise argparse.ArgumentTypeError(f"{text!r} is no point; write it as 0.4,0.6, from 0 to 1")
    return x, y


def _radius(text: str) -> float:
    try:
        radius = float(text)
    except ValueError:
        radius = 0.0
    if not 0 < radius <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no radius; it is above 0 and 1 at most")
    return radius
