"""What `unitbrush compare --scenes` found, in the report: things removed by brushes and by inpaintings.

It lies in the results' folder, so that reports which are written anew show it too.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from server.files import write_text, write_whole

PAGE = Path(__file__).parent / "page"
TABLE, SHEET, SCRIPT = "removals.json", "removals.webp", "removals.js"


def store_removals(results: Path, scenes: int, rows: Sequence[Mapping[str, Any]], sheet: Image.Image) -> None:
    """Keep a row for each way, over so many scenes, and a sheet of some of them, and show them in the report that
    stands there. Raises OSError."""
    write_text(results / TABLE, json.dumps({"scenes": scenes, "rows": list(rows)}, indent=1) + "\n")
    write_whole(results / SHEET, lambda part: sheet.save(part, "WEBP", quality=80, method=4))
    report = results / "report"
    shutil.copytree(PAGE, report, dirs_exist_ok=True)  # an older report's page has no place for it
    show_removals(results, report)


def show_removals(results: Path, report: Path) -> None:
    """Let a report show what is kept there, if anything is. Raises OSError."""
    if not ((results / TABLE).is_file() and (results / SHEET).is_file()):
        return
    shutil.copyfile(results / SHEET, report / SHEET)
    text = json.dumps(json.loads((results / TABLE).read_text(encoding="utf-8")), separators=(",", ":"))
    write_text(report / SCRIPT, f"var REMOVALS = {text};\n")
