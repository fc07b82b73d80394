"""The section of a model card about its directions, from what `unitbrush directions` wrote."""

from __future__ import annotations

import json
import os
from pathlib import Path

from server.results.directions import FILE_NAME

SHEET = "directions.jpg"


def directions_section(results: Path, card: Path) -> list[str]:
    """Lines of Markdown, empty where the folder of results holds no directions. card: the folder that the card is in.

    Raises KeyError or ValueError for a file that `unitbrush directions` did not write.
    """
    if not (results / FILE_NAME).is_file():
        return []
    document = json.loads((results / FILE_NAME).read_text(encoding="utf-8"))
    fits = ", ".join(f"{name} {r2:.2f}" for name, r2 in document["predictor"]["r2"].items())
    lines = [
        "## Directions",
        "",
        "A predictor taught on rendered scenes reads attributes off pictures (R2 on scenes it was not taught: "
        f"{fits}); a linear model of its readings on {document['samples']} samples gives a direction for each, "
        f"orthogonal to what changes the others. Changes are those of {document['measured_on']} pictures it was not "
        "fitted to, per unit of amount, in standard deviations of the attribute. Labels kept is the share of the "
        "segmenter's labels that stay at amounts of -1 and 1; along a random direction "
        f"{document['random_kept']:.2f} stay.",
        "",
        "| direction | from, to | linear R2 | changes itself by | the others by at most | labels kept |",
        "|---|---|---|---|---|---|",
    ]
    for d in document["directions"]:
        others = max((abs(e) for name, e in d["effects"].items() if name != d["name"]), default=0.0)
        lines.append(
            f"| {d['name']} | {d['low']}, {d['high']} | {d['fit']:.2f} | {d['effects'][d['name']]:.2f} | {others:.2f} "
            f"| {d['layout_kept']:.2f} |"
        )
    if (results / SHEET).is_file():
        lines += ["", f"![Each direction through its range]({Path(os.path.relpath(results / SHEET, card)).as_posix()})"]
    return [*lines, ""]
