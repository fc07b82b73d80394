"""What a dissection measured: the units of a layer, what can be drawn on what, and the report's files."""

import base64
from pathlib import Path as FilePath
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from server.errors import DissectionError, UnitbrushError
from server.results.context import load_context
from server.results.names import Names
from server.results.units import NoSuchLayer, UnitTable, load_units
from server.web import schemas
from server.web.answers import json_response
from server.web.deps import ModelName, UsesServices
from server.web.problems import NotFound
from server.web.services import Services
from server.web.static import INDEX, Files, hidden, keeps_contents

router = APIRouter(prefix="/models", tags=["dissection"])

LayerName = Annotated[str, Path(description="a dissected layer")]


class NoDissection(UnitbrushError, status=404, slug="no-dissection", title="The model's dissection does not hold that"):
    """What is asked for was not measured, or its file is damaged."""


@router.get("/{model}/context", response_model=schemas.Context)
async def context(model: ModelName, request: Request, services: UsesServices) -> Response:
    """The draw effect of each concept by what stood in the mask before; null where too few places were found."""
    folder, names = await _results(services, model)
    try:
        table = await services.in_thread(load_context, folder, names)
    except DissectionError as error:
        raise NoDissection(f"{model!r} has no context table; run `unitbrush dissect {model}`") from error
    return await json_response(services, request, lambda: schemas.Context.model_validate(table))


@router.get("/{model}/layers/{layer}/units", response_model=schemas.Units)
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

    def answer() -> schemas.Units:
        numbers = table.ranked(concept, min_iou)
        some = [schemas.Unit.model_validate(_unit(table, number)) for number in numbers[offset : offset + limit]]
        return schemas.Units(layer=layer, total=len(numbers), offset=offset, units=some)

    return await json_response(services, request, answer)


@router.get("/{model}/layers/{layer}/units/{unit}", response_model=schemas.UnitPage)
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
    images = f"{request.scope['root_path']}/api/v1/models/{quote(model, safe='')}/images"
    pictures = [
        schemas.StrongPicture(
            seed=int(seed),
            image=f"{images}/{int(seed)}",
            region=base64.b64encode(region.tobytes()).decode("ascii"),
            rows=table.region_side,
        )
        for seed, region in zip(table.strongest[unit], table.regions[unit], strict=True)
    ]
    page = {**_unit(table, unit), "layer": layer, "pictures": pictures}
    return await json_response(services, request, lambda: schemas.UnitPage.model_validate(page))


class Reports:
    """An ASGI app for `/dissect/{model}/...`: the files of the reports in a folder of results."""

    def __init__(self, results_dir: FilePath) -> None:
        self._results_dir = results_dir
        self._contents = keeps_contents()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a report's file. Raises NotFound where there is no report, and what `Files` raises."""
        model, slash, file = scope["path_params"]["path"].partition("/")
        folder = self._results_dir / model / "report"
        report = Files(folder, self._contents)
        known = model and not hidden(model) and await run_in_threadpool(report.content, INDEX) is not None
        # A link would be a way out of the results, for whoever made them.
        if not known or folder.is_symlink():
            raise NotFound(f"there is no report of a model {model!r}; run `unitbrush dissect {model}`")
        if slash:
            await report({**scope, "path": f"/{file or INDEX}", "root_path": ""}, receive, send)
        else:
            address = f"{scope['root_path']}/dissect/{quote(model, safe='')}/"
            await RedirectResponse(address, 307)(scope, receive, send)


async def _results(services: Services, model: str) -> tuple[FilePath, Names]:
    """The folder of a model's dissection, and what its concepts are called. Raises UnknownModel and what loading the
    model raises."""
    known = await services.in_thread(services.catalog.get, model)
    return services.catalog.results_dir / known.name, known.names


async def _table(services: Services, model: str, layer: str) -> UnitTable:
    """The units of a layer. Raises NotFound, NoDissection, UnknownModel."""
    folder, names = await _results(services, model)
    try:
        return await services.in_thread(load_units, folder, layer, names)
    except NoSuchLayer as error:
        raise NotFound(str(error)) from error
    except DissectionError as error:
        raise NoDissection(f"the units of {model!r} cannot be read; run `unitbrush dissect {model}`") from error


def _unit(table: UnitTable, unit: int) -> dict[str, Any]:
    """The members of a `Unit`."""
    return {
        "unit": unit,
        "mean": table.mean[unit],
        "deviation": table.deviation[unit],
        "high": table.high[unit],
        "matches": [
            {
                "concept": table.concepts[c],
                "iou": table.iou[unit, c],
                "iou_fixed": table.iou_fixed[unit, c],
                "threshold": table.threshold[unit, c],
            }
            for c in table.iou[unit].argsort()[::-1]
        ],
        "strongest": table.strongest[unit].tolist(),
    }
