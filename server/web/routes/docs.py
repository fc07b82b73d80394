"""`/docs`: the API's reference as one page of HTML, made here from the OpenAPI document, which is at `/openapi.json`;
it loads nothing else.
"""

import json
import re
from collections.abc import Container
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from jinja2 import ChainableUndefined, Environment, FileSystemLoader
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import Response

from server.web.answers import Content, of_bytes

CSP = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
ROOTS = 8  # paths that the app may be under at a time
TEMPLATES = Path(__file__).resolve().parent.parent / "templates"

JSON = dict[str, Any]


def add_docs(app: FastAPI) -> None:
    """Add `/docs`, its style sheet and `/openapi.json` to the app; each is made once for each path that the app is
    under."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, undefined=ChainableUndefined
    )
    environment.filters |= {f.__name__: f for f in (anchor, code, curl, linked, paragraphs, type_name)}
    style = (TEMPLATES / "docs.css").read_bytes()

    @lru_cache(ROOTS)
    def made(root: str) -> tuple[Content, Content]:
        """The page, and the document."""
        html = environment.get_template("docs.html").render(app.openapi(), root=root).encode()
        under = {"servers": [{"url": root}]} if root else {}
        document = json.dumps({**app.openapi(), **under}, ensure_ascii=False, separators=(",", ":")).encode()
        return of_bytes(html, "text/html", CSP), of_bytes(document, "application/json")

    # No coroutines: a thread calls them.
    def page(request: Request) -> Response:
        return made(request.scope.get("root_path", ""))[0].response(request)

    def document(request: Request) -> Response:
        return made(request.scope.get("root_path", ""))[1].response(request)

    def sheet(request: Request) -> Response:
        return of_bytes(style, "text/css").response(request)

    app.add_route("/docs", page, include_in_schema=False)
    app.add_route("/docs.css", sheet, include_in_schema=False)
    app.add_route("/openapi.json", document, include_in_schema=False)


def paragraphs(text: str) -> list[str]:
    """The text's paragraphs, each on one line."""
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", text) if part.strip()]


def code(text: str) -> Markup:
    """The text with what stands between backticks as code."""
    parts = (Markup("<code>{}</code>").format(p) if i % 2 else escape(p) for i, p in enumerate(text.split("`")))
    return Markup("").join(parts)


def linked(text: str, names: Container[str]) -> Markup:
    """The text with a link for each schema it names."""
    link = Markup('<a href="#schema-{0}">{0}</a>')
    return Markup("").join(link.format(p) if p in names else escape(p) for p in re.split(r"(\w+)", text))


def anchor(call: str) -> str:
    """A method and a path as the name of their place in the page."""
    return re.sub(r"[^a-z0-9]+", "-", call.lower()).strip("-")


def curl(path: str, method: str, body: JSON) -> str:
    """How to make a call by hand. body: what OpenAPI says of its JSON body."""
    example = body.get("example") or body.get("schema", {}).get("example")
    parts = ["curl -sS"]
    if method not in ("get", "post") or (method == "post" and example is None):
        parts.append(f"-X {method.upper()}")
    if example is not None:
        parts.append(f"--json '{json.dumps(example, ensure_ascii=False)}'")
    return " ".join([*parts, f"http://localhost:8000{path}"])


def type_name(schema: JSON) -> str:
    """A schema in a few words, as `array of integer (0..9)`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(dict.fromkeys(type_name(s) for s in schema[key]))
    if "enum" in schema:
        return " or ".join(json.dumps(v) for v in schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"])
    if schema.get("type") == "array":
        return f"array of {type_name(schema.get('items', {}))}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"object of {type_name(schema['additionalProperties'])}"
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    bounds = f" ({'' if low is None else low}..{'' if high is None else high})" if (low, high) != (None, None) else ""
    return f"{schema.get('type', 'anything')}{bounds}"
