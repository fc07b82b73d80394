"""Who may call: the host names, origins and token that stand in front of every call and socket.

A page of another site must not be able to use a server on somebody's own machine. Three checks see to that,
and each stands alone: the `Host` has to be an address, localhost or a configured name, so that a foreign name
that was made to point here (DNS rebinding) is refused; an unsafe call or a socket that names an `Origin` has
to name this server; and a configured token has to come along, as `Authorization: Bearer`, as the studio's
cookie, or, for sockets, as `?token=`.
"""

import hashlib
import hmac
import ipaddress
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request, cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import Scope

from server.errors import UnitbrushError
from server.settings import Settings

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
DEFAULT_PORTS = {"http": 80, "https": 443}
COOKIE_SECONDS = 365 * 86400


class UnknownHost(UnitbrushError, status=421, slug="unknown-host", title="This server does not answer to that name"):
    """The call names a host that is not this server."""


class ForeignOrigin(
    UnitbrushError, status=403, slug="foreign-origin", title="Pages of other sites may not call this server"
):
    """The call comes from a page of another site."""


class TokenMissing(UnitbrushError, status=401, slug="token-missing", title="This server wants its token"):
    """The call does not carry the configured token."""


def authorize(scope: Scope, settings: Settings) -> None:
    """Raise UnknownHost, ForeignOrigin or TokenMissing where a call or socket must not go on."""
    headers = Headers(scope=scope)
    host = headers.get("host", "")
    if not host_allowed(host, settings):
        raise UnknownHost(f"this server does not answer to the host {host!r}; UNITBRUSH_ALLOWED_HOSTS can name it")
    if scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS:
        origin = headers.get("origin")
        if origin is not None and not origin_allowed(origin, host, settings):
            raise ForeignOrigin(f"the page is from {origin!r}; UNITBRUSH_ALLOWED_ORIGINS can name it")
        if origin is None and headers.get("sec-fetch-site") in ("cross-site", "same-site"):
            raise ForeignOrigin("the page is from another site")
    guarded = is_guarded(path_within(scope))
    preflight = scope["type"] == "http" and scope["method"] == "OPTIONS"
    if guarded and not preflight and not token_valid(scope, settings):
        raise TokenMissing("send the token as `Authorization: Bearer <token>`")


def is_guarded(path: str) -> bool:
    """Whether calls of that path, below the `root_path`, have to carry the token."""
    return path.startswith(("/api/", "/data/", "/dissect/")) or path == "/metrics"


def rooted(scope: Scope, prefix: str) -> Scope:
    """The scope of a call with the prefix that this server is under as its `root_path`, with which its `path` begins.

    prefix: the configured one, which a proxy may have taken off; where a server or a mount names another in the scope,
    it is that one. What a router above has put into the scope is left out.
    """
    root = scope.get("root_path", "").rstrip("/") or prefix
    path = scope["path"] if f"{scope['path']}/".startswith(f"{root}/") else root + scope["path"]
    above = ("router", "endpoint", "path_params")
    return {**{k: v for k, v in scope.items() if k not in above}, "root_path": root, "path": path}


def path_within(scope: Scope) -> str:
    """The path of a rooted scope below its `root_path`, as routes have it."""
    path: str = scope["path"]
    return path[len(scope.get("root_path", "")) :]


def host_allowed(host: str, settings: Settings) -> bool:
    """Whether a `Host` header names this server. Addresses cannot be rebound, so every address does."""
    name = _split_host(host)[0]
    if name is None:
        return False
    known = {"localhost", settings.host.lower(), *(allowed.lower() for allowed in settings.allowed_hosts)}
    if name in known or name.endswith(".localhost") or "*" in settings.allowed_hosts:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def origin_allowed(origin: str, host: str, settings: Settings) -> bool:
    """Whether an `Origin` header names this server (by the `Host` header) or a configured origin.

    The scheme is not compared: behind a proxy that ends TLS the server does not know its own.
    """
    if origin.lower() in (allowed.lower() for allowed in settings.allowed_origins):
        return True
    scheme, _, rest = origin.partition("://")
    default = DEFAULT_PORTS.get(scheme.lower())
    (name, port), (own_name, own_port) = _split_host(rest), _split_host(host)
    return default is not None and name is not None and (name, port or default) == (own_name, own_port or default)


def _split_host(host: str) -> tuple[str | None, int | None]:
    """`name:port` as (name in lower case without brackets, port or None); (None, None) for no host."""
    try:
        parts = urlsplit(f"//{host}")
        port = parts.port
    except ValueError:
        return None, None
    if not parts.hostname or parts.username is not None or parts.path:
        return None, None
    return parts.hostname.removesuffix("."), port


def token_valid(scope: Scope, settings: Settings) -> bool:
    """Whether the call carries the configured token, or none is configured."""
    if settings.token is None:
        return True
    token = settings.token.get_secret_value()
    headers = Headers(scope=scope)
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return _same(bearer.strip(), token)
    # One that reads what is sound, whatever other programs of this host have put beside it.
    cookie = cookie_parser("; ".join(headers.getlist("cookie"))).get(cookie_name(settings), "")
    if _same(cookie, cookie_value(token)):
        return True
    return scope["type"] == "websocket" and _same(_query_token(scope), token)


def sign_in(request: Request, settings: Settings) -> Response | None:
    """Trade the token in the page's address, `/?token=...`, for a cookie, and take it out of the address bar.

    None where there is nothing to trade. Raises TokenMissing for another token.
    """
    given = _query_token(request.scope)
    if settings.token is None or not given:
        return None
    token = settings.token.get_secret_value()
    if not _same(given, token):
        raise TokenMissing("that is not this server's token")
    home = request.scope["root_path"] + "/"
    response = RedirectResponse(home, 303)
    name, value = cookie_name(settings), cookie_value(token)
    response.set_cookie(name, value, max_age=COOKIE_SECONDS, path=home, httponly=True, samesite="strict")
    return response


def cookie_name(settings: Settings) -> str:
    """The studio's cookie; named by the port, as browsers share cookies between the ports of a host."""
    return f"unitbrush-{settings.port}"


def cookie_value(token: str) -> str:
    """What the cookie holds: proof of the token, not the token."""
    return hmac.new(token.encode(), b"unitbrush studio", hashlib.sha256).hexdigest()


def _query_token(scope: Scope) -> str:
    """The `?token=` of a call, empty where it has none."""
    tokens: list[str] = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])
    return tokens[-1]


def _same(given: str, expected: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode())
