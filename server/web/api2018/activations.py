"""`/features` and `/featuremaps`: how active units are in numbered images."""

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from server.errors import PictureError
from server.model.catalog import Model
from server.model.generator import Layer
from server.painting.picture import Edit, Picture
from server.web.api2018.answers import envelope
from server.web.api2018.features import Array, MaskedActivations, scaled
from server.web.api2018.interventions import edits_of, layer_of
from server.web.api2018.latents import Latent, latents_of
from server.web.api2018.lookup import project_named, results_of, statistics_of
from server.web.api2018.masks import Bits, read_masks
from server.web.api2018.questions import FeaturemapsQuestion, FeaturesQuestion, parse_featuremaps, parse_features
from server.web.api2018.schemas import ProjectFeaturemaps, ProjectFeatures
from server.web.api2018.statistics import measured_layers
from server.web.deps import JsonBody, UsesServices, read_document, while_connected
from server.web.reference import body_of
from server.web.services import Services

MAX_RUNS = 1024  # images times layers, in a call
MAX_CELLS = 2**22  # of all featuremaps in an answer

MAPS = {"project": "village", "ids": [104], "layers": ["layer4"]}
MASKED = {**MAPS, "masks": [{"shape": [8, 8], "bitbounds": [2, 2, 4, 4], "bitstring": "1111"}]}

Maps = list[list[list[int]]]

router = APIRouter()


@router.post("/features", response_model=ProjectFeatures, openapi_extra=body_of("FeaturesQuestion", MASKED))
async def features(body: JsonBody, request: Request, services: UsesServices) -> Response:
    """How active each unit is inside the masks: its maximum and its mean over all images, and the quantiles of those.

    Interventions at a layer itself do not show in it, those at the layers before it do.
    """
    asked = await read_document(services, parse_features, body)
    scenes = await _scenes(services, asked.question)
    masks = asked.question.masks or [None] * len(scenes.zs)
    bits = await services.in_thread(read_masks, [(f"/masks/{i}", mask) for i, mask in enumerate(masks)])
    res = await while_connected(request, _features(scenes, bits))
    return await envelope(services, asked.document, res)


@router.post("/featuremaps", response_model=ProjectFeaturemaps, openapi_extra=body_of("FeaturemapsQuestion", MAPS))
async def featuremaps(body: JsonBody, request: Request, services: UsesServices) -> Response:
    """Every unit's featuremap, each cell as the quantile of its activation, 0..255.

    Where the dissection stored no quantiles, as its place between the least and the greatest of the featuremap.
    """
    asked = await read_document(services, parse_featuremaps, body)
    scenes = await _scenes(services, asked.question)
    cells = len(scenes.zs) * sum(layer.units * layer.height * layer.width for layer in scenes.layers)
    if cells > MAX_CELLS:
        raise PictureError(f"the featuremaps have {cells} cells; at most {MAX_CELLS} are given", "/layers")
    res = await while_connected(request, _featuremaps(scenes))
    return await envelope(services, asked.document, res)


@dataclass(frozen=True)
class _Scenes:
    """Numbered images of a model, all edited alike, to be looked at in some of its layers."""

    services: Services
    model: Model
    layers: tuple[Layer, ...]
    zs: list[Latent]
    edits: tuple[Edit, ...]

    async def activations(self, z: Latent, layer: Layer) -> Array:
        """The layer's output before it is edited itself, (H, W, units). Raises QueueFull, and what rendering raises."""
        edits = tuple(edit for edit in self.edits if edit.layer != layer.name)
        return await self.services.engine.featuremaps(Picture(self.model.name, z=z, edits=edits), layer.name)


async def _scenes(services: Services, question: FeaturesQuestion | FeaturemapsQuestion) -> _Scenes:
    """What the question is about. Raises UnknownModel, PictureError, and what loading the model raises."""
    model = await project_named(services, question.project)
    if question.layers:
        layers = tuple(layer_of(model, name, f"/layers/{i}") for i, name in enumerate(question.layers))
    else:
        layers = await services.in_thread(measured_layers, results_of(services, model), model)
    runs = len(question.ids) * len(layers)
    if runs > MAX_RUNS:
        raise PictureError(f"{len(question.ids)} images of {len(layers)} layers; at most {MAX_RUNS} in all", "/ids")
    edits = await services.in_thread(edits_of, question.interventions, model)
    zs = await latents_of(services, question.ids, model.generator.latent_dim)
    return _Scenes(services, model, layers, zs, edits)


async def _features(scenes: _Scenes, masks: list[Bits | None]) -> dict[str, dict[str, list[float]]]:
    """masks: one for each image, (H, W). Returns the statistics by layer."""
    in_thread = scenes.services.in_thread
    features = {}
    for layer in scenes.layers:
        known = await statistics_of(scenes.services, scenes.model, layer)
        inside = MaskedActivations(layer.units)
        for z, bits in zip(scenes.zs, masks, strict=True):
            await in_thread(inside.add, await scenes.activations(z, layer), bits)
        features[layer.name] = await in_thread(inside.features, known.quantiles)
    return features


async def _featuremaps(scenes: _Scenes) -> dict[str, list[Maps]]:
    """For each layer and image, every unit's rows of cells."""
    maps = {}
    for layer in scenes.layers:
        known = await statistics_of(scenes.services, scenes.model, layer)
        maps[layer.name] = [
            await scenes.services.in_thread(scaled, await scenes.activations(z, layer), known.quantiles)
            for z in scenes.zs
        ]
    return maps
