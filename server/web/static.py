"""The files of a folder as a browser gets them: compressed once, asked for again each time, under a strict policy."""

import base64
import hashlib
import mimetypes
import re
import stat
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from server.painting.cache import ByteCache
from server.web.answers import Content, compress, hex_digest
from server.web.problems import MethodNotAllowed

CSP = (
    "default-src 'none'; script-src 'self'{scripts}; style-src 'self'{styles}; img-src 'self' blob: data:;"
    " media-src 'self' blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self';"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
INDEX = "index.html"
KEPT_BYTES = 64 * 2**20
COMPRESSIBLE = frozenset({".html", ".css", ".js", ".json", ".svg", ".webmanifest", ".txt"})
# What Python's own table of types lacks, or calls otherwise.
TYPES = {".js": "text/javascript", ".webp": "image/webp", ".woff2": "font/woff2"}


def page(text: bytes, suffix: str) -> Content:
    """A file of that text and suffix; its policy lets it use the scripts and styles in it, and files beside it."""
    compressed = compress(text) if suffix in COMPRESSIBLE else None
    own_table = mimetypes.MimeTypes()  # the system's may lack some or, on Windows, get them wrong
    media_type = TYPES.get(suffix) or own_table.guess_type(f"_{suffix}")[0] or "application/octet-stream"
    inline = {kind: _hashes(kind, text) if suffix == ".html" else "" for kind in ("script", "style")}
    policy = CSP.format(scripts=inline["script"], styles=inline["style"])
    return Content(text, compressed, hex_digest(text), media_type, policy)


def _hashes(element: str, html: bytes) -> str:
    """The scripts or styles that stand in a page itself, as a policy names them: by the hash of their text."""
    texts = re.findall(rf"<{element}>(.*?)</{element}>".encode(), html, re.DOTALL)
    digests = (base64.b64encode(hashlib.sha256(text).digest()).decode() for text in texts)
    return "".join(f" 'sha256-{digest}'" for digest in digests)


def hidden(name: str) -> bool:
    """Whether a name begins with a dot, or holds a backslash, which parts a path on some systems."""
    return name.startswith(".") or "\\" in name


def keeps_contents() -> ByteCache[Content]:
    """What files read last are kept in."""
    return ByteCache(KEPT_BYTES, lambda content: len(content.plain) + len(content.compressed or b""))


class Files(StaticFiles):
    """An ASGI app for the files of a folder; none whose name begins with a dot, nor any of more than KEPT_BYTES. Each
    is read when it has changed.

    contents: of the files read last, where several folders share them.
    """

    def __init__(self, folder: Path, contents: ByteCache[Content] | None = None) -> None:
        super().__init__(directory=folder, check_dir=False)
        self.config_checked = True  # a folder that is missing has no files, which is no error
        self._contents = keeps_contents() if contents is None else contents

    def get_path(self, scope: Scope) -> str:
        """The path below the folder. A slash stays at its end, as no file has one; "./" is the folder itself."""
        return super().get_path(scope) + ("/" if scope["path"].endswith("/") else "")

    def content(self, path: str) -> Content | None:
        """A file, read where it has not been read since its last change; None where there is none."""
        if path.endswith("/") or any(map(hidden, Path(path).parts)):
            return None
        try:
            full_path, status = self.lookup_path(path)
            if status is None or not stat.S_ISREG(status.st_mode) or status.st_size > KEPT_BYTES:
                return None
            file = Path(full_path)
            key = (str(file), status.st_mtime_ns, status.st_size)
            return self._contents.get_or_make(key, lambda: page(file.read_bytes(), file.suffix.lower()))
        except (OSError, ValueError):
            return None

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Raises HTTPException (404) where there is no such file, and MethodNotAllowed."""
        content = await run_in_threadpool(self.content, path)
        if content is None:
            raise HTTPException(404)
        if scope["method"] not in ("GET", "HEAD"):
            raise MethodNotAllowed(f"{scope['method']} is not possible at {scope['path']}")
        return content.response(Request(scope))
