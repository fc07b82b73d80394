"""`unitbrush directions`: how to move a model's latents to turn the season, the night, the clouds.

unitbrush directions village
unitbrush directions village --samples 5000 --out /tmp/directions
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from server.commands.installed import add_folders, open_model, open_segmenter
from server.errors import UsageError
from server.files import SEGMENTER

if TYPE_CHECKING:
    from server.results.directions import Directions


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("model", help="the model's name")
    parser.add_argument("--samples", type=int, default=3000, help="pictures to fit to (default: 3000)")
    parser.add_argument("--scenes", type=int, default=5000, help="scenes to teach the predictor (default: 5000)")
    parser.add_argument("--measured", type=int, default=200, help="pictures to measure changes on (default: 200)")
    parser.add_argument("--seed", type=int, default=0, help="of every random choice (default: 0)")
    parser.add_argument("--out", type=Path, help="folder for the results (default: the model's own)")
    parser.add_argument("--segmenter", type=Path, help="weights (default: the model's)")
    parser.add_argument("--threads", type=int, default=0, help="of the CPU (default: one a core)")
    add_folders(parser)


def run(args: argparse.Namespace) -> int:
    """Find them, with a progress bar; an interrupted run goes on where it stopped."""
    import torch
    from tqdm import tqdm

    from server.lab.directions.run import DirectionsConfig, find_directions
    from server.lab.dissect.running.passes import Passes
    from server.model.device import bfloat16_is_fast

    if args.threads:
        torch.set_num_threads(args.threads)
    device = torch.device("cpu")
    model = open_model(args, device)
    segmenter = open_segmenter(args.segmenter or model.folder / SEGMENTER, "--segmenter")
    passes = Passes(model.generator, segmenter, bfloat16_is_fast(device), device)
    config = DirectionsConfig(samples=args.samples, scenes=args.scenes, measured=args.measured, seed=args.seed)
    out = args.out or model.results
    with tqdm(total=100, bar_format="{desc:14}{percentage:3.0f}%|{bar}| {elapsed}") as bar:

        def report(stage: str, done: float) -> None:
            bar.set_description_str(stage, refresh=False)
            bar.n = 100 * done
            bar.refresh()

        try:
            directions = find_directions(passes, args.model, model.card.sha256, config, out, model.card.scenes, report)
        except OSError as error:
            raise UsageError(f"cannot write to {out}: {error.strerror or error}") from error
        except ValueError as error:
            raise UsageError(str(error)) from error
    print(table(directions))
    return 0


def table(directions: Directions) -> str:
    """The directions, for people."""
    lines = [f"{'direction':16}{'effect per unit':>16}{'labels kept at +-1':>20}"]
    lines += [f"{d.name:16}{d.effect:16.3f}{d.layout_kept:20.3f}" for d in directions.all]
    return "\n".join(lines)
