"""What is there: `/all_projects`, and a project's `/layers`, `/units`, `/rankings`, `/levels`, `/channels`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from server.web.answers import json_response
from server.web.api2018 import schemas
from server.web.api2018.answers import address
from server.web.api2018.images import unit_file, unit_path
from server.web.api2018.lookup import original_name, project_named, results_of, statistics_named
from server.web.api2018.statistics import LayerStatistics, measured_layers
from server.web.deps import UsesServices
from server.web.problems import InvalidParameter
from server.web.routes.dissection import NoDissection

MAX_QUANTILES = 64

router = APIRouter()

ProjectName = Annotated[str, Query(max_length=64, description="the model's name", examples=["village"])]
LayerName = Annotated[str, Query(max_length=64, description="one of its layers", examples=["layer4"])]


@router.get("/all_projects", response_model=schemas.Projects)
async def all_projects(request: Request, services: UsesServices) -> Response:
    """Every installed model, by name, with its dissected layers; a published one by the name that the 2018 server had
    for it too. The one answer without an envelope."""
    usable = await services.in_thread(services.catalog.usable)

    def answer() -> schemas.Projects:
        models = {name: model for model in usable if (name := original_name(model.weights)) is not None}
        models |= {model.name: model for model in usable}
        projects = []
        for name, model in sorted(models.items()):
            layers = [layer.name for layer in measured_layers(results_of(services, model), model)]
            projects.append(schemas.Project(project=name, info=schemas.ProjectInfo(layers=layers)))
        return schemas.Projects(projects)

    return await json_response(services, request, answer)


@router.get("/layers", response_model=schemas.ProjectLayers)
async def layers(project: ProjectName, request: Request, services: UsesServices) -> Response:
    """A model's dissected layers, with their units and the size of their featuremaps."""
    model = await project_named(services, project)

    def answer() -> schemas.ProjectLayers:
        described = [
            schemas.ProjectLayer(layer=layer.name, channels=layer.units, shape=(layer.height, layer.width))
            for layer in measured_layers(results_of(services, model), model)
        ]
        return schemas.ProjectLayers(request={"project": project}, res=described)

    return await json_response(services, request, answer)


@router.get("/units", response_model=schemas.ProjectUnits)
async def units(project: ProjectName, layer: LayerName, request: Request, services: UsesServices) -> Response:
    """A layer's units, each with the concept that it agrees with best."""
    known = await statistics_named(services, project, layer)

    def answer() -> schemas.ProjectUnits:
        described = [
            schemas.ProjectUnit(unit=unit, img=_picture(request, known, project, layer, unit), label=label)
            for unit, label in enumerate(known.labels)
        ]
        return schemas.ProjectUnits(request={"project": project, "layer": layer}, res=described)

    return await json_response(services, request, answer)


@router.get("/rankings", response_model=schemas.ProjectRankings)
async def rankings(project: ProjectName, layer: LayerName, request: Request, services: UsesServices) -> Response:
    """A layer's units by their overlap (IoU) with each concept, negated, so that sorting upwards puts the best first.

    Where the results are the 2018 tool's own, every ranking in them.
    """
    known = await statistics_named(services, project, layer)

    def answer() -> schemas.ProjectRankings:
        described = [schemas.UnitRanking.model_validate(r, from_attributes=True) for r in known.rankings]
        return schemas.ProjectRankings(request={"project": project, "layer": layer}, res=described)

    return await json_response(services, request, answer)


@router.get("/levels", response_model=schemas.UnitLevels)
async def levels(
    project: ProjectName,
    layer: LayerName,
    request: Request,
    services: UsesServices,
    quantiles: Annotated[str, Query(max_length=2000, description="0..1, one or several with commas")] = "0.99",
) -> Response:
    """Quantiles of each unit's activations. Where the dissection stored none, what its brushes set a unit to, whatever
    is asked for, and 0 for units in no brush."""
    shares = _shares(quantiles)
    known = await statistics_named(services, project, layer)
    if known.quantiles is None and not any(known.levels):
        raise NoDissection(f"nothing is known of the levels at {layer}; run `unitbrush dissect {project}`")

    def answer() -> schemas.UnitLevels:
        asked = {"project": project, "layer": layer, "quantiles": shares}
        return schemas.UnitLevels(request=asked, res=known.levels_at(shares))

    return await json_response(services, request, answer)


@router.get("/channels", response_model=schemas.ProjectChannels)
async def channels(project: ProjectName, layer: LayerName, request: Request, services: UsesServices) -> Response:
    """A layer's units, as its channels."""
    known = await statistics_named(services, project, layer)

    def answer() -> schemas.ProjectChannels:
        described = [
            schemas.ProjectChannel(id=unit, d=_picture(request, known, project, layer, unit))
            for unit in range(len(known.labels))
        ]
        asked = {"project": project, "layer": layer}
        return schemas.ProjectChannels(request=asked, res=schemas.Channels(channels=described))

    return await json_response(services, request, answer)


def _picture(request: Request, known: LayerStatistics, project: str, layer: str, unit: int) -> str | None:
    if known.images is None or not (known.images / unit_file(unit)).is_file():
        return None
    return address(request, unit_path(project, layer, unit))


def _shares(text: str) -> list[float]:
    """Raises InvalidParameter."""
    try:
        shares = [float(part) for part in text.split(",")]
    except ValueError:
        shares = []
    if not 1 <= len(shares) <= MAX_QUANTILES or not all(0 <= share <= 1 for share in shares):
        raise InvalidParameter(f"quantiles are 1 to {MAX_QUANTILES} numbers, 0..1, with commas between them")
    return shares
