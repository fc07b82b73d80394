"""What can be configured, each by an environment variable `UNITBRUSH_<NAME>`, which counts unless it is empty, or by an
option of `unitbrush serve`.
"""

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from server.errors import UnitbrushError

MIB = 1024 * 1024
OWN_PATHS = ("api", "data", "dissect", "js", "css", "i18n")


def _split(names: Any) -> Any:
    """Accept `a, b` beside a real list."""
    if isinstance(names, str):
        return tuple(part.strip() for part in names.split(",") if part.strip())
    return names


def _origin(origin: str) -> str:
    """Refuse what no browser sends as an origin."""
    if not re.fullmatch("https?://[^/]+", origin):
        raise ValueError(f"{origin!r} is not an origin; write it as https://example.org, without a path")
    return origin


def _token(token: SecretStr | None) -> SecretStr | None:
    """An empty token means none; one that a header cannot carry is refused."""
    text = "" if token is None else token.get_secret_value()
    if not (text.isascii() and text.isprintable() and " " not in text):
        raise ValueError("a token is printable ASCII without spaces")
    return token if text else None


def _database(address: SecretStr | None) -> SecretStr | None:
    """An empty address means none."""
    text = "" if address is None else address.get_secret_value()
    if text and not text.startswith(("postgresql://", "postgres://")):
        raise ValueError("a database is named as postgresql://user:password@host/name")
    return address if text else None


def _prefix(path: str) -> str:
    """A path without a slash at its end; one that looks like an address of the server's own is refused, as nobody could
    tell whether a proxy has taken it off."""
    path = path.rstrip("/")
    if not re.fullmatch(r"(/(?!\.)[\w.~-]+)*", path, re.ASCII):
        raise ValueError(f"{path!r} is not a path; write it as /studio")
    if path[1:].partition("/")[0] in OWN_PATHS:
        raise ValueError(f"{path!r} begins like one of the server's own addresses; choose another")
    return path


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Origins = Annotated[tuple[Annotated[str, AfterValidator(_origin)], ...], NoDecode, BeforeValidator(_split)]
Prefix = Annotated[str, AfterValidator(_prefix)]
Address = Annotated[SecretStr | None, AfterValidator(_database)]
Token = Annotated[SecretStr | None, AfterValidator(_token)]


def share_dir() -> Path:
    """The folder that holds frontend/, models/ and dissect_results/: inside the package once installed from a
    wheel, the repository otherwise."""
    package = Path(__file__).resolve().parent
    packaged = package / "share"
    return packaged if packaged.is_dir() else package.parent


def default_data_dir() -> Path:
    """Where pictures are kept: `data/` of a source tree, else the user's own data folder of this system."""
    share = share_dir()
    if (share / "pyproject.toml").is_file():
        return share / "data"
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", str(Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Application Support")
    else:
        base = os.environ.get("XDG_DATA_HOME", str(Path.home() / ".local" / "share"))
    return Path(base) / "unitbrush"


class SettingsError(UnitbrushError, slug="invalid-settings", title="The configuration is not valid"):
    """An option or environment variable has a value that cannot be."""


class Settings(BaseSettings):
    """One server's configuration; frozen once made.

    Hosts and origins are lists separated by commas. Numbers out of range raise pydantic's ValidationError.
    """

    model_config = SettingsConfigDict(env_prefix="UNITBRUSH_", env_ignore_empty=True, frozen=True, extra="ignore")

    host: str = Field(default="127.0.0.1", min_length=1, description="address to listen on; 0.0.0.0 is every network")
    port: int = Field(default=8000, ge=0, le=65535, description="port to listen on; 0 picks a free one")
    root_path: Prefix = Field(
        default="", description="path that a proxy serves this server under, as /studio, whether it strips that or not"
    )
    models_dir: Path = Field(default_factory=lambda: share_dir() / "models", description="folder of models")
    results_dir: Path = Field(
        default_factory=lambda: share_dir() / "dissect_results", description="folder of dissections"
    )
    frontend_dir: Path = Field(default_factory=lambda: share_dir() / "frontend", description="the studio's files")
    data_dir: Path = Field(default_factory=default_data_dir, description="folder of the pictures' SQLite file")
    database: Address = Field(
        default=None, description="PostgreSQL database for the pictures, which several servers may share, in its place"
    )
    default_model: str = Field(default="village", description="the model of a picture that names none")

    trusted_modules: Names = Field(
        default=(),
        description="networks of one's own whose code may run: as package.module:factory, or names of models",
    )
    training: bool = Field(
        default=False, description="whether callers may have an encoder trained, which takes an hour and more"
    )
    token: Token = Field(default=None, description="when set, every call has to carry it as a bearer token")
    allowed_hosts: Names = Field(
        default=(), description="further host names to answer to (`*` is any); addresses and localhost always work"
    )
    allowed_origins: Origins = Field(
        default=(), description="other origins, as https://example.org, whose pages may call this server"
    )

    max_body_bytes: int = Field(default=8 * MIB, ge=1024, description="largest request body and socket message")
    max_pictures: int = Field(default=100_000, ge=1, description="pictures kept at most")
    max_history: int = Field(default=1000, ge=2, description="steps that can be undone at most; the oldest go first")
    max_sockets: int = Field(default=256, ge=1, description="open live sockets at most")

    device: str = Field(default="auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$", description="auto, cpu or cuda")
    threads: int = Field(
        default=0, ge=0, description="threads a render may use on the CPU; 0 is as many as do best, measured at start"
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        default="auto", description="of drafts; auto is bfloat16 where that is fast and close, measured at start"
    )
    most_frames: int = Field(
        default=0, ge=0, description="drafts of several painters drawn at once; 0 is 64 on CUDA, and 1 elsewhere"
    )
    queue_size: int = Field(default=64, ge=1, description="renders that may wait before a caller is told to come back")
    trunk_cache_bytes: int = Field(default=128 * MIB, ge=0, description="memory for trunk activations of recent scenes")
    pass_cache_bytes: int = Field(
        default=64 * MIB, ge=0, description="memory for what the last frames of pictures that are painted on left"
    )
    image_cache_bytes: int = Field(default=64 * MIB, ge=0, description="memory for encoded images")
    cluster_address: str = Field(
        default="", description="Ray cluster to join, as auto or host:port; without one it is started on this machine"
    )
    studios: int = Field(default=1, ge=1, description="processes of a cluster that take calls and hold live sockets")
    min_painters: int = Field(default=1, ge=1, description="painters that a cluster has at least")
    max_painters: int = Field(default=4, ge=1, description="painters that a cluster has at most, as load asks for them")
    painter_cpus: float = Field(default=1.0, ge=0, description="cores that a cluster counts for a painter")
    painter_gpus: float = Field(default=0.0, ge=0, description="share of a GPU that a painter of a cluster has")
    frame_batch: int = Field(
        default=0, ge=0, description="frames that a painter of a cluster takes together; 0 is 16 with a GPU, else 1"
    )

    send_timeout: float = Field(
        default=20.0, gt=0, description="seconds a client may take to read a frame, or to send a request"
    )
    shutdown_timeout: int = Field(default=15, ge=0, description="seconds that running requests get when stopping")


def read_settings(given: Mapping[str, Any] | None = None) -> Settings:
    """The environment's settings with `given` over them. Raises SettingsError, with one line."""
    try:
        return Settings(**(given or {}))
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "settings"
        raise SettingsError(f"{name} (or UNITBRUSH_{name.upper()}): {first['msg']}") from error
