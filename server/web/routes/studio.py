"""The studio's files: small, compressed once, always revalidated, and nothing but what lies in the folder."""

from __future__ import annotations

import base64
import gzip
import hashlib
import mimetypes
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from server.settings import Settings
from server.web.preloads import imported_modules
from server.web.problems import MethodNotAllowed, NotFound
from server.web.security import TokenMissing, cookie_name, cookie_value, query_token, token_valid
from server.web.services import FirstScene

CSP = (
    "default-src 'none'; script-src 'self'{scripts}; style-src 'self'{styles}; img-src 'self' blob: data:;"
    " media-src 'self' blob:; font-src 'self'; connect-src 'self'; manifest-src 'self';"
    " worker-src 'self'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'self'"
)
PAGE = "index.html"
FIRST_SCRIPT = "js/beginning.js"  # shows the first picture
MAIN_SCRIPT = "js/main.js"
COMPRESSED = frozenset({".html", ".css", ".js", ".json", ".svg", ".webmanifest", ".txt"})
# What the system's table of types may lack or, on Windows, get wrong.
TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
    ".webp": "image/webp",
}


@dataclass(frozen=True)
class _File:
    """A file as it is sent. stamp: its time and size, to see when it was changed."""

    stamp: tuple[int, int]
    body: bytes
    packed: bytes | None
    etag: str
    media_type: str
    policy: str


class Studio:
    """An ASGI app for every path that no other route takes."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._folder = folder.resolve()
        self._settings = settings
        self._files: dict[Path, _File] = {}
        self._packed: _File | None = None
        self._templates = Environment(
            loader=FileSystemLoader(self._folder), autoescape=True, trim_blocks=True, lstrip_blocks=True
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve `GET` and `HEAD`; raise NotFound or MethodNotAllowed for everything else."""
        if scope["type"] != "http":
            raise NotFound("there is no socket here; the live one is /api/v1/live")
        request = Request(scope, receive)
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if path.startswith("/api/"):
            raise NotFound(f"there is no call {path}; /docs lists them all")
        file = self._find(path)
        if file is None:
            raise NotFound(f"there is nothing at {path}")
        if request.method not in ("GET", "HEAD"):
            raise MethodNotAllowed(f"{request.method} is not possible at {path}")
        if path in ("/", f"/{PAGE}"):
            file = self._page(file.stamp, first_image(request.app.state.services.first, request.query_params))
        response = self._sign_in(request) if path == "/" else None
        await (response or self._respond(request, file))(scope, receive, send)

    def warm_up(self) -> None:
        """Read and compress every file, so that the first visitor need not wait for it."""
        for path in self._folder.rglob("*"):
            self._find(f"/{path.relative_to(self._folder).as_posix()}")
        if (self._folder / PAGE).is_file():
            self._templates.get_template(PAGE)

    @cached_property
    def _modules(self) -> dict[str, list[str]]:
        """What the page asks for early: the modules that its first picture needs, then the others. Read once: whoever
        changes the imports while the server runs has the page load a little later, and otherwise as before."""
        first = imported_modules(self._folder, FIRST_SCRIPT)
        main = imported_modules(self._folder, MAIN_SCRIPT)
        return {"first_modules": first, "modules": [name for name in main if name not in {*first, FIRST_SCRIPT}]}

    def _page(self, stamp: tuple[int, int], first: str | None) -> _File:
        """The page is a template, with its styles in it, its modules and `first`, the address of the first picture's
        image: so the picture needs nothing else."""
        body = self._templates.get_template(PAGE).render(first=first, **self._modules).encode()
        # Nearly everybody asks for the same page: it is packed and hashed when it changes only.
        if self._packed is None or self._packed.body != body:
            self._packed = _file(stamp, body, ".html")
        return self._packed

    def _sign_in(self, request: Request) -> Response | None:
        """`/?token=...` trades the token for a cookie and takes it out of the address bar."""
        token = self._settings.token
        given = query_token(request.scope)
        if token is None or not given:
            return None
        bearer = {
            **request.scope,
            "headers": [(b"authorization", b"Bearer " + given.encode("latin-1", "replace"))],
        }
        if not token_valid(bearer, self._settings):
            raise TokenMissing("that is not this server's token")
        response = RedirectResponse(request.scope.get("root_path", "") + "/", 303)
        response.set_cookie(
            cookie_name(self._settings),
            cookie_value(token.get_secret_value()),
            max_age=365 * 86400,
            httponly=True,
            samesite="strict",
        )
        return response

    def _respond(self, request: Request, file: _File) -> Response:
        packs = file.packed is not None and "gzip" in request.headers.get("accept-encoding", "")
        etag = f'"{file.etag}-gzip"' if packs else f'"{file.etag}"'
        headers = {"ETag": etag, "Cache-Control": "no-cache", "Content-Security-Policy": file.policy}
        if file.packed is not None:
            headers["Vary"] = "Accept-Encoding"
        if etag in (part.strip() for part in request.headers.get("if-none-match", "").split(",")):
            return Response(status_code=304, headers=headers)
        if packs:
            headers["Content-Encoding"] = "gzip"
        return Response(file.packed if packs else file.body, headers=headers, media_type=file.media_type)

    def _find(self, path: str) -> _File | None:
        """The file at that path, or None where there is none that may be served."""
        if path.endswith("/") and path != "/":
            return None
        parts = PurePosixPath(path.lstrip("/") or PAGE).parts
        if any(part.startswith(".") or "\\" in part or "\0" in part for part in parts):
            return None
        target = self._folder.joinpath(*parts)
        try:
            if not target.resolve().is_relative_to(self._folder) or not target.is_file():
                return None
            status = target.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            known = self._files.get(target)
            if known is None or known.stamp != stamp:
                known = self._files[target] = _load(target, stamp)
        except OSError:
            return None
        return known


def first_image(first: FirstScene | None, query: Mapping[str, str]) -> str | None:
    """The address, seen from the page, of the image that the studio begins with: of the kept picture or of the scene
    that the page's own address names, else of the first scene. None where nobody knows it yet, and for a booth, which
    begins by lot."""
    if "booth" in query:
        return None
    if "picture" in query:
        return f"api/v1/pictures/{quote(query['picture'], safe='')}/image?format=png"
    if first is None:
        return None
    seed = first.seed
    given = query.get("seed", "")
    if re.fullmatch("[0-9]{1,10}", given) and int(given) < 2**32:
        seed = int(given)
    return f"api/v1/models/{quote(first.model, safe='')}/images/{seed}?format=png&v={first.version}"


def _load(path: Path, stamp: tuple[int, int]) -> _File:
    return _file(stamp, path.read_bytes(), path.suffix.lower())


def _file(stamp: tuple[int, int], body: bytes, suffix: str) -> _File:
    packed = gzip.compress(body, 9, mtime=0) if suffix in COMPRESSED and len(body) > 512 else None
    media_type = TYPES.get(suffix) or mimetypes.guess_type(f"_{suffix}")[0] or "application/octet-stream"
    policy = CSP.format(scripts=_inline("script", body, suffix), styles=_inline("style", body, suffix))
    return _File(stamp, body, packed, hashlib.sha256(body).hexdigest()[:32], media_type, policy)


def _inline(kind: str, body: bytes, suffix: str) -> str:
    """The scripts or styles that stand in a page itself, as a policy names them: by the hash of their text."""
    if suffix != ".html":
        return ""
    found = re.findall(rf"<{kind}>(.*?)</{kind}>".encode(), body, re.DOTALL)
    digests = (hashlib.sha256(text).digest() for text in found)
    return "".join(f" 'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
