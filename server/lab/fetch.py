"""Downloads the published generators of GAN Dissection (Bau et al., ICLR 2019) and checks what came.

    path = fetch("church", Path("models"))    # models/church/proggan_churchoutdoor-7e701dd5.pth

The last part of a published file's name is the start of its SHA-256. That proves a download against accidents, not
against somebody who can make another file with the same eight digits: so it comes over https where its publishers offer
that, and what was once fetched is pinned in the model's card by its whole SHA-256. No other file is taken from then on.
"""

from __future__ import annotations

import json
import logging
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse, responses
from pathlib import Path
from typing import Any

from server.errors import UnitbrushError, WeightError
from server.files import CARD, file_sha256, write_text
from server.lab.published import BASE_URL, PUBLISHED, new_card
from server.model.weights import MAX_BYTES, load_generator

TIMEOUT = 30.0  # seconds without a byte
TRIES = 8  # answers that a download may break off in, each behind the one before
CHUNK = 2**18

log = logging.getLogger(__name__)

Progress = Callable[[int, int | None], None]  # bytes there, bytes in all where the server says


class FetchError(UnitbrushError, status=502, slug="fetch-failed", title="The published weights could not be fetched"):
    """Published weights could not be downloaded, or are not what was published."""


class NoAnswer(FetchError):
    """The file could not be had at that address at all."""


class BrokeOff(FetchError):
    """The answer ended before the file did, as far as one knows."""


def fetch(
    name: str,
    models_dir: Path,
    base_url: str | None = None,
    progress: Progress | None = None,
    max_bytes: int = MAX_BYTES,
) -> Path:
    """Download a published generator to `models_dir/name/` unless it is there already; returns its path.

    base_url: where the files lie, the publishers' own place by default: by https, and where that is not answered by
    http, with a warning in the log. A download that breaks off goes on where it stopped, as long as every answer brings
    more, and else the next time. The file is moved into place only after its size, its SHA-256 and the generator in it
    are proved. Raises FetchError, with one line.
    """
    if name not in PUBLISHED:
        raise FetchError(f"no weights are published for {name!r}; there are {', '.join(PUBLISHED)}")
    file_name = PUBLISHED[name]
    folder = Path(models_dir) / name
    target, part = folder / file_name, folder / f"{file_name}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        card = _read_card(folder, name)
        pinned = card["sha256"].get(file_name)
        expected = pinned or file_name.removesuffix(".pth").rsplit("-", 1)[1]
        if not _is_generator(target, expected):
            _download_from(base_url, file_name, part, expected, progress, max_bytes)
            _prove(part, expected, folder / CARD if pinned else None)
            os.replace(part, target)
        if pinned is None:
            card["sha256"][file_name] = file_sha256(target)
            write_text(folder / CARD, json.dumps(card, indent=2) + "\n")
    except OSError as error:
        raise FetchError(f"{folder} cannot be written: {error.strerror or error}") from error
    return target


def _is_generator(path: Path, sha256: str) -> bool:
    try:
        load_generator(path, sha256)
    except WeightError:
        return False
    return True


def _prove(part: Path, expected: str, pinned_by: Path | None) -> None:
    """Raises FetchError, and takes the file away, where it is not what was published, or not what was fetched before.

    pinned_by: the card that has the SHA-256 of that.
    """
    try:
        load_generator(part, expected)
    except WeightError as error:
        part.unlink(missing_ok=True)
        if pinned_by is None:
            raise FetchError(f"what came is not what was published: {error.detail}") from error
        raise FetchError(
            f"what came is not what was fetched before, whose SHA-256 {pinned_by} pins: {error.detail}"
        ) from error


def _download_from(
    base_url: str | None, file_name: str, part: Path, expected: str, progress: Progress | None, max_bytes: int
) -> None:
    """Download from there; without an address from the publishers, by http where https gets no answer."""
    url = (base_url or BASE_URL).rstrip("/") + "/" + file_name
    before = _size(part)
    try:
        _download(url, part, expected, progress, max_bytes)
    except NoAnswer as error:
        if base_url is not None or _size(part) > before:
            raise
        log.warning("%s; trying plain http, where only the digits in the file's name prove it", error.detail)
        _download(url.replace("https://", "http://", 1), part, expected, progress, max_bytes)


def _download(url: str, part: Path, expected: str, progress: Progress | None, max_bytes: int) -> None:
    """Ask until all of the file is there, as long as every answer brings more.

    Raises NoAnswer where nothing was to be had there, another FetchError where it broke off, OSError for the file.
    """
    if not url.startswith(("http://", "https://")):
        raise FetchError(f"{url} is no http address")
    for more in reversed(range(TRIES)):
        before = _size(part)
        try:
            _ask(url, part, expected, progress, max_bytes)
            return
        except BrokeOff:
            if _has_digest(part, expected):  # whole, whatever length was declared
                return
            if not more or _size(part) <= before:
                raise


def _ask(url: str, part: Path, expected: str, progress: Progress | None, max_bytes: int) -> None:
    """One request, for what comes behind the part that is there. Raises as `_download` does, BrokeOff among that."""
    have = _size(part)
    headers = {"Range": f"bytes={have}-"} if have else {}
    try:
        response = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and have:  # nothing lies behind what is there
            if not _has_digest(part, expected):
                _ask_anew(url, part, expected, progress, max_bytes)
            return
        what = "redirects without end" if 300 <= error.code < 400 else f"answers {error.code}"
        raise NoAnswer(f"{url} {what} {responses.get(error.code, '')}") from error
    except (OSError, HTTPException, ValueError) as error:
        raise NoAnswer(f"{url} cannot be read: {_reason(error)}; run the command again to go on") from error
    with response:
        if not response.url.startswith(url.split(":")[0]):  # https must not become http, nor either anything else
            raise NoAnswer(f"{url} leads to {response.url}")
        encoding = response.headers.get("Content-Encoding", "identity")
        if encoding.strip().lower() != "identity":
            raise NoAnswer(f"{url} sends the file in another encoding, {encoding[:20]!r}, not as it was published")
        if response.status == 206:
            starts = response.headers.get("Content-Range", f"bytes {have}-")
            if not have or not starts.startswith(f"bytes {have}-"):  # of no use; a whole file is
                _ask_anew(url, part, expected, progress, max_bytes)
                return
        _receive(response, part, have if response.status == 206 else 0, progress, max_bytes)


def _ask_anew(url: str, part: Path, expected: str, progress: Progress | None, max_bytes: int) -> None:
    """Take away what is there, and ask for the whole file. Raises FetchError where nothing was there already."""
    if not _size(part):
        raise NoAnswer(f"{url} answers with another part than was asked for")
    part.unlink()
    _ask(url, part, expected, progress, max_bytes)


def _receive(response: HTTPResponse, part: Path, have: int, progress: Progress | None, max_bytes: int) -> None:
    """Write what comes behind the first `have` bytes. Raises FetchError, and OSError for the file."""
    total = None if response.length is None else have + response.length
    _bound(part, total or 0, max_bytes)
    with part.open("ab" if have else "wb") as file:
        while chunk := _read(response, have, total):
            have += len(chunk)
            _bound(part, have, max_bytes)
            file.write(chunk)
            if progress is not None:
                progress(have, total)
    if total is None:
        raise BrokeOff(
            f"{response.url} does not say how long the file is, and the {have} bytes that came are not what was "
            "published, or not all of it; run the command again to go on"
        )
    if have != total:
        raise BrokeOff(f"the download broke off at {have} of {total} bytes; run the command again to go on")


def _read(response: HTTPResponse, have: int, total: int | None) -> bytes:
    """What is there of the answer, at most CHUNK bytes: what came before it breaks off is kept."""
    try:
        return response.read1(CHUNK)
    except (OSError, HTTPException, ValueError) as error:
        raise BrokeOff(
            f"the download broke off at {have} of {total or 'unknown'} bytes ({_reason(error)}); "
            "run the command again to go on"
        ) from error


def _reason(error: Exception) -> str:
    """Why there is no answer: some of it may be what the server said, so it is short and printable."""
    text = str(getattr(error, "reason", None) or error) or type(error).__name__
    return "".join(c if c.isprintable() else " " for c in text[:200])


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _has_digest(path: Path, expected: str) -> bool:
    """Whether the file's SHA-256 begins with these hex digits."""
    return path.exists() and file_sha256(path).startswith(expected.lower())


def _bound(part: Path, size: int, max_bytes: int) -> None:
    if size > max_bytes:
        part.unlink(missing_ok=True)
        raise FetchError(f"the file has {size} bytes or more; a generator has at most {max_bytes}")


def _read_card(folder: Path, name: str) -> dict[str, Any]:
    """The model's card, what others wrote in it among that; a new one where there is none. Raises FetchError."""
    path = folder / CARD
    if not path.exists():
        return new_card(name)
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        hashes = card.setdefault("sha256", {})
        if not all(isinstance(value, str) for value in hashes.values()):
            raise ValueError("a SHA-256 is a text")
    except (ValueError, RecursionError, AttributeError) as error:
        raise FetchError(f"{path} is no model's card ({error}); put it right or take it away") from error
    return dict(card)
