"""`unitbrush compare`: a thing removed by the brush and by inpaintings, side by side.

unitbrush compare --seed 25 --thing tree0
unitbrush compare picture.png --mask mask.png -o compared.png
unitbrush compare --scenes 200 -o compared.png
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from server.commands.installed import add_folders, open_catalog
from server.commands.paint import SUFFIXES, png_argument, read_picture, write_file
from server.errors import UsageError

if TYPE_CHECKING:
    from server.inpainting.ways import Mask
    from server.model.catalog import Model
    from server.model.inpainter import Inpainter
    from server.painting.painter import Painter
    from server.painting.picture import Picture


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("document", nargs="?", help="a picture document, or a PNG painted here; - reads from stdin")
    parser.add_argument("--model", help="the model (default: the document's, else village)")
    parser.add_argument("--seed", type=int, help="the seed (default: the document's, else 0)")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--mask", type=png_argument, metavar="PNG", help="an image whose alpha or luminance says where")
    what.add_argument("--thing", metavar="NAME", help="a thing of a village's scene, as tree0, whose truth is known")
    what.add_argument(
        "--scenes", type=int, metavar="N", help="a thing of each of N scenes: a table, the first 12 shown"
    )
    parser.add_argument("--concept", help="what the brush removes (default: the thing's, or what the mask fits best)")
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("compared.png"), help="the sheet, .png, .jpg or .webp"
    )
    parser.add_argument("--report", action="store_true", help="show the table of --scenes in the model's report, too")
    add_folders(parser)


def run(args: argparse.Namespace) -> int:
    """Remove it in every way, print a table, and write the sheet."""
    import numpy as np

    from server.inpainting.ways import as_png, check_opencv
    from server.lab.compare.run import compare, sheet, table
    from server.lab.compare.truth import thing_of
    from server.painting.edits import check_concept
    from server.painting.imaging import encode
    from server.painting.mask import coverage
    from server.painting.painter import Painter
    from server.painting.picture import Edit, Png

    if args.output.suffix.lower() not in SUFFIXES:
        raise UsageError(f"cannot tell an image format from {str(args.output)!r}; end it in .png, .jpg or .webp")
    check_opencv()
    if args.scenes is not None:
        return _compare_scenes(args)
    if args.report:
        raise UsageError("--report shows what --scenes measures")
    picture = read_picture(args.document, args.model, args.seed, [], {}, False)
    painter = Painter(open_catalog(args))
    model = painter.catalog.get(picture.model)
    generator = model.generator
    if args.thing is not None:
        thing = thing_of(picture, args.thing, generator.resolution, generator.latent_dim)
        concept, mask, truth = args.concept or thing.concept, thing.mask, painter.render(thing.lacking)
    else:
        mask, truth = coverage(Png(args.mask), *generator.size) >= 0.5, None  # (H, W)
        if not mask.any():
            raise UsageError("the mask covers nothing")
        concept = args.concept or _concept_under(painter, picture, model, mask)
    check_concept(concept, model, "/concept")
    results = compare(painter, picture, Edit("remove", concept, as_png(mask)), mask, _inpainter(model), truth)
    print(table(results))
    page = sheet(painter.render(picture), mask, truth, results)
    write_file(args.output, encode(np.asarray(page), SUFFIXES[args.output.suffix.lower()]))
    return 0


def _concept_under(painter: Painter, picture: Picture, model: Model, mask: Mask) -> str:
    """mask: (H, W). Raises UsageError where the mask holds nothing that the model removes, or has no segmenter."""
    from server.lab.compare.concept import concept_of

    if model.segmenter is None:
        raise UsageError(f"{model.name!r} has no segmenter that would see what the mask covers: say it with --concept")
    concept = concept_of(mask, painter.labels(picture), model.segmenter.concepts, model.dissection.concepts)
    print(f"the brush removes {concept!r}, which the mask fits best; --concept says another", file=sys.stderr)
    return concept


def _compare_scenes(args: argparse.Namespace) -> int:
    import numpy as np
    from tqdm import tqdm

    from server.lab.compare.scenes import FIRST_SEED, compare_scenes, documents, markdown
    from server.lab.compare.truth import things_of
    from server.lab.dissect.report.removals import store_removals
    from server.painting.imaging import encode
    from server.painting.painter import Painter
    from server.painting.picture import Picture

    if args.scenes < 1:
        raise UsageError(f"--scenes is {args.scenes}; it takes a number of scenes")
    if args.document is not None or args.concept is not None:
        raise UsageError("--scenes takes no document and no --concept: each scene's things say what is removed")
    painter = Painter(open_catalog(args))
    model = painter.catalog.get(args.model)
    first = FIRST_SEED if args.seed is None else args.seed
    things_of(Picture(model.name, seed=first), model.generator.latent_dim)  # before the bar says that it can be done
    results = painter.catalog.results_dir / model.name
    if args.report and not (results / "report").is_dir():
        raise UsageError(f"there is no report of {model.name!r}: run `unitbrush dissect {model.name}`")
    inpainter = _inpainter(model)
    with tqdm(total=args.scenes, unit="scene") as bar:
        rows, page = compare_scenes(painter, model, inpainter, args.scenes, first, bar.update)
    print(markdown(rows))
    if args.report:
        store_removals(results, args.scenes, documents(rows), page)
    write_file(args.output, encode(np.asarray(page), SUFFIXES[args.output.suffix.lower()]))
    return 0


def _inpainter(model: Model) -> Inpainter | None:
    """The model's; where it has none, a line says what trains one, and the others are compared. Raises WeightError."""
    from server.inpainting.ways import ATTENTION
    from server.model.inpainter import NoInpainter, inpainter_of

    try:
        return inpainter_of(model)
    except NoInpainter as error:
        print(f"without {ATTENTION}: {error}", file=sys.stderr)
        return None
