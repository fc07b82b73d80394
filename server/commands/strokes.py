"""`unitbrush strokes`: a sheet of what every brush of a model draws and removes, on a dozen scenes.

unitbrush strokes sheet.png
unitbrush strokes sheet.jpg --model mine --seed 500 --brushes tree,door
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from server.commands.installed import add_folders, open_catalog
from server.errors import UsageError

if TYPE_CHECKING:
    from server.model.catalog import Model

SCENES = 12
ENDINGS = (".png", ".jpg", ".jpeg", ".webp")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("output", type=Path, help="image file to write, .png, .jpg or .webp")
    parser.add_argument("--model", help="the model (default: village)")
    parser.add_argument("--scenes", type=int, default=SCENES, help=f"how many scenes (default: {SCENES})")
    parser.add_argument("--seed", type=int, help="the first of them (default: those the model is best begun with)")
    parser.add_argument("--brushes", help="concepts, with commas between (default: all that the model has)")
    parser.add_argument("--radius", type=float, help="of a dab, in widths (default: the studio's, 0.075)")
    parser.add_argument("--size", type=int, help="pixels of a picture's longer side (default: the model's own)")
    add_folders(parser)


def run(args: argparse.Namespace) -> int:
    """Draw the sheet, with a progress bar."""
    from tqdm import tqdm

    from server.lab.strokes import RADIUS, write_strokes
    from server.painting.painter import Painter

    catalog = open_catalog(args)
    radius = RADIUS if args.radius is None else args.radius
    size = _checked(args, radius)
    model = catalog.get(args.model)
    if model.segmenter is None:
        raise UsageError(f"{model.name!r} has no segmenter, which tells where things stand in its scenes")
    brushes = _brushes(args.brushes, model)
    seeds = seeds_of(args.seed, args.scenes, model.scenes)

    def show(concepts: Sequence[str]) -> Iterator[str]:
        yield from tqdm(concepts, unit="brush")

    try:
        write_strokes(
            args.output, Painter(catalog), model, seeds, brushes, radius, size or model.generator.resolution, show
        )
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot write {args.output}: {error}") from error
    return 0


def _checked(args: argparse.Namespace, radius: float) -> int | None:
    """The size asked for. Raises UsageError for options that cannot be."""
    if args.output.suffix.lower() not in ENDINGS:
        raise UsageError(f"cannot tell an image format from {str(args.output)!r}; end it in {', '.join(ENDINGS)}")
    if not args.output.parent.is_dir():
        raise UsageError(f"cannot write {args.output}: there is no folder {args.output.parent}")
    if not 1 <= args.scenes <= 100:
        raise UsageError(f"--scenes is {args.scenes}; it takes 1 to 100")
    if args.seed is not None and not 0 <= args.seed < 2**32 - args.scenes:
        raise UsageError(f"--seed is {args.seed}; it takes 0 to {2**32 - args.scenes - 1}")
    if args.size is not None and not 8 <= args.size <= 1024:
        raise UsageError(f"--size is {args.size}; it takes 8 to 1024 pixels")
    if not 0 < radius <= 2:
        raise UsageError(f"--radius is {radius:g}; it takes more than 0, at most 2")
    return None if args.size is None else int(args.size)


def _brushes(wanted: str | None, model: Model) -> list[str]:
    known = list(model.dissection.concepts)
    names = known if wanted is None else [name.strip() for name in wanted.split(",")]
    if not known or not set(names) <= set(known):
        has = ", ".join(known) or f"none yet, `unitbrush dissect {model.name}` finds some"
        raise UsageError(f"{model.name!r} has the brushes {has}")
    return names


def seeds_of(first: int | None, count: int, scenes: Sequence[int]) -> list[int]:
    """So many seeds from the first on; without it the scenes that a model names, and others where these are too few."""
    if first is not None:
        return list(range(first, first + count))
    others = (seed for seed in range(count + len(scenes)) if seed not in scenes)
    return [*scenes, *others][:count]
