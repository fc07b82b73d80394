"""What the calls of the 2018 API look up: the model that a project is, its results, its layers' statistics."""

import re
from contextlib import suppress
from functools import partial
from pathlib import Path

from server.errors import UnitbrushError
from server.model.catalog import Catalog, Model
from server.model.generator import Layer
from server.web.api2018.interventions import layer_of
from server.web.api2018.statistics import LayerStatistics, layer_statistics
from server.web.services import Services

_PUBLISHED_FILE = re.compile(r"proggan_(\w+)-[0-9a-f]{8,}\.pth")


async def project_named(services: Services, project: str) -> Model:
    """The model of that name, or the published one that the 2018 server knew by it.

    Raises UnknownModel and what loading it raises.
    """
    return await services.in_thread(_model, services.catalog, project)


def _model(catalog: Catalog, project: str) -> Model:
    names = catalog.names()
    for name in names if project not in names else ():
        with suppress(UnitbrushError):  # damaged, which its own name tells
            if original_name(catalog.card(name).generator) == project:
                return catalog.get(name)
    return catalog.get(project)


def original_name(weights: Path | None) -> str | None:
    """What the 2018 server called the project of a published generator, None for another: `churchoutdoor`, of
    `proggan_churchoutdoor-7e701dd5.pth`."""
    match = _PUBLISHED_FILE.fullmatch(weights.name) if weights is not None else None
    return match[1] if match else None


def results_of(services: Services, model: Model) -> Path:
    """The folder of the model's dissection."""
    return services.catalog.results_dir / model.name


async def statistics_of(services: Services, model: Model, layer: Layer) -> LayerStatistics:
    """What is known of a layer's units; kept for those asked for last."""
    key = (await services.version(model.name), model.name, layer.name)
    read = partial(layer_statistics, results_of(services, model), model, layer)
    return await services.in_thread(services.statistics.get_or_make, key, read)


async def statistics_named(services: Services, project: str, layer: str) -> LayerStatistics:
    """Raises UnknownModel, UnknownLayer, and what loading the model raises."""
    model = await project_named(services, project)
    return await statistics_of(services, model, layer_of(model, layer, "/layer"))
