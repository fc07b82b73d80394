"""`unitbrush translator`: train what paints a model's pictures of summer as those of winter, and the other way round.

unitbrush translator village
unitbrush translator village --steps 20000 --threads 1
"""

from __future__ import annotations

import argparse

from server.commands.installed import add_folders, open_catalog
from server.commands.training import add_threads, training_bar, use_threads
from server.errors import UsageError

STEPS = 14_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("model", help="the model, whose own pictures it learns on; a village")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"of training (default: {STEPS})")
    parser.add_argument("--batch", type=int, default=1, help="parts of pictures of each season at once (default: 1)")
    parser.add_argument("--pictures", type=int, default=400, help="of each season (default: 400)")
    parser.add_argument("--measured", type=int, default=40, help="pictures that it is measured on (default: 40)")
    add_threads(parser)
    add_folders(parser)


def run(args: argparse.Namespace) -> int:
    """Train, with a bar, then measure; an interrupted training goes on where it stopped."""
    from server.lab.translation.measure import markdown, measure
    from server.lab.translation.train import Training, train_translator, write_card
    from server.painting.painter import Painter

    if min(args.steps, args.batch, args.pictures, args.measured) < 1:
        raise UsageError("steps, batch, pictures and measured are whole numbers above 0")
    use_threads(args)
    catalog = open_catalog(args)
    model = catalog.get(args.model)
    training = Training(args.steps, args.batch, pictures=args.pictures)
    with training_bar(training.steps, "loss", 2) as show:
        translator = train_translator(model, training, show)
    measured = markdown(measure(Painter(catalog), model, translator, args.measured))
    write_card(model, training, measured)
    print(measured)
    return 0
