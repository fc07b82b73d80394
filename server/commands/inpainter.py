"""`unitbrush inpainter`: train what fills the missing parts of a model's pictures, another way of `unitbrush compare`.

unitbrush inpainter village
unitbrush inpainter mine --steps 20000 --threads 1
"""

from __future__ import annotations

import argparse

from server.commands.device import add_device
from server.commands.installed import add_folders, open_catalog
from server.commands.training import add_threads, training_bar, use_threads
from server.errors import UsageError

STEPS = 9_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("model", help="the model, whose own samples it learns on")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"of training (default: {STEPS})")
    parser.add_argument("--batch", type=int, default=2, help="samples at once (default: 2)")
    parser.add_argument("--measured", type=int, default=64, help="samples that it is measured on (default: 64)")
    add_threads(parser)
    add_device(parser)
    add_folders(parser)


def run(args: argparse.Namespace) -> int:
    """Train, with a bar, then measure; an interrupted training goes on where it stopped."""
    from server.lab.inpainting.measure import markdown, measure
    from server.lab.inpainting.train import Training, train_inpainter, write_card
    from server.model.device import device_named

    if min(args.steps, args.batch, args.measured) < 1:
        raise UsageError("steps, batch and measured are whole numbers above 0")
    use_threads(args)
    model = open_catalog(args).get(args.model)
    training = Training(args.steps, args.batch)
    with training_bar(training.steps, "off", 3) as show:
        inpainter = train_inpainter(model, training, device_named(args.device), show)
    measured = markdown(measure(model.generator, inpainter, args.measured))
    write_card(model, training, measured, args.measured)
    print(measured)
    return 0
