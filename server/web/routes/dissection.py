"""What a dissection found: the units of a layer, what can be drawn on what, and the report's pages."""

from __future__ import annotations

import base64
from pathlib import Path as FilePath
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from server.errors import DissectionError, UnitbrushError
from server.results.context import load_context
from server.results.units import NoSuchLayer, UnitTable, load_units
from server.settings import Settings
from server.web.deps import UsesServices
from server.web.packing import packed_json
from server.web.problems import NotFound
from server.web.routes.studio import Studio
from server.web.services import Services

router = APIRouter(prefix="/models", tags=["dissection"])

ModelName = Annotated[str, Path(description="the model's name")]
LayerName = Annotated[str, Path(description="a dissected layer")]


class NoDissection(UnitbrushError):
    """What is asked for was not measured, or its file is damaged."""

    status = 404
    slug = "no-dissection"
    title = "The model's dissection does not hold that"


class Match(BaseModel):
    """How a unit agrees with a concept."""

    concept: str
    iou: float = Field(description="at the threshold of the best information quality ratio")
    iou_fixed: float = Field(description="at the unit's 0.99 quantile")
    threshold: float


class Unit(BaseModel):
    """A unit of a layer."""

    unit: int
    mean: float
    deviation: float
    high: float = Field(description="its 0.99 quantile")
    matches: list[Match] = Field(description="best first")
    strongest: list[int] = Field(description="seeds of the samples it is strongest in")


class Units(BaseModel):
    """Some of a layer's units."""

    layer: str
    total: int = Field(description="units that fit the query")
    offset: int
    units: list[Unit]


class StrongPicture(BaseModel):
    """A picture a unit is strong in, and the region it answers to."""

    seed: int
    image: str
    region: str = Field(description="base64 of one bit a cell, row by row, the highest bit first")
    rows: int = Field(description="rows and columns of the region")


class UnitPage(Unit):
    """A unit with its pictures."""

    layer: str
    pictures: list[StrongPicture]


class Gain(BaseModel):
    """A concept's share of the mask before and after drawing it, where another concept stood."""

    pictures: int
    before: float
    drawn: float
    visible: float | None = Field(None, description="the part of the pictures where one sees it appear")


class Context(BaseModel):
    """What each concept can be drawn on."""

    concepts: list[str] = Field(description="what may stand in the mask")
    draw: dict[str, dict[str, Gain | None]] = Field(description="by the drawn concept, then by what stood there")


@router.get("/{model}/context", response_model=Context)
async def context(model: ModelName, request: Request, services: UsesServices) -> Response:
    """The draw effect of each concept by what stood in the mask before; null where too few places were found."""
    folder = await _results(services, model)
    try:
        found = await services.aside(load_context, folder)
    except DissectionError as error:
        raise NoDissection(f"{model!r} has no context table; run `unitbrush dissect {model}`") from error
    return await packed_json(services, request, Context(**found))


@router.get("/{model}/layers/{layer}/units", response_model=Units)
async def units(
    model: ModelName,
    layer: LayerName,
    request: Request,
    services: UsesServices,
    concept: Annotated[str | None, Query(description="only units that match it, best first")] = None,
    min_iou: Annotated[float, Query(ge=0, le=1, description="with the concept, or with any")] = 0.0,
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Response:
    """A layer's units and the concepts each agrees with."""
    table = await _table(services, model, layer)
    if concept is not None and concept not in table.concepts:
        raise NotFound(f"{model!r} was dissected for {', '.join(table.concepts)}, not for {concept!r}")
    numbers = table.ranked(concept, min_iou)
    some = [_unit(table, u) for u in numbers[offset : offset + limit]]
    return await packed_json(
        services,
        request,
        Units(layer=layer, total=len(numbers), offset=offset, units=[Unit.model_validate(u) for u in some]),
    )


@router.get("/{model}/layers/{layer}/units/{unit}", response_model=UnitPage)
async def unit(
    model: ModelName,
    layer: LayerName,
    unit: Annotated[int, Path(ge=0, description="the unit's number")],
    request: Request,
    services: UsesServices,
) -> Response:
    """One unit, with the pictures it is strongest in and the region it answers to in each."""
    table = await _table(services, model, layer)
    if unit >= len(table):
        raise NotFound(f"{layer} has units 0..{len(table) - 1}")
    pictures = [
        StrongPicture(
            seed=int(seed),
            image=f"/api/v1/models/{model}/images/{int(seed)}",
            region=base64.b64encode(region.tobytes()).decode("ascii"),
            rows=table.region_side,
        )
        for seed, region in zip(table.strongest[unit], table.regions[unit], strict=True)
    ]
    page = UnitPage.model_validate({**_unit(table, unit), "layer": layer, "pictures": pictures})
    return await packed_json(services, request, page)


class Reports:
    """An ASGI app for `/dissect/{model}/...`: the report's files."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._studios: dict[str, Studio] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a report's file. Raises NotFound where there is none."""
        model, slash, rest = scope["path_params"]["path"].partition("/")
        folder = self._settings.results_dir / model / "report"
        if not model or model.startswith(".") or "\\" in model or not (folder / "index.html").is_file():
            raise NotFound(f"there is no report of a model {model!r}; run `unitbrush dissect {model}`")
        if not slash:
            root: str = scope.get("root_path", "")
            await RedirectResponse(f"{root}/dissect/{model}/", 307)(scope, receive, send)
            return
        studio = self._studios.setdefault(model, Studio(folder, self._settings))
        path = f"/{rest or 'index.html'}"
        await studio({**scope, "path": path, "raw_path": path.encode(), "root_path": ""}, receive, send)


async def _results(services: Services, model: str) -> FilePath:
    """The folder of a model's dissection. Raises UnknownModel and what loading the model raises."""
    known = await services.aside(services.catalog.get, model)
    return services.catalog.results_dir / known.name


async def _table(services: Services, model: str, layer: str) -> UnitTable:
    """The units of a layer. Raises NotFound, NoDissection, UnknownModel."""
    folder = await _results(services, model)
    try:
        return await services.aside(load_units, folder, layer)
    except NoSuchLayer as error:
        raise NotFound(str(error)) from error
    except DissectionError as error:
        raise NoDissection(f"the units of {model!r} cannot be read; run `unitbrush dissect {model}`") from error


def _unit(table: UnitTable, unit: int) -> dict[str, object]:
    """The members of a `Unit`."""
    order = table.iou[unit].argsort()[::-1]
    return {
        "unit": unit,
        "mean": float(table.mean[unit]),
        "deviation": float(table.deviation[unit]),
        "high": float(table.high[unit]),
        "matches": [
            Match(
                concept=table.concepts[c],
                iou=float(table.iou[unit, c]),
                iou_fixed=float(table.iou_fixed[unit, c]),
                threshold=float(table.threshold[unit, c]),
            )
            for c in order
        ],
        "strongest": [int(seed) for seed in table.strongest[unit]],
    }
