"""`unitbrush fetch church`: a published generator, downloaded and proved to be what was published."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    from server.lab.published import PUBLISHED

    parser.add_argument("name", help=f"a generator of GAN Dissection: {', '.join(PUBLISHED)}")
    parser.add_argument("--models-dir", type=Path, help="folder of models")
    parser.add_argument("--base-url", metavar="URL", help="where the files lie, in the place of their publishers")


def run(args: argparse.Namespace) -> int:
    """Download, with a progress bar; a download that broke off goes on where it stopped."""
    from tqdm import tqdm

    from server.files import CARD
    from server.lab.fetch import fetch
    from server.model.card import read_card
    from server.settings import read_settings

    models_dir = args.models_dir or read_settings().models_dir
    with tqdm(desc=args.name, unit="B", unit_scale=True, disable=None) as bar:

        def progress(have: int, total: int | None) -> None:
            bar.total = total
            bar.update(have - bar.n)

        path = fetch(args.name, models_dir, args.base_url, progress)
    print(path)
    pinned = f"{read_card(path.parent).sha256} is pinned in {path.with_name(CARD)}"
    print(f"its SHA-256 {pinned}: no other file is taken from now on", file=sys.stderr)
    return 0
