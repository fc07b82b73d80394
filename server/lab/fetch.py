"""Downloads the published generators of GAN Dissection (Bau et al., ICLR 2019) and checks what came.

    path = fetch("church", Path("models"))    # models/church/proggan_churchoutdoor-7e701dd5.pth

The last part of a published file's name is the start of its SHA-256, so that a download proves itself.
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from pathlib import Path

from server.errors import UnitbrushError, WeightError
from server.files import CARD, file_sha256, write_text
from server.model.weights import MAX_BYTES, load_generator

BASE_URL = "http://gandissect.csail.mit.edu/models/"
PUBLISHED = {
    "church": "proggan_churchoutdoor-7e701dd5.pth",
    "bedroom": "proggan_bedroom-d8a89ff1.pth",
    "conferenceroom": "proggan_conferenceroom-21e85882.pth",
    "diningroom": "proggan_diningroom-3aa0ab80.pth",
    "kitchen": "proggan_kitchen-67f1e16c.pth",
    "livingroom": "proggan_livingroom-5ef336dd.pth",
    "restaurant": "proggan_restaurant-b8578299.pth",
    "celebhq": "proggan_celebhq-620d161c.pth",
}
TITLES = {"church": "Churches (LSUN)", "celebhq": "Faces (CelebA-HQ)"}
TIMEOUT = 30.0  # seconds without a byte
CHUNK = 2**18

Progress = Callable[[int, int | None], None]  # bytes there, bytes in all where the server says


class FetchError(UnitbrushError, status=502, slug="fetch-failed", title="The published weights could not be fetched"):
    """Published weights could not be downloaded, or are not what was published."""


def fetch(
    name: str,
    models_dir: Path,
    base_url: str | None = None,
    progress: Progress | None = None,
    max_bytes: int = MAX_BYTES,
) -> Path:
    """Download a published generator to `models_dir/name/` unless it is there already; returns its path.

    A download that broke off goes on where it stopped. The file is moved into place only after its size, its
    SHA-256 and the generator in it are proved. Raises FetchError, with one line.
    """
    if name not in PUBLISHED:
        raise FetchError(f"no weights are published for {name!r}; there are {', '.join(PUBLISHED)}")
    file_name = PUBLISHED[name]
    expected = file_name.removesuffix(".pth").rsplit("-", 1)[1]
    folder = Path(models_dir) / name
    target, part = folder / file_name, folder / f"{file_name}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not _is_generator(target, expected):
            _download((base_url or BASE_URL).rstrip("/") + "/" + file_name, part, progress, max_bytes)
            _prove(part, expected)
            os.replace(part, target)
        _write_card(folder, name, target)
    except OSError as error:
        raise FetchError(f"{folder} cannot be written: {error.strerror or error}") from error
    return target


def _is_generator(path: Path, sha256: str) -> bool:
    try:
        load_generator(path, sha256)
    except WeightError:
        return False
    return True


def _prove(part: Path, expected: str) -> None:
    """Raises FetchError, and takes the file away, where it is not what was published."""
    try:
        load_generator(part, expected)
    except WeightError as error:
        part.unlink(missing_ok=True)
        raise FetchError(f"what came is not what was published: {error.detail}") from error


def _download(url: str, part: Path, progress: Progress | None, max_bytes: int) -> None:
    if not url.startswith(("http://", "https://")):
        raise FetchError(f"{url} is no http address")
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            _receive(response, part, have if response.status == 206 else 0, progress, max_bytes)
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:  # nothing behind what is there: it is whole, or another file
            return
        raise FetchError(f"{url} answers {error.code} {error.reason}") from error
    except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", None) or error or type(error).__name__
        raise FetchError(f"{url} cannot be read: {reason}; run the command again to go on") from error


def _receive(response: HTTPResponse, part: Path, have: int, progress: Progress | None, max_bytes: int) -> None:
    length = response.headers.get("Content-Length", "")
    total = have + int(length) if length.isdigit() else None
    _bound(part, total or 0, max_bytes)
    with part.open("ab" if have else "wb") as file:
        while chunk := response.read(CHUNK):
            have += len(chunk)
            _bound(part, have, max_bytes)
            file.write(chunk)
            if progress is not None:
                progress(have, total)
    if total is not None and have != total:
        raise FetchError(f"the download broke off at {have} of {total} bytes; run the command again to go on")


def _bound(part: Path, size: int, max_bytes: int) -> None:
    if size > max_bytes:
        part.unlink(missing_ok=True)
        raise FetchError(f"the file has {size} bytes or more; a generator has at most {max_bytes}")


def _write_card(folder: Path, name: str, weights: Path) -> None:
    """The model's card, whole or not at all; one that is there already is left alone."""
    card = folder / CARD
    if card.exists():
        return
    document = {
        "schema": 1,
        "title": TITLES.get(name, name.capitalize() + " (LSUN)"),
        "license": "not stated by its publishers (GAN Dissection, Bau et al., ICLR 2019)",
        "generator": weights.name,
        "sha256": {weights.name: file_sha256(weights)},
    }
    write_text(card, json.dumps(document, indent=2) + "\n")
