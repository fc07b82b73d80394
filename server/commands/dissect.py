"""`unitbrush dissect`: measure which units of a model make which concept, and choose its brushes.

unitbrush dissect village
unitbrush dissect village --layers layer4,layer6 --samples 500 --out /tmp/dissected
unitbrush dissect faces --segmenter clusters --regions 6
unitbrush dissect faces --segmenter mine.parsing:segmenter --concepts skin,hair,other
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from server.commands.device import add_device
from server.commands.installed import add_folders, open_model
from server.commands.segmenters import add_segmenters, open_segmenters
from server.errors import UsageError

if TYPE_CHECKING:
    from server.model.generator import Generator

SCENES_FROM = 50_000_000  # a seed no training set reaches
BRUSH_ROWS = range(6, 21)  # featuremaps of 8x8 and 16x16 or about that paint best in small generators


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options; defaults dissect the layers that paint best."""
    parser.add_argument("model", help="the model's name")
    parser.add_argument(
        "--layers",
        help="layers, with commas between (default: all but the last); brushes are sought at those of 6 to 20 rows, or "
        "where the generator was made to be edited",
    )
    parser.add_argument("--samples", type=int, default=1000, help="pictures to look at (default: 1000)")
    parser.add_argument("--quick", action="store_true", help="sooner, with fewer pictures for each trial")
    parser.add_argument("--seed", type=int, default=0, help="of every random choice (default: 0)")
    parser.add_argument("--out", type=Path, help="folder for the results (default: the model's own)")
    parser.add_argument("--old-format", type=Path, metavar="DIR", help="also write results as the 2018 tool does")
    add_segmenters(parser)
    add_device(parser)
    parser.add_argument("--threads", type=int, default=0, help="on the CPU (default: one a core)")
    add_folders(parser)


def run(args: argparse.Namespace) -> int:
    """Dissect, with a progress bar; an interrupted run goes on where it stopped."""
    import torch
    from tqdm import tqdm

    from server.lab.dissect.report.netdissect import rewrite
    from server.lab.dissect.run import dissect
    from server.lab.dissect.running.passes import Passes
    from server.lab.dissect.running.plan import Plan
    from server.lab.scenes.concepts import CONCEPTS
    from server.model.device import bfloat16_is_fast, device_named

    device = device_named(args.device)
    if args.threads:
        torch.set_num_threads(args.threads)
    model = open_model(args, device)
    generator = model.generator
    look = _layers(args.layers, generator)
    low = bfloat16_is_fast(device)
    plan = Plan(samples=args.samples, seed=args.seed)
    if args.quick:
        plan = plan.quick()
    out = args.out or model.results
    with tqdm(total=1, unit="step") as bar:

        def report(text: str, done: int, total: int) -> None:
            if done < bar.n:  # of something new, that other times tell nothing of
                bar.reset()
            bar.total, bar.n = total, done
            bar.set_description(text)

        try:
            plan.check()
            segmenter, judge = open_segmenters(args, model, out, device, low, report)
            _, costs = dissect(
                Passes(generator, segmenter, low, device),
                Passes(generator, judge, low, device),
                args.model,
                brush_layers(look, generator),
                plan,
                out,
                report,
                look,
                training_scenes if segmenter.concepts == CONCEPTS else None,
            )
        except OSError as error:
            raise UsageError(f"cannot write to {out}: {error.strerror or error}") from error
        except ValueError as error:
            raise UsageError(str(error)) from error
    if args.old_format is not None:
        try:
            rewrite(out, args.old_format)
        except OSError as error:
            raise UsageError(f"cannot write to {args.old_format}: {error.strerror or error}") from error
    print((out / "judged.md").read_text(encoding="utf-8"))
    print(costs.table(), end="")
    return 0


def _layers(wanted: str | None, generator: Generator) -> list[str]:
    """The names asked for; all but the last of the generator's by default. Raises UnknownLayer."""
    if wanted is None:
        return [layer.name for layer in generator.layers[:-1] or generator.layers]
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    return list(dict.fromkeys(generator.layer(name).name for name in names or [wanted]))


def brush_layers(look: list[str], generator: Generator) -> list[str]:
    """Those of the layers that brushes are sought at: those that the generator was made to be edited at, else those of
    the usual sizes, else all of them."""
    made_for_it = [name for name in look if name in generator.brush_layers]
    return made_for_it or [name for name in look if generator.layer(name).height in BRUSH_ROWS] or look


def training_scenes(count: int, size: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Scenes of the procedural village, of seeds far from those of training: pictures (count, size, size, 3) and exact
    labels (count, size, size)."""
    from server.lab.scenes.render import render
    from server.lab.scenes.scene import sample_scene

    seeds = range(SCENES_FROM, SCENES_FROM + count)
    images, labels = zip(*(render(sample_scene(seed), size) for seed in seeds), strict=True)
    return np.stack(images), np.stack(labels)
