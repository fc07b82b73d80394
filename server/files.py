"""Files: what a model's folder holds, files read bounded and written whole, and their digests."""

import hashlib
import json
import os
import stat
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

LFS_POINTER = b"version https://git-lfs.github.com/spec/"

CARD = "model.json"
GENERATOR = "generator.safetensors"
SEGMENTER = "segmenter.safetensors"
ENCODER = "encoder.safetensors"  # tells what a picture would be made from
TRANSLATOR = "translator.safetensors"  # paints its pictures of one season as those of another
INPAINTER = "inpainter.safetensors"  # fills what is missing from its pictures
JUDGE = "judge.safetensors"  # a second segmenter, trained apart, that measures brushes


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a file beside `path`, then put it in its place, so that no reader sees half of it.

    Raises OSError, and what `write` raises; `path` is then as it was.
    """
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


def write_text(path: Path, text: str) -> None:
    """Write UTF-8, whole or not at all."""
    write_whole(path, lambda part: part.write_text(text, encoding="utf-8"))


def write_json(path: Path, document: object) -> None:
    """Write JSON, whole or not at all. Raises ValueError for numbers that are not finite."""
    write_text(path, json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n")


def read_text(path: Path, most: int) -> str:
    """The UTF-8 in a plain file of at most so many bytes. Raises OSError, ValueError."""
    if not path.is_file() and path.exists():
        raise ValueError("it is no plain file")
    if path.stat().st_size > most:
        raise ValueError(f"it has more than {most} bytes")
    return path.read_text(encoding="utf-8")


def unpacked_bytes(path: Path) -> int:
    """How many bytes a zip archive says it unpacks to. Raises OSError, zipfile.BadZipFile."""
    with zipfile.ZipFile(path) as archive:
        return sum(entry.file_size for entry in archive.infolist())


def is_lfs_pointer(path: Path) -> bool:
    """Whether a file is not what its name says, but what Git LFS fetches that by."""
    try:
        if not path.is_file():  # opening a pipe would wait for its writer
            return False
        with path.open("rb") as file:
            return file.read(len(LFS_POINTER)) == LFS_POINTER
    except OSError:
        return False


def file_state(path: Path) -> tuple[int, int, int]:
    """What changes whenever a file does: inode, size, time of the last change; zeros where there is none."""
    try:
        status = path.stat()
    except OSError:
        return (0, 0, 0)
    if stat.S_ISDIR(status.st_mode):  # its name counts; what is written below it is another file's matter
        return (0, 0, 0)
    return status.st_ino, status.st_size, status.st_mtime_ns


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, in hex. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
