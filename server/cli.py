"""`unitbrush`: one small module a subcommand, under `server.commands`, imported only when it runs.

Its `add_arguments(parser)` adds the options and imports nothing heavy; `run(args)` returns the exit status.
Wrong input ends with one line on stderr and exit status 2, an interrupt with status 130.
"""

import argparse
import importlib
import os
import sys
from collections.abc import MutableMapping, Sequence
from typing import NoReturn

from server import __version__
from server.errors import UnitbrushError, UsageError

COMMANDS = {
    "serve": "run the studio and the API",
    "paint": "draw a picture document, or one given by options, into an image file",
    "variations": "draw a picture's edits over other scenes, each into an image file",
    "proposals": "find the thing at a point of a picture, without a segmenter, and write it as a mask",
    "style": "paint a picture in the style of another",
    "invert": "bring in a picture of one's own, as a document to be painted on",
    "encoder": "train the network that tells what a model would make a picture from",
    "translate": "paint a picture as one of another season, in many styles",
    "translator": "train the network that paints a model's pictures as those of another season",
    "fetch": "download a published generator and check it",
    "verify": "check that a model's weights are loaded right, by how active its units are",
    "add": "install a generator of one's own, from its weights or from code",
    "dissect": "measure which units of a model make what, and write its brushes",
    "directions": "find how to turn a model's scenes to winter, night, overcast",
    "train": "train the default model from nothing",
    "strokes": "draw a sheet of what every brush of a model draws and removes",
    "scenes": "draw a contact sheet of the world the default model is trained on",
    "inpainter": "train the network that fills what is missing from a model's pictures",
    "compare": "remove a thing by the brush and by inpainting, side by side",
    "bench": "measure the parts of painting on this machine",
}

PAINTING = ("serve", "paint", "bench")


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see `{self.prog} --help`")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    try:
        arguments = list(sys.argv[1:] if argv is None else argv)
        if any(name in arguments for name in PAINTING) and "torch" not in sys.modules:
            sleep_while_waiting(os.environ)
        args = _parse(arguments)
        status: int = args.command.run(args)
        return status
    except UnitbrushError as error:
        print(f"unitbrush: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read our output has seen enough; Python must not try to flush it again.
        sys.stdout = None
        return 0


def sleep_while_waiting(environment: MutableMapping[str, str]) -> None:
    """Have the threads of a pass sleep while they wait for each other (`server.model.threads`), unless somebody has
    configured that. OpenMP reads it once, when torch is imported."""
    if not any(name in environment for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")):
        environment.update(OMP_WAIT_POLICY="passive", GOMP_SPINCOUNT="0")


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = _Parser(prog="unitbrush", description="Paint with the units inside a generator.")
    parser.add_argument("--version", action="version", version=f"unitbrush {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    wanted = next((a for a in arguments if not a.startswith("-")), None)
    for name, text in COMMANDS.items():
        sub = subparsers.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        if name == wanted:
            command = importlib.import_module(f"server.commands.{name}")
            command.add_arguments(sub)
            sub.set_defaults(command=command)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
