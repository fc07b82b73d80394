"""Finished stages on disk: each one's result lies in a file, and a run that goes on reads instead of computing it.

The files of another model, segmenter, seed or setting are recognised by a key and thrown away; a damaged file is
computed again.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import nn

from server.files import write_json, write_whole
from server.lab.dissect.running.workers import Workers

Arrays = dict[str, npt.NDArray[Any]]
_KEY = "key.json"
_DAMAGED = (ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error)


def write_arrays(path: Path, arrays: Arrays) -> None:
    """Write a compressed .npz, whole or not at all."""
    write_whole(path, lambda part: np.savez_compressed(part, allow_pickle=False, **arrays))


def read_arrays(path: Path) -> Arrays:
    """Read a .npz; it may hold no pickled objects."""
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


@dataclass(frozen=True)
class Work:
    """A folder of finished stages. made: the folders that were made for it, the innermost first."""

    folder: Path
    made: tuple[Path, ...] = ()

    @staticmethod
    def open(folder: Path, key: dict[str, object]) -> Work:
        """The folder, emptied first where it belongs to another key. Raises OSError where it cannot be written."""
        made = tuple(parent for parent in folder.parents if not parent.exists())
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not _belongs(folder, key):
                shutil.rmtree(folder)
                folder.mkdir(parents=True)
                write_json(folder / _KEY, key)
        except OSError:
            _remove_empty(made)
            raise
        return Work(folder, made)

    def arrays(self, name: str, compute: Callable[[], Arrays]) -> Arrays:
        """The arrays of a stage, computed unless they are there."""
        path = self.folder / f"{name}.npz"
        with suppress(FileNotFoundError, *_DAMAGED):
            return read_arrays(path)
        result = compute()
        # Most of these are looked at once or twice: writing them uncompressed is faster than anything else.
        write_whole(path, lambda part: np.savez(part, allow_pickle=False, **result))
        return result

    def document(self, name: str, compute: Callable[[], Any]) -> Any:
        """The JSON document of a stage, computed unless it is there."""
        path = self.folder / f"{name}.json"
        with suppress(FileNotFoundError, ValueError):
            return json.loads(path.read_text(encoding="utf-8"))
        result = compute()
        write_json(path, result)
        return json.loads(json.dumps(result))

    def documents(
        self, stage: str, names: Iterable[str], compute: Callable[[str], Any], workers: Workers
    ) -> dict[str, Any]:
        """The JSON documents of the parts of a stage by name, side by side, each computed unless it is there."""

        def one(name: str) -> Any:
            return self.document(f"{stage}-{name}", lambda: compute(name))

        every = list(names)
        return dict(zip(every, workers.map(one, every), strict=True))

    def remove(self) -> None:
        """Delete the folder: the work is complete."""
        shutil.rmtree(self.folder)

    def discard(self) -> None:
        """Delete the folder, and the folders around it that were made for it: the work came to nothing."""
        self.remove()
        _remove_empty(self.made)


def weights_digest(network: object) -> str:
    """A hash of a module's weights, for keys; of the name of anything else."""
    digest = hashlib.sha256(type(network).__name__.encode())
    if isinstance(network, nn.Module):
        for name, tensor in sorted(network.state_dict().items()):
            digest.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _belongs(folder: Path, key: dict[str, object]) -> bool:
    """Whether the stages in the folder are of that key."""
    try:
        return bool(json.loads((folder / _KEY).read_text(encoding="utf-8")) == json.loads(json.dumps(key)))
    except (OSError, ValueError):
        return False


def _remove_empty(folders: Sequence[Path]) -> None:
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()
