"""What a run of the bench says: a table, a plot, and what changed since another run."""

from __future__ import annotations

import html
import json
import math
from pathlib import Path
from typing import Any

from server.errors import UsageError

Document = dict[str, Any]  # what `unitbrush bench --json` prints

BAR, LABELS, WIDTH = 22, 250, 900  # of the plot, in pixels


def headline(document: Document) -> str:
    """What was measured where."""
    model, host = document["model"], document["machine"]
    height, width = model["size"]
    size = width if width == height else f"{width}x{height}"
    return (
        f"{model['name']}, {size} pixels, on {host['device']} with {host['threads']} threads"
        f" of {host['cores']} cores, torch {host['torch']}"
    )


def table(document: Document) -> str:
    """The document for people."""
    lines = [
        f"{headline(document)}, drafts in {document['drafts']}",
        *_chosen(document),
        "",
        f"{'':28}{'median ms':>11}{'9 of 10 ms':>12}{'of plain pass':>14}{'runs':>7}",
    ]
    for t in document["timings"]:
        lines.append(f"{t['name']:28}{t['median_ms']:11.2f}{t['slow_ms']:12.2f}{t['of_plain_pass']:14.3f}{t['runs']:7}")
    lines += ["", *_painters(document), *document["notes"]]
    if document["server_peak_bytes"] is not None:
        lines.append(f"the server's peak memory: {document['server_peak_bytes'] / 2**20:.0f} MiB")
    return "\n".join(lines).rstrip()


def plot(document: Document) -> str:
    """An SVG image: a bar for each timing, as long as the logarithm of its share of the plain pass."""
    timings = document["timings"]
    least = 10 ** math.floor(math.log10(min(t["of_plain_pass"] for t in timings)))
    most = 10 ** math.ceil(math.log10(max(t["of_plain_pass"] for t in timings)))
    height = BAR * (len(timings) + 3)

    def x(share: float) -> float:
        return LABELS + (WIDTH - LABELS - 60) * math.log(share / least) / math.log(most / least)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif"'
        ' font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="8" y="16">{html.escape(headline(document))}: time as a share of the plain pass</text>',
    ]
    for power in range(round(math.log10(least)), round(math.log10(most)) + 1):
        at = x(10.0**power)
        parts.append(f'<path d="M{at:.1f} {BAR}V{height - BAR}" stroke="#ccc"/>')
        parts.append(f'<text x="{at:.1f}" y="{height - 6}" text-anchor="middle">{10.0**power:g}</text>')
    for i, t in enumerate(timings):
        y, end = BAR * (i + 1.5), x(t["of_plain_pass"])
        parts.append(f'<text x="{LABELS - 8}" y="{y + 12:.0f}" text-anchor="end">{html.escape(t["name"])}</text>')
        parts.append(f'<rect x="{LABELS}" y="{y:.0f}" width="{end - LABELS:.1f}" height="{BAR - 6}" fill="#36c"/>')
        parts.append(f'<text x="{end + 4:.1f}" y="{y + 12:.0f}">{t["median_ms"]:.2f} ms</text>')
    return "\n".join([*parts, "</svg>", ""])


def read_document(path: Path) -> Document:
    """Another run's. Raises UsageError."""
    try:
        document: Document = json.loads(path.read_text())
        plain = document["timings"][0]
        for t in document["timings"]:
            _range(t, plain)
    except (OSError, ValueError, KeyError, TypeError, IndexError, ZeroDivisionError) as error:
        raise UsageError(f"{path} is not what `unitbrush bench --json` of this version prints") from error
    return document


def changes(old: Document, new: Document) -> str:
    """What takes another share of the plain pass than in the old run, beyond what either run can tell: the ranges in
    which their medians lie do not meet."""
    before = {t["name"]: t for t in old["timings"]}
    lines = []
    for t in new["timings"]:
        was = before.get(t["name"])
        if was is None:
            continue
        (low, high), (old_low, old_high) = _range(t, new["timings"][0]), _range(was, old["timings"][0])
        if low > old_high or high < old_low:
            times = t["of_plain_pass"] / was["of_plain_pass"]
            lines.append(f"{t['name']:28}{was['of_plain_pass']:10.3f} -> {t['of_plain_pass']:.3f}, {times:.2f} times")
    both = [t["name"] for t in new["timings"] if t["name"] in before]
    head = f"of the plain pass, before and now; of {len(both)} measured in both runs, {len(lines)} changed beyond noise"
    return "\n".join([head, *lines])


def _range(timing: Document, plain: Document) -> tuple[float, float]:
    """Where the timing's share of the plain pass lies."""
    if timing is plain:
        return 1.0, 1.0
    return timing["low_ms"] / plain["high_ms"], timing["high_ms"] / plain["low_ms"]


def _painters(document: Document) -> list[str]:
    """What several at once got."""
    if not document["painters"]:
        return []
    heads = ("median ms", "99 of 100 ms", "edits a second", "drafts a pass", "floor of a pass, ms")
    lines = ["  ".join([f"{'painters at once, from stroke to bytes':38}", *heads])]
    for crowd in document["painters"]:
        floor = "?" if crowd["floor_ms"] is None else f"{crowd['floor_ms']:.3f}"
        figures = (
            f"{crowd['median_ms']:.2f}",
            f"{crowd['slowest_ms']:.2f}",
            f"{crowd['edits_per_second']:.0f}",
            f"{crowd['drafts_a_pass']:.1f}",
            floor,
        )
        cells = (f"{figure:>{len(head)}}" for figure, head in zip(figures, heads, strict=True))
        lines.append("  ".join([f"{crowd['painters']:<38}", *cells]))
        if crowd["problems"] or crowd["unseen"]:
            lines.append(f"  of these {crowd['problems']} were refused, and {crowd['unseen']} strokes never shown")
    return [*lines, ""]


def _chosen(document: Document) -> list[str]:
    """How threads and the precision of drafts were chosen."""
    lines, choice, drafts = [], document["thread_choice"], document["bfloat16"]
    waiting = "sleep" if choice["sleep"] else "spin"
    if choice["alone"]:
        alone, beside = (
            ", ".join(f"{count}: {ms:.1f}" for count, ms in choice[which].items()) for which in ("alone", "beside")
        )
        lines.append(f"ms of a pass by threads: {alone} alone; {beside} beside a busy process; they {waiting} waiting")
    if drafts is not None:
        lines.append(
            f"bfloat16 takes {drafts['time']:.2f} of float32's time,"
            f" off by {drafts['mean_error']:.2f} of 255 in the mean, {drafts['largest_error']} at most"
        )
    return lines
