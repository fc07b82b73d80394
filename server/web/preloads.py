"""Which modules a script of the page imports, so that the page can ask for all of them at once."""

import posixpath
import re
from pathlib import Path

# A static import, on one line or several: `import { a, b } from "./c.js"`, `import "./c.js"`, `export * from "./c.js"`.
_IMPORT = re.compile(r"""^(?:import|export)\b[\w$\s{},*]*["'](\.{1,2}/[^"']+)["']""", re.MULTILINE)


def imported_modules(folder: Path, script: str) -> list[str]:
    """The modules that a script imports, itself or through others: sorted paths, written as seen from the folder.

    folder: the page's own. script: a path in it, such as "js/main.js"; it is not among the modules. What is imported
    while the page runs, by `import(...)`, is left out, and so is what is not in the folder.
    """
    modules: set[str] = set()
    unread = [script]
    while unread:
        module = unread.pop()
        path = folder / module
        if module in modules or module.startswith("../") or not path.is_file():
            continue
        modules.add(module)
        targets = _IMPORT.findall(path.read_text(encoding="utf-8"))
        unread += [posixpath.normpath(posixpath.join(posixpath.dirname(module), target)) for target in targets]
    return sorted(modules - {script})
