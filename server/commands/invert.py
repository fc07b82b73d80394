"""`unitbrush invert`: a picture of one's own as a document that can be painted on; no server runs.

unitbrush invert photo.jpg -o picture.json
unitbrush invert photo.jpg --model village --likeness likeness.png --missing missing.png
unitbrush invert --measure 100
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from server.commands.device import add_device
from server.commands.installed import add_folders, open_catalog
from server.commands.paint import MOST_BYTES, write_file
from server.errors import UsageError

if TYPE_CHECKING:
    from server.inversion.invert import Inversion, Inverting
    from server.model.catalog import Catalog, Model
    from server.model.pixels import Pixels

MOST_STEPS = 1000
ENDINGS = (".json", ".png")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("photo", type=Path, nargs="?", help="one's own picture, a PNG, JPEG, WebP or GIF; its middle")
    parser.add_argument("--model", help="the model (default: village)")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("picture.json"),
        help="the document, a .json, or a .png of what it draws that holds it (default: picture.json)",
    )
    parser.add_argument("--steps", type=int, help=f"of descent, 0 to {MOST_STEPS} (default: 200)")
    parser.add_argument("--likeness", type=Path, metavar="PNG", help="write what the document draws")
    parser.add_argument(
        "--missing",
        type=Path,
        metavar="PNG",
        help="write a map of what the model cannot express, in white",
    )
    parser.add_argument(
        "--measure",
        type=int,
        metavar="N",
        help="measure it on N renderings that nothing has been trained on, and print a table",
    )
    add_device(parser)
    add_folders(parser)


def run(args: argparse.Namespace) -> int:
    """Invert, with a bar, and write the document; or measure, and print a table."""
    from server.inversion.invert import STEPS
    from server.model.device import device_named

    _check(args)
    steps = STEPS if args.steps is None else args.steps
    catalog = open_catalog(args)
    device = str(device_named(args.device))
    if args.measure is not None:
        return _measure(catalog, args.model, args.measure, steps, device)
    model = catalog.get(args.model)
    own = read_own_file(args.photo, model.generator.aspect)
    inversion = _invert(model, own, steps, device)
    _write(args, inversion)
    missing = inversion.missing
    agreeing = "" if missing.agreement is None else f"{100 * missing.agreement:.0f} % of its pixels named alike, "
    print(f"{missing.psnr:.1f} dB, {agreeing}{100 * missing.share:.0f} % that {model.name} cannot express")
    return 0


def _check(args: argparse.Namespace) -> None:
    if (args.photo is None) == (args.measure is None):
        raise UsageError("invert takes either a picture or --measure")
    if args.steps is not None and not 0 <= args.steps <= MOST_STEPS:
        raise UsageError(f"--steps is {args.steps}; it takes 0 to {MOST_STEPS}")
    if args.measure is not None and args.measure < 1:
        raise UsageError(f"--measure is {args.measure}; it takes a number of renderings")
    if args.output.suffix.lower() not in ENDINGS:
        raise UsageError(f"cannot write {args.output}: end its name in {' or '.join(ENDINGS)}")
    for path in (args.likeness, args.missing):
        if path is not None and path.suffix.lower() != ".png":
            raise UsageError(f"cannot write {path}: end its name in .png")
    for path in (args.output, args.likeness, args.missing):  # before the work, not behind it
        if path is not None and not path.parent.is_dir():
            raise UsageError(f"cannot write {path}: there is no folder {path.parent}")


def read_own_file(path: Path, aspect: float) -> Pixels:
    """The middle of one's own picture that has that aspect, (H, W, 3). Raises UsageError, and BadImage with the file's
    name."""
    from server.inversion.own import read_own
    from server.styles.images import BadImage

    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    if len(data) > MOST_BYTES:
        raise UsageError(f"cannot read {path}: it has more than {MOST_BYTES} bytes")
    try:
        return read_own(data, aspect)
    except BadImage as error:
        raise BadImage(f"{path}: {error.detail}") from error


def _invert(model: Model, own: Pixels, steps: int, device: str) -> Inversion:
    """With a bar. own: (H, W, 3)."""
    from server.inversion.invert import invert, split_steps
    from server.inversion.own import fit
    from server.model.encoder import encoder_of

    sized = fit(own, model.generator.size)  # (H, W, 3)
    return _with_bar(invert(model, sized, encoder_of(model), *split_steps(steps), device), steps)


def _with_bar(frames: Inverting, steps: int) -> Inversion:
    from tqdm import tqdm

    with tqdm(total=steps, unit="step") as bar:
        while True:
            try:
                frame = next(frames)
            except StopIteration as end:
                inversion: Inversion = end.value
                return inversion
            if frame is not None:
                bar.total = frame.steps
                bar.update(frame.step - bar.n)


def _write(args: argparse.Namespace, inversion: Inversion) -> None:
    import numpy as np
    from PIL import Image

    from server.painting.imaging import encode
    from server.painting.picture import picture_to_json

    document = picture_to_json(inversion.picture)
    whole = encode(inversion.pixels, "png", document)
    write_file(args.output, whole if args.output.suffix.lower() == ".png" else document.encode() + b"\n")
    if args.likeness is not None:
        write_file(args.likeness, whole)
    if args.missing is not None:
        grey = np.rint(inversion.missing.grid * 255).astype(np.uint8)  # (GRID, GRID)
        height, width, _ = inversion.pixels.shape
        write_file(
            args.missing, encode(np.asarray(Image.fromarray(grey).resize((width, height), Image.Resampling.LANCZOS)))
        )


def _measure(catalog: Catalog, name: str | None, count: int, steps: int, device: str) -> int:
    from tqdm import tqdm

    from server.lab.encoder.measure import measure, table

    with tqdm(total=count, unit="picture") as bar:
        rows = measure(catalog, name, count, steps, device, bar.update)
    print(table(rows))
    return 0
