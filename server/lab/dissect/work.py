"""Stages that outlive an interruption: each one's result lies in a file and is read instead of computed
again.

The files of another model, segmenter, seed or setting are recognised by a key and thrown away; a damaged file is
computed again.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = dict[str, npt.NDArray[Any]]
_KEY = "key.json"
_DAMAGED = (ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error)


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a file beside `path`, then put it in its place, so that no reader sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
    os.close(handle)
    try:
        write(Path(name))
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_json(path: Path, document: object) -> None:
    """Write JSON, whole or not at all. Raises ValueError for numbers that are not finite."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    write_whole(path, lambda p: p.write_text(text + "\n", encoding="utf-8"))


def write_arrays(path: Path, arrays: Arrays) -> None:
    """Write a compressed .npz, whole or not at all."""
    write_whole(path, lambda p: np.savez_compressed(p, allow_pickle=False, **arrays))


def read_arrays(path: Path) -> Arrays:
    """Read a .npz; it may hold no pickled objects."""
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


@dataclass(frozen=True)
class Work:
    """A folder of finished stages."""

    folder: Path

    @staticmethod
    def open(folder: Path, key: dict[str, object]) -> Work:
        """The folder, emptied first where it belongs to another key. Raises OSError where it cannot be
        written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        try:
            same = json.loads((folder / _KEY).read_text(encoding="utf-8")) == json.loads(json.dumps(key))
        except (OSError, ValueError):
            same = False
        if not same:
            shutil.rmtree(folder)
            folder.mkdir(parents=True)
            write_json(folder / _KEY, key)
        return Work(folder)

    def arrays(self, name: str, compute: Callable[[], Arrays]) -> Arrays:
        """The arrays of a stage, computed unless they are there."""
        path = self.folder / f"{name}.npz"
        with suppress(FileNotFoundError, *_DAMAGED):
            return read_arrays(path)
        result = compute()
        # Most of these are looked at once or twice: writing them uncompressed is faster than anything else.
        write_whole(path, lambda p: np.savez(p, allow_pickle=False, **result))
        return result

    def document(self, name: str, compute: Callable[[], Any]) -> Any:
        """The JSON document of a stage, computed unless it is there."""
        path = self.folder / f"{name}.json"
        with suppress(FileNotFoundError, ValueError):
            return json.loads(path.read_text(encoding="utf-8"))
        result = compute()
        write_json(path, result)
        return json.loads(json.dumps(result))

    def remove(self) -> None:
        """Delete the folder: the dissection is complete."""
        shutil.rmtree(self.folder)
