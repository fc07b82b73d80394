"""`/`: the studio's page, a template, its files, and the scene it begins with."""

import asyncio
import logging
import re
from collections.abc import Mapping
from functools import cached_property
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from server.painting.picture import Picture
from server.settings import Settings
from server.web.answers import Content
from server.web.preloads import imported_modules
from server.web.problems import NotFound
from server.web.routes.images import ImageOptions, drawing_of, encoded
from server.web.security import path_within, sign_in
from server.web.services import FirstScene, Services
from server.web.static import INDEX, Files, page

log = logging.getLogger(__name__)

FIRST_SCRIPT = "js/beginning.js"  # shows the first picture
MAIN_SCRIPT = "js/main.js"
RETRY_SECONDS = 2.0
FIRST_SEED = 7  # of a model that names no scenes; beginning.js of the page has it too


class Studio(Files):
    """An ASGI app for every path that no other route takes."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.frontend_dir)
        self._settings = settings
        self._page: Content | None = None
        self._templates = Environment(
            loader=FileSystemLoader(settings.frontend_dir), autoescape=True, trim_blocks=True, lstrip_blocks=True
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a file. Raises NotFound for sockets and calls of the API, and what `get_response` raises."""
        if scope["type"] != "http":
            raise NotFound("there is no socket here; the live one is /api/v1/live")
        path = path_within(scope)
        if not path:
            home = f"{scope['root_path']}/?{scope['query_string'].decode('latin-1')}"
            await RedirectResponse(home.removesuffix("?"), 307)(scope, receive, send)
            return
        if path.startswith("/api/"):
            raise NotFound(f"there is no call {path}; /docs lists them all")
        await super().__call__(scope, receive, send)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The page or a file; the page signs in whoever brings the token in its address."""
        home = path == "./"
        response = await super().get_response(INDEX if home else path, scope)
        if not home and path != INDEX:
            return response
        request = Request(scope)
        signed_in = sign_in(request, self._settings) if home else None
        return signed_in or (await run_in_threadpool(self._render, request)).response(request)

    def read_all(self) -> None:
        """Read and compress every file, so that the first visitor need not wait for it."""
        folder = self._settings.frontend_dir
        for path in folder.rglob("*"):
            self.content(str(path.relative_to(folder)))
        if (folder / INDEX).is_file():
            self._templates.get_template(INDEX)

    @cached_property
    def _modules(self) -> dict[str, list[str]]:
        """What the page asks for early: the modules that its first picture needs, then the others. Read once: whoever
        changes the imports while the server runs has the page load a little later, and otherwise as before."""
        first = imported_modules(self._settings.frontend_dir, FIRST_SCRIPT)
        main = imported_modules(self._settings.frontend_dir, MAIN_SCRIPT)
        return {"first_modules": first, "modules": [name for name in main if name not in {*first, FIRST_SCRIPT}]}

    def _render(self, request: Request) -> Content:
        """The page, with its styles, its modules and the address of the first picture's image in it, so that the
        picture needs nothing else."""
        scene: FirstScene | None = request.app.state.services.first_scene
        first, aspect = first_image(scene, request.query_params), 1.0 if scene is None else scene.aspect
        text = self._templates.get_template(INDEX).render(first=first, aspect=aspect, **self._modules).encode()
        # Nearly everybody asks for the same page: it is compressed and hashed when it changes only.
        known = self._page
        if known is None or known.plain != text:
            known = self._page = page(text, ".html")
        return known


def first_image(first: FirstScene | None, query: Mapping[str, str]) -> str | None:
    """The address, seen from the page, of the image that the studio begins with: of the kept picture or of the scene
    that the page's own address names, else of the first scene. None where nobody knows it yet, and for a booth, which
    begins with a random one."""
    if "booth" in query:
        return None
    if "picture" in query:
        return f"api/v1/pictures/{quote(query['picture'], safe='')}/image?format=png"
    if first is None:
        return None
    given = query.get("seed", "")
    seed = int(given) if re.fullmatch("[0-9]{1,10}", given) and int(given) < 2**32 else first.seed
    return f"api/v1/models/{quote(first.model, safe='')}/images/{seed}?format=png&v={first.version}"


async def warm_up(services: Services, studio: Studio) -> None:
    """Do what the first visitor would wait for: read the page, load the default model, draw the first picture. Then
    tell `/readyz`, or why it could not be done, and load the other models. Where the default one did not draw, try
    again now and then: its files may be put right meanwhile."""
    await _prepare(services, studio)
    for usable in await services.in_thread(services.catalog.usable):
        await services.version(usable.name)
    while services.first_scene is None:
        await asyncio.sleep(RETRY_SECONDS)
        await _prepare(services, studio)


async def _prepare(services: Services, studio: Studio) -> None:
    """Read the page and draw the first picture, or tell why that could not be done."""
    try:
        _, model = await asyncio.gather(services.in_thread(studio.read_all), services.in_thread(services.catalog.get))
        seed = model.scenes[0] if model.scenes else FIRST_SEED
        picture = Picture(model.name, seed)
        # Its tag is a hash of all weights, which is made while the device draws.
        drawing, pixels = await asyncio.gather(
            drawing_of(services, picture, ImageOptions("png", None)), services.engine.render_soon(picture)
        )
        await encoded(services, drawing, pixels)
        # A draft, and the frame that the first stroke follows from.
        await services.engine.frame(lambda: (picture, True))
        await services.engine.frame(lambda: (picture, False))
        version = await services.version(model.name)
        services.first_scene = FirstScene(model.name, seed, version, model.generator.aspect)
    except Exception as error:
        told, services.failure = services.failure, f"the default model does not draw: {error}"
        if services.failure != told:
            log.error(services.failure)
