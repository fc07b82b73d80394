"""From a generator to a segmenter of its regions and a judge, in its folder: what a dissection by clusters begins with.

Finished parts lie in `.clusters` in the results' folder, and an interrupted run goes on where it stopped. A segmenter
tells in its file what it was made from: where that is what is asked for, nothing is made again.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from server.errors import WeightError
from server.files import JUDGE, SEGMENTER, write_json, write_text, write_whole
from server.lab.dissect.clusters.grouping import Groups, find_groups
from server.lab.dissect.clusters.names import carried_over, numbered, numbers, overlaps
from server.lab.dissect.clusters.teaching import (
    Grouped,
    draw_grouped,
    fresh_network,
    labels_of,
    pictures_of,
    reads,
    teach,
)
from server.lab.dissect.running.passes import Passes
from server.lab.dissect.running.progress import OnStep
from server.lab.dissect.running.work import Arrays, Work, weights_digest
from server.lab.dissect.running.workers import Workers
from server.model.generator import Generator
from server.model.segmenter import UNet, load_segmenter, save_segmenter, segmenter_notes
from server.results.names import FILE_NAME as NAMES
from server.results.names import Names, load_names

SCHEMA = 1
NOTE = "clusters"  # under which a segmenter's file says what it was made from
FILE_NAME = "regions.json"
# The first seeds of the pictures that are grouped, that the segmenter and the judge learn from, and that they are tried
# on: none that a dissection looks at.
GROUPED_FROM, TRIED_FROM = 3_000_000, 6_000_000
NETWORKS = {SEGMENTER: 4_000_000, JUDGE: 5_000_000}
TRIED = 200  # pictures


@dataclass(frozen=True)
class Wanted:
    """layer: that is grouped. regions: how many. pictures: of the generator, to group. seed: of random choices."""

    layer: str
    regions: int
    pictures: int
    seed: int


def prepare(
    generator: Generator,
    wanted: Wanted,
    folder: Path,
    results: Path,
    device: torch.device,
    low: bool,
    on_step: OnStep,
) -> tuple[UNet, UNet]:
    """The segmenter and the judge of a generator's regions, made unless they are in `folder`, the model's.

    low: whether convolutions run in bfloat16. Raises ValueError where a segmenter of another kind is there, and
    OSError.
    """
    key = {"schema": SCHEMA, "generator": weights_digest(generator), **asdict(wanted)}
    known = {name: _made_from(folder / name) for name in (SEGMENTER, JUDGE)}
    made_before = known[SEGMENTER]
    if made_before is not None and all(made is not None and made["key"] == key for made in known.values()):
        _write(results, made_before, {} if (results / NAMES).exists() else numbers(wanted.regions))
        return load_segmenter(folder / SEGMENTER), load_segmenter(folder / JUDGE)
    for name, made in known.items():
        if made is None and (folder / name).exists():
            raise ValueError(
                f"{folder / name} is a segmenter of another kind, which clusters would replace; move it away"
            )
    work = Work.open(results / ".clusters", key)
    regions = _Regions(generator, wanted, device, low, work, on_step)
    networks = regions.networks()
    held_out = regions.pictures(range(TRIED_FROM, TRIED_FROM + TRIED))
    iou = {name: reads(network, held_out) for name, network in networks.items()}
    document = {
        "schema": SCHEMA,
        "key": key,
        "regions": [
            {
                "name": name,
                "share": round(regions.groups.shares[i], 4),
                "segmenter": round(iou[SEGMENTER][i], 4),
                "judge": round(iou[JUDGE][i], 4),
            }
            for i, name in enumerate(numbered(wanted.regions))
        ],
    }
    names = _names(results, folder / SEGMENTER if made_before else None, networks[SEGMENTER], held_out)
    notes = {NOTE: json.dumps(document)}
    for name in (JUDGE, SEGMENTER):  # the segmenter last: with it all is there
        write_whole(folder / name, partial(save_segmenter, network=networks[name], notes=notes))
    _write(results, document, names)
    work.remove()
    return load_segmenter(folder / SEGMENTER), load_segmenter(folder / JUDGE)


class _Regions:
    """The groups of a generator's pixels, and the networks that learn to read them off pictures."""

    def __init__(
        self, generator: Generator, wanted: Wanted, device: torch.device, low: bool, work: Work, on_step: OnStep
    ) -> None:
        self.wanted, self.device, self.low, self.work, self.on_step = wanted, device, low, work, on_step
        # Made before any thread runs: their first weights come from the process's own random numbers.
        self.fresh = {name: fresh_network(numbered(wanted.regions), wanted.seed + i) for i, name in enumerate(NETWORKS)}
        self.passes = Passes(generator, self.fresh[SEGMENTER], low, device)  # that reads nothing yet
        _ = self.passes.frozen  # made once, before threads ask for it
        self.workers = Workers(device)
        on_step("regions: grouping pixels", 0, 1)
        self.groups = Groups.of_arrays(wanted.layer, work.arrays("groups", self._grouped))

    def _grouped(self) -> Arrays:
        wanted, seeds = self.wanted, range(GROUPED_FROM, GROUPED_FROM + self.wanted.pictures)
        return find_groups(self.passes, wanted.layer, wanted.regions, seeds, wanted.seed).arrays()

    def pictures(self, seeds: range) -> Grouped:
        """Those of some seeds."""
        return draw_grouped(self.passes, self.groups, seeds, self.workers)

    def networks(self) -> dict[str, UNet]:
        """The segmenter and the judge by their files, taught unless they were before, each on pictures of its own."""
        count = pictures_of(self.passes.size)
        missing = [name for name in NETWORKS if not (self.work.folder / name).exists()]
        self.on_step("regions: drawing pictures", 0, 1)
        data = {name: self.pictures(range(first, first + count)) for name, first in NETWORKS.items() if name in missing}
        done = dict.fromkeys(missing, 0)

        def taught(name: str) -> None:
            def step(steps: int, total: int) -> None:
                self.workers.check()
                done[name] = steps
                self.on_step("regions: learning to read them", sum(done.values()), len(missing) * total)

            teach(self.fresh[name], data[name], self.wanted.seed + NETWORKS[name], self.device, self.low, step)
            write_whole(self.work.folder / name, lambda part: save_segmenter(part, self.fresh[name]))

        self.workers.map(taught, missing)
        return {name: load_segmenter(self.work.folder / name) for name in NETWORKS}


def _write(results: Path, document: dict[str, Any], names: Names) -> None:
    """What people are to know of the regions, and their names unless there are none to write."""
    write_json(results / FILE_NAME, document)
    if names:
        write_text(results / NAMES, json.dumps(names, ensure_ascii=False, indent=2) + "\n")


def _made_from(path: Path) -> dict[str, Any] | None:
    """What the segmenter in a file was made from; None where there is none, or not of clusters."""
    try:
        document = json.loads(segmenter_notes(path)[NOTE])
        return document if isinstance(document["key"], dict) else None
    except (WeightError, ValueError, KeyError, TypeError):
        return None


def _names(results: Path, before: Path | None, network: UNet, held_out: Grouped) -> dict[str, str]:
    """The names of the new regions, those in `results` where there are any: carried over where the segmenter in the
    file `before` reads the same regions.
    """
    count, names = len(network.concepts), load_names(results)
    if before is None or not names:
        return {**numbers(count), **names}
    old = load_segmenter(before)
    read_before, read_now = (labels_of(one, held_out.images) for one in (old, network))
    return carried_over(names, overlaps(read_before, read_now, (len(old.concepts), count)))
