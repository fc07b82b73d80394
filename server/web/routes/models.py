"""`/models`: what is installed, what it can paint, along what its scenes can be moved, and the w of a scene."""

from functools import partial
from typing import Annotated

import torch
from fastapi import APIRouter, Path, Request, Response

from server.errors import UnitbrushError
from server.model.catalog import Model
from server.model.latents import latents_of
from server.results.brush import Brush
from server.web import schemas
from server.web.answers import json_response
from server.web.deps import ModelName, UsesServices
from server.web.problems import NotFound
from server.web.services import Services

router = APIRouter(prefix="/models", tags=["models"])


@router.get("", response_model=schemas.Models)
async def models(request: Request, services: UsesServices) -> Response:
    """Every installed model, the default first."""
    usable = await services.in_thread(services.catalog.usable)
    versions = {model.name: await services.version(model.name) for model in usable}

    def answer() -> schemas.Models:
        described = [_describe(model, versions[model.name], _translations(services, model)) for model in usable]
        return schemas.Models(models=described)

    return await json_response(services, request, answer)


@router.get("/{model}/concepts", response_model=schemas.Concepts)
async def concepts(model: ModelName, request: Request, services: UsesServices) -> Response:
    """What the model can paint, best first, each with the ranking of its units at its best layer, and what it is
    removed with.
    """
    known = await services.in_thread(services.catalog.get, model)

    def answer() -> schemas.Concepts:
        described = [_describe_concept(known, concept) for concept in known.dissection.concepts]
        return schemas.Concepts(concepts=described)

    return await json_response(services, request, answer)


@router.get("/{model}/directions", response_model=schemas.Directions)
async def directions(model: ModelName, request: Request, services: UsesServices) -> Response:
    """What a scene of the model can be moved along: its season, its night. A picture names amounts of them in
    `directions`; an empty list where none were sought."""
    known = (await services.in_thread(services.catalog.get, model)).directions
    answer = partial(schemas.Directions.model_validate, {"directions": known.all}, from_attributes=True)
    return await json_response(services, request, answer)


@router.get("/{model}/w/{seed}", response_model=schemas.SceneW)
async def w_of_seed(
    model: ModelName,
    seed: Annotated[int, Path(ge=0, le=2**32 - 1, description="the latent's seed, 0..4294967295")],
    request: Request,
    services: UsesServices,
) -> Response:
    """The w of a seed, as its model truncates it: the same scene, given by what is mixed in a straight line. Only
    models with a `w_shape` have any."""
    known = await services.in_thread(services.catalog.get, model)
    generator = known.generator
    if generator.w_shape is None:
        raise NotFound(f"{model!r} has no w, as a {generator.family} has none")

    def answer() -> schemas.SceneW:
        with torch.inference_mode():
            w = generator.w_of(latents_of([seed], generator.latent_dim))  # (1, w_dim)
        return schemas.SceneW(w=w[0].tolist())

    return await json_response(services, request, answer)


def _describe(model: Model, version: str, translations: list[str]) -> schemas.Model:
    generator = model.generator
    return schemas.Model(
        name=model.name,
        title=model.title,
        resolution=generator.resolution,
        size=generator.size,
        latent_dim=generator.latent_dim,
        w_shape=generator.w_shape,
        edit_layer=model.edit_layer,
        exact_layer=model.exact_layer,
        layers=list(generator.layers),
        concepts=list(model.dissection.concepts),
        default=model.default,
        family=model.family,
        license=model.license,
        source=model.source,
        citation=model.citation,
        segmenter=model.segmenter is not None,
        clean=bool(model.artifacts),
        scenes=list(model.scenes),
        translations=translations,
        version=version,
    )


def _translations(services: Services, model: Model) -> list[str]:
    """What the model's pictures can be painted as; nothing where its translator is damaged, which the log tells."""
    try:
        return list(services.translators.of(model).value.domains)
    except UnitbrushError:
        return []


def _describe_concept(model: Model, concept: str) -> schemas.Concept:
    dissection, exact = model.dissection, None
    brush, remover = dissection.brush(concept), dissection.brush(concept, op="remove")
    assert brush is not None
    assert remover is not None
    if model.exact_layer is not None and (own := dissection.brush(concept, model.exact_layer)) is not None:
        exact = {**vars(own), "remove": _removing(own)}
    members = {
        **vars(brush),
        "name": concept,
        "remove_effect": remover.remove_effect,
        "remove": _removing(remover),
        "exact": exact,
    }
    return schemas.Concept.model_validate(members, from_attributes=True)


def _removing(brush: Brush) -> schemas.Removing:
    """What is removed with a brush."""
    units, recommended = brush.ranked("remove")
    return schemas.Removing(layer=brush.layer, units=list(units), recommended_units=recommended)
