"""`unitbrush inpainter`: train what fills the missing parts of a model's pictures, another way of `unitbrush compare`.

unitbrush inpainter village
unitbrush inpainter mine --steps 20000 --threads 1
"""

from __future__ import annotations

import argparse
import os

from server.commands.device import add_device
from server.commands.installed import add_folders
from server.commands.trust import trusting_settings
from server.errors import UsageError

STEPS = 18_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("model", help="the model, whose own samples it learns on")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"of training (default: {STEPS})")
    parser.add_argument("--batch", type=int, default=2, help="samples at once (default: 2)")
    parser.add_argument("--measured", type=int, default=64, help="samples that it is measured on (default: 64)")
    parser.add_argument("--threads", type=int, help="threads (default: one for each core)")
    add_device(parser)
    add_folders(parser)


def run(args: argparse.Namespace) -> int:
    """Train, with a bar, then measure; an interrupted training goes on where it stopped."""
    import torch
    from tqdm import tqdm

    from server.lab.inpainting.measure import markdown, measure
    from server.lab.inpainting.train import Training, train_inpainter, write_card
    from server.model.catalog import Catalog
    from server.model.device import device_named

    threads = args.threads or os.cpu_count() or 1
    if min(args.steps, args.batch, args.measured, threads) < 1:
        raise UsageError("steps, batch, measured and threads are whole numbers above 0")
    settings = trusting_settings(args, models_dir=args.models_dir, results_dir=args.results_dir)
    catalog = Catalog(settings.models_dir, settings.results_dir, settings.default_model, settings.trusted_modules)
    model = catalog.get(args.model)
    torch.set_num_threads(threads)
    training = Training(args.steps, args.batch)
    with tqdm(total=training.steps, unit="step") as bar:

        def show(step: int, off: float) -> None:
            bar.update(step - bar.n)
            bar.set_postfix(off=f"{off:.3f}")

        try:
            inpainter = train_inpainter(model, training, device_named(args.device), show)
        except (OSError, ValueError) as error:
            raise UsageError(str(error)) from error
    measured = markdown(measure(model.generator, inpainter, args.measured))
    write_card(model, training, measured, args.measured)
    print(measured)
    return 0
