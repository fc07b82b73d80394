"""`unitbrush add`: install a generator, from a file of weights or from the code of a network.

unitbrush add faces --weights faces.pth
unitbrush add mine --module networks.dcgan:Generator --weights mine.pt --latent 128
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from server.errors import UsageError

if TYPE_CHECKING:
    from server.model.generator import Generator

NAME = re.compile(r"\w[\w.-]{0,63}", re.ASCII)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("name", help="what the model is to be called")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="its weights, a .safetensors file or a state dict")
    parser.add_argument(
        "--module",
        metavar="PACKAGE.MODULE:FACTORY",
        help="code that makes the network, where it is of no known family; it runs now, and later where it is trusted",
    )
    parser.add_argument("--latent", type=int, metavar="N", help="numbers in the network's latent (default: 100)")
    parser.add_argument(
        "--layers", nargs="+", metavar="LAYER", help="of the network, to edit (default: ends of its blocks)"
    )
    parser.add_argument(
        "--range", nargs=2, type=float, metavar=("LOW", "HIGH"), help="of its images (default: told from a few)"
    )
    parser.add_argument("--replace", action="store_true", help="replace a model of that name")
    parser.add_argument("--models-dir", type=Path, help="folder of models")


def run(args: argparse.Namespace) -> int:
    """Install it, and print what it is and what comes next."""
    from server.lab.add import add_family, add_own
    from server.settings import read_settings

    _check(args)
    folder = (args.models_dir or read_settings().models_dir) / args.name
    if folder.exists() and not args.replace:
        raise UsageError(f"there is a model {args.name!r} already, in {folder}; replace it with --replace")
    try:
        lines = _described(add_family(folder, args.weights)) if args.module is None else _add_own(folder, args, add_own)
    except OSError as error:
        raise UsageError(f"cannot install {args.name}: {error.strerror or error}") from error
    trust = f" --trust-module {args.module}" if args.module else ""
    where = f" --models-dir {args.models_dir}" if args.models_dir else ""
    print("\n".join([f"{args.name}: {lines[0]}", *lines[1:], "next:"]))
    print(f"  unitbrush dissect {args.name} --segmenter clusters{where}{trust}")
    print(f"  unitbrush serve{where}{trust}")
    return 0


def _check(args: argparse.Namespace) -> None:
    if not NAME.fullmatch(args.name):
        raise UsageError(f"{args.name!r} is no name of a model; letters, digits, _, - and . make one")
    if args.weights is None and args.module is None:
        raise UsageError("give --weights FILE for a generator of a known family, --module for a network of your own")
    if args.module is None and (args.latent or args.layers or args.range):
        raise UsageError("--latent, --layers and --range are for a network of your own, with --module")
    if args.latent is not None and not 1 <= args.latent <= 8192:
        raise UsageError(f"--latent is {args.latent}; it takes 1 to 8192")
    if args.range is not None and not -1e6 < args.range[0] < args.range[1] < 1e6:
        raise UsageError("--range takes a lower and a higher number, as 0 1")


def _add_own(folder: Path, args: argparse.Namespace, add_own: Any) -> list[str]:
    from server.commands.trust import find_own_modules

    find_own_modules()
    generator = add_own(folder, args.module, args.weights, args.latent or 100, args.layers, args.range)
    lines = _described(generator)
    told = "" if args.range else ", as a few of them have it; say otherwise with --range"
    lines.append(f"range of its images: {generator.low:g} to {generator.high:g}{told}")
    if args.layers is None:
        lines.append("layers are the ends of blocks; others with --layers, of:")
        lines += [f"  {x.name}: {x.units} units, {x.height}x{x.width}" for x in generator.candidates]
    if generator.whole:
        lines.append("its code cannot be entered in the middle: each edit runs the whole network")
    print(f"its code runs where it is trusted: UNITBRUSH_TRUSTED_MODULES={args.module}", file=sys.stderr)
    return lines


def _described(generator: Generator) -> list[str]:
    layers = [f"{x.name} ({x.units} units, {x.height}x{x.width})" for x in generator.layers]
    height, width = generator.size
    size = width if width == height else f"{width}x{height}"
    return [
        f"{generator.family}, {size} pixels, latents of {generator.latent_dim} numbers",
        f"layers: {', '.join(layers)}",
    ]
