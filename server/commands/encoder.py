"""`unitbrush encoder`: train the encoder of a model, with which a picture of one's own is brought in sooner.

unitbrush encoder village
unitbrush encoder mine --aim latent --images 40000
"""

from __future__ import annotations

import argparse
import os

from server.commands.device import add_device
from server.commands.installed import add_folders
from server.commands.trust import trusting_settings
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
    parser.add_argument("--threads", type=int, help="threads (default: one for each core)")
    add_device(parser)
    add_folders(parser)


def run(args: argparse.Namespace) -> int:
    """Train, with a bar; an interrupted training goes on where it stopped."""
    import torch
    from tqdm import tqdm

    from server.inversion.invert import base_layer
    from server.lab.encoder.train import Training, train_encoder
    from server.model.catalog import Catalog
    from server.model.device import device_named

    threads = args.threads or os.cpu_count() or 1
    if min(args.images, threads) < 1 or args.batch < 2:
        raise UsageError("images and threads are whole numbers above 0, a batch is 2 or more")
    settings = trusting_settings(args, models_dir=args.models_dir, results_dir=args.results_dir)
    catalog = Catalog(settings.models_dir, settings.results_dir, settings.default_model, settings.trusted_modules)
    model = catalog.get(args.model)
    layer = base_layer(model) if args.aim is None else None if args.aim == "latent" else args.aim
    torch.set_num_threads(threads)
    training = Training(layer, max(1, args.images // args.batch), args.batch)
    with tqdm(total=training.steps, unit="step") as bar:

        def show(step: int, loss: float) -> None:
            bar.update(step - bar.n)
            bar.set_postfix(loss=f"{loss:.3f}")

        try:
            measured = train_encoder(model, training, device_named(args.device), show)
        except (OSError, ValueError) as error:
            raise UsageError(str(error)) from error
    print(measured)
    return 0
