"""The segmenter that a dissection chooses by, and the one that judges: the model's own, other files, a user's own code,
or regions of the generator's featuremaps.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from server.commands.installed import Installed, open_segmenter
from server.commands.trust import find_own_modules
from server.errors import UsageError
from server.files import JUDGE, SEGMENTER

if TYPE_CHECKING:
    import torch

    from server.lab.dissect.running.progress import OnStep
    from server.model.segmenter import Segmenter

CLUSTERS = "clusters"
REGIONS, GROUPED = 6, 300  # regions by default, and pictures whose pixels are grouped


def add_segmenters(parser: argparse.ArgumentParser) -> None:
    """Add the options that name segmenters."""
    parser.add_argument(
        "--segmenter",
        help=f"weights, your own as package.module:factory, or `{CLUSTERS}`, which needs none: regions of the "
        f"generator's own featuremaps (default: the model's {SEGMENTER})",
    )
    parser.add_argument(
        "--judge", help=f"weights or package.module:factory (default: the model's {JUDGE}, else the segmenter itself)"
    )
    parser.add_argument("--concepts", help="of your own segmenter, with commas between (default: its `concepts`)")
    parser.add_argument("--regions", type=int, metavar="K", help=f"of clusters (default: {REGIONS})")
    parser.add_argument(
        "--cluster-layer", metavar="LAYER", help="that clusters are of (default: one in the middle, by its size)"
    )


def open_segmenters(
    args: argparse.Namespace, model: Installed, results: Path, device: torch.device, low: bool, on_step: OnStep
) -> tuple[Segmenter, Segmenter]:
    """The segmenter and the judge: the same one where there is no other. results: the folder they go to. low: whether
    convolutions run in bfloat16. Raises UsageError, UnknownLayer, and OSError where results cannot be written.
    """
    if args.segmenter == CLUSTERS:
        return _regions(args, model, results, device, low, on_step)
    for option in ("regions", "cluster_layer"):
        if getattr(args, option) is not None:
            raise UsageError(f"--{option.replace('_', '-')} goes with --segmenter {CLUSTERS}")
    if args.concepts is not None and not (args.segmenter and _is_reference(args.segmenter)):
        raise UsageError("--concepts goes with --segmenter package.module:factory; weights name theirs")
    size = model.generator.size
    segmenter = _open(args.segmenter or model.folder / SEGMENTER, "--segmenter", args.concepts, size, device)
    if args.judge is not None:
        return segmenter, _open(args.judge, "--judge", args.concepts, size, device)
    if not (model.folder / JUDGE).exists():
        return segmenter, segmenter
    judge = _open(model.folder / JUDGE, "--judge", None, size, device)
    return segmenter, judge if judge.concepts == segmenter.concepts or args.segmenter is None else segmenter


def _is_reference(named: str | Path) -> bool:
    """Whether that names code, as package.module:factory, rather than a file."""
    return isinstance(named, str) and re.fullmatch(r"[\w.]+:[\w.]+", named) is not None


def _open(
    named: str | Path, option: str, concepts: str | None, size: tuple[int, int], device: torch.device
) -> Segmenter:
    if not _is_reference(named):
        return open_segmenter(Path(named), option).to(device)

    from server.lab.dissect.running.own import load_own_segmenter

    names = None if concepts is None else [name.strip() for name in concepts.split(",")]
    find_own_modules()
    try:
        return load_own_segmenter(str(named), names, size, device)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _regions(
    args: argparse.Namespace, model: Installed, results: Path, device: torch.device, low: bool, on_step: OnStep
) -> tuple[Segmenter, Segmenter]:
    from server.lab.dissect.clusters.grouping import middle_layer
    from server.lab.dissect.clusters.prepare import Wanted, prepare

    if args.judge is not None or args.concepts is not None:
        raise UsageError(f"--segmenter {CLUSTERS} makes its judge and its concepts itself")
    generator = model.generator
    layer = middle_layer(generator) if args.cluster_layer is None else generator.layer(args.cluster_layer)
    count = REGIONS if args.regions is None else args.regions
    if not 2 <= count <= 64:
        raise UsageError(f"--regions is 2 to 64, not {count}")
    if min(layer.height, layer.width) < 2:
        raise UsageError(f"{layer.name} has no pixels to group, its featuremaps are {layer.height}x{layer.width}")
    wanted = Wanted(layer.name, count, GROUPED, args.seed)
    try:
        segmenter, judge = prepare(generator, wanted, model.folder, results, device, low, on_step)
    except ValueError as error:
        raise UsageError(str(error)) from error
    return segmenter.to(device), judge.to(device)
