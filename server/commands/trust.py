"""The option that names the networks of one's own whose code may run."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from server.settings import Settings


def add_trust(parser: argparse.ArgumentParser) -> None:
    """Add `--trust-module`."""
    parser.add_argument(
        "--trust-module",
        action="append",
        dest="trusted_modules",
        metavar="NAME",
        help="run the code of a network of one's own: package.module:factory, or the model's name; may be repeated",
    )


def trusting_settings(args: argparse.Namespace, **given: object) -> Settings:
    """The environment's settings with the option, and others that are not None, over them. Where any code is trusted,
    it is looked for in the folder that the command runs in, too."""
    from server.settings import read_settings

    options = {"trusted_modules": args.trusted_modules, **given}
    settings = read_settings({name: value for name, value in options.items() if value is not None})
    if settings.trusted_modules:
        find_own_modules()
    return settings


def find_own_modules() -> None:
    """Let modules of the folder that the command runs in be imported, as `python -m` does."""
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
