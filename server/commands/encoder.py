"""`unitbrush encoder`: train the encoder of a model, with which a picture of one's own is brought in sooner.

unitbrush encoder village
unitbrush encoder mine --aim latent --images 40000
"""

from __future__ import annotations

import argparse
import json

from server.commands.device import add_device
from server.commands.installed import add_folders, open_catalog
from server.commands.training import add_threads, training_bar, use_threads
from server.errors import UsageError

IMAGES = 36_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("model", help="the model, whose own samples it learns on")
    parser.add_argument(
        "--aim",
        metavar="LAYER",
        help="the layer whose featuremaps it tells, or `latent` (default: the first that brushes edit)",
    )
    parser.add_argument("--images", type=int, default=IMAGES, help=f"samples that it sees (default: {IMAGES})")
    parser.add_argument("--batch", type=int, default=16, help="samples at once (default: 16)")
    add_threads(parser)
    parser.add_argument(
        "--lines",
        action="store_true",
        help="for programs: no bar, but lines of JSON, [steps done, steps]",
    )
    add_device(parser)
    add_folders(parser)


def run(args: argparse.Namespace) -> int:
    """Train, with a bar; an interrupted training goes on where it stopped."""
    from server.inversion.invert import base_layer
    from server.lab.encoder.train import Training, train_encoder
    from server.model.device import device_named

    if args.images < 1 or args.batch < 2:
        raise UsageError("images are a whole number above 0, a batch is 2 or more")
    use_threads(args)
    model = open_catalog(args).get(args.model)
    layer = base_layer(model) if args.aim is None else None if args.aim == "latent" else args.aim
    training = Training(layer, max(1, args.images // args.batch), args.batch)
    with training_bar(training.steps, "loss", 3, args.lines) as show:
        measured = train_encoder(model, training, device_named(args.device), show)
    print(json.dumps(measured) if args.lines else measured)
    return 0
