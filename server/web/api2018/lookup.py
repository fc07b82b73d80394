"""What the calls of the 2018 API look up: a model's results, and the statistics of its layers."""

from functools import partial
from pathlib import Path

from server.model.catalog import Model
from server.model.generator import Layer
from server.web.api2018.interventions import layer_of
from server.web.api2018.statistics import LayerStatistics, layer_statistics
from server.web.services import Services


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
    model = await services.in_thread(services.catalog.get, project)
    return await statistics_of(services, model, layer_of(model, layer, "/layer"))
