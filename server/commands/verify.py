"""`unitbrush verify church`: whether a model's weights are loaded right, by how active its units are.

    unitbrush verify church     # beside the quantiles that GAN Dissection published
    unitbrush verify village    # beside those that its own dissection stored

Exit status 0 where they agree, 1 where they do not, 2 where there is nothing to compare.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from server.commands.device import add_device
from server.commands.installed import add_folders, open_model
from server.errors import UnknownModel, UsageError

if TYPE_CHECKING:
    from server.lab.verify import Comparison, Tolerance


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("model", help="the model's name")
    add_device(parser)
    add_folders(parser)


def run(args: argparse.Namespace) -> int:
    """Measure, with a progress bar, and print how far off each layer is."""
    from tqdm import tqdm

    from server.lab.published import PUBLISHED
    from server.lab.verify import compare, measure, misfit, tolerance
    from server.model.device import device_named
    from server.results.quantiles import known_quantiles

    device = device_named(args.device)
    try:
        model = open_model(args, device)
    except UnknownModel as error:
        if args.model in PUBLISHED:
            raise UsageError(f"{error}; `unitbrush fetch {args.model}` downloads it") from error
        raise
    known = known_quantiles(model.results, [layer.name for layer in model.generator.layers])
    if known is None:
        raise UsageError(
            f"nothing is known to compare {args.model} with: no quantiles of its units are published here, and "
            f"{model.results} stores none; `unitbrush dissect {args.model}` measures and stores them"
        )
    if (why := misfit(model.generator, known)) is not None:
        print(f"{args.model} is not what was measured: {why}")
        return 1
    with tqdm(total=known.latents.pictures, desc=args.model, unit="picture", disable=None) as bar:
        measured = measure(model.generator, known, device, lambda done: bar.update(done - bar.n))
    whose = "stored with its dissection" if known.source is None else f"published: {known.source}"
    print(f"0.99 quantiles of units over {known.latents.pictures} pictures, beside those {whose}")
    rows = [compare(layer, own) for layer, own in zip(known.layers, measured, strict=True)]
    allowed = tolerance(known)
    print(table(rows, allowed), end="")
    agree = all(row.agrees(allowed) for row in rows)
    print(f"{args.model}: " + ("the weights are loaded right" if agree else "NOT the weights that were measured"))
    return 0 if agree else 1


def table(rows: Sequence[Comparison], allowed: Tolerance) -> str:
    """Each layer's relative differences, what is allowed, and the verdict, in columns."""
    lines = [("layer", "units", "median", "95 of 100", "largest", "at unit", "verdict")]
    for row in rows:
        figures = (_percent(row.median), _percent(row.most), _percent(row.largest))
        lines.append(
            (row.layer, str(row.units), *figures, str(row.worst), "agrees" if row.agrees(allowed) else "differs")
        )
    lines.append(("allowed", "", _percent(allowed.median), _percent(allowed.most), _percent(allowed.largest), "", ""))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "".join(f"{'  '.join(map(str.rjust, line, widths)).rstrip()}\n" for line in lines)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
