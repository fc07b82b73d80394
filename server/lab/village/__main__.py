"""`python -m server.lab.village FOLDER`: train the village that decides and then draws, on from where it stopped;
first, with `--trunk`, its trunk."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from server.lab.village.train import Settings, train
from server.lab.village.trunk import TrunkSettings, train_trunk


def main() -> None:
    """Read the options and train."""
    parser = argparse.ArgumentParser(prog="python -m server.lab.village", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of the run")
    parser.add_argument("--minutes", type=float, default=60.0, help="how long to train now (default: 60)")
    parser.add_argument("--falling", type=float, default=0.0, help="minutes at its end over which the rate falls")
    parser.add_argument("--scenes", type=int, default=8000, help="scenes in the store (default: 8000)")
    parser.add_argument("--batch", type=int, default=8, help="pictures a step (default: 8)")
    parser.add_argument("--threads", type=int, default=1, help="threads (default: 1)")
    parser.add_argument("--judged", action="store_true", help="with the judge of decisions")
    parser.add_argument("--trunk", type=int, metavar="STEPS", help="train the trunk instead of what stands behind it")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    if args.trunk:
        train_trunk(args.folder, TrunkSettings(steps=args.trunk))
        return
    settings = Settings(
        minutes=args.minutes, falling=args.falling, scenes=args.scenes, batch=args.batch, judged=args.judged
    )
    train(args.folder, settings)


main()
