"""The modules that a script imports."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.web.preloads import imported_modules


@pytest.fixture
def page(tmp_path: Path) -> Path:
    folder = tmp_path / "frontend"
    (folder / "js" / "view").mkdir(parents=True)
    files = {
        "main.js": """import { a } from "./view/a.js";
export function f() {
  import("./later.js");
}
import "./b.js";
""",
        "view/a.js": """import {
  c,
  d,
} from "../c.js";
import { gone } from "./gone.js";
export const a = "./later.js";
""",
        "b.js": """/** @typedef {import("./types.js").T} T */
export * from "./view/a.js";
""",
        "c.js": """import "../../outside.js";
import "https://elsewhere.example/d.js";
import "./main.js";
""",
        "later.js": "",
        "types.js": "",
    }
    for name, text in files.items():
        (folder / "js" / name).write_text(text)
    (tmp_path / "outside.js").write_text("")
    return folder


def test_imports_are_followed_and_nothing_else(page: Path) -> None:
    assert imported_modules(page, "js/main.js") == ["js/b.js", "js/c.js", "js/view/a.js"]
    assert imported_modules(page, "js/later.js") == []


def test_a_script_that_is_not_there_imports_nothing(page: Path) -> None:
    assert imported_modules(page, "js/none.js") == []
