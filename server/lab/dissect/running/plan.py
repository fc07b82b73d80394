"""How much a dissection looks at."""

from __future__ import annotations

from dataclasses import dataclass, replace

from server.lab.dissect.constants import COUNTS


@dataclass(frozen=True)
class Plan:
    """How much to look at.

    samples: pictures, of the seeds first ... first + samples - 1. learning: pictures that rankings are learnt on. few,
    racing, measuring: pictures of the rounds of the search, the last one chooses; rivals: candidates of the race.
    counts: numbers of units in the last round, beside all. training: steps of the optimised ranking. judged: seeds for
    the judge. context: pictures of each kind. artifacts: pictures that artifact units are sought on. scenes: training
    scenes to compare with.
    """

    samples: int = 1000
    first: int = 0
    learning: int = 8
    measuring: int = 16
    few: int = 4
    racing: int = 8
    rivals: int = 5
    counts: tuple[int, ...] = COUNTS
    training: int = 3
    judged: int = 200
    context: int = 12
    artifacts: int = 120
    scenes: int = 500
    seed: int = 0

    def quick(self) -> Plan:
        """Sooner, with fewer pictures for each trial; the judge still sees as many."""
        return replace(self, measuring=12, few=2, racing=6, rivals=4, training=2, context=8, artifacts=100)

    def check(self) -> None:
        """Raises ValueError for too few samples."""
        least = self.learning + self.measuring
        if self.samples < least:
            raise ValueError(f"a dissection needs at least {least} samples, not {self.samples}")
