"""`unitbrush translator`: train what paints a model's pictures of summer as those of winter, and the other way round.

unitbrush translator village
unitbrush translator village --steps 20000 --threads 1
"""

from __future__ import annotations

import argparse
import os

from server.commands.installed import add_folders
from server.commands.trust import trusting_settings
from server.errors import UsageError

STEPS = 24_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("model", help="the model, whose own pictures it learns on; a village")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"of training (default: {STEPS})")
    parser.add_argument("--batch", type=int, default=1, help="parts of pictures of each season at once (default: 1)")
    parser.add_argument("--pictures", type=int, default=400, help="of each season (default: 400)")
    parser.add_argument("--measured", type=int, default=40, help="pictures that it is measured on (default: 40)")
    parser.add_argument("--threads", type=int, help="threads (default: one for each core)")
    add_folders(parser)


def run(args: argparse.Namespace) -> int:
    """Train, with a bar, then measure; an interrupted training goes on where it stopped."""
    import torch
    from tqdm import tqdm

    from server.lab.translation.measure import markdown, measure
    from server.lab.translation.train import Training, train_translator, write_card
    from server.model.catalog import Catalog
    from server.painting.painter import Painter

    threads = args.threads or os.cpu_count() or 1
    if min(args.steps, args.batch, args.pictures, args.measured, threads) < 1:
        raise UsageError("steps, batch, pictures, measured and threads are whole numbers above 0")
    settings = trusting_settings(args, models_dir=args.models_dir, results_dir=args.results_dir)
    catalog = Catalog(settings.models_dir, settings.results_dir, settings.default_model, settings.trusted_modules)
    model = catalog.get(args.model)
    torch.set_num_threads(threads)
    training = Training(args.steps, args.batch, pictures=args.pictures)
    with tqdm(total=training.steps, unit="step") as bar:

        def show(step: int, loss: float) -> None:
            bar.update(step - bar.n)
            bar.set_postfix(loss=f"{loss:.2f}")

        try:
            translator = train_translator(model, training, show)
        except (OSError, ValueError) as error:
            raise UsageError(str(error)) from error
    measured = markdown(measure(Painter(catalog), model, translator, args.measured))
    write_card(model, training, measured)
    print(measured)
    return 0
