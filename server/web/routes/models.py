"""`/models`: what is installed, what it can paint, and its unedited images."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from server.model import catalog
from server.painting.picture import Picture
from server.web import schemas
from server.web.deps import UsesServices
from server.web.images import WantsImage, image_response
from server.web.packing import packed_json
from server.web.reference import IMAGES

router = APIRouter(prefix="/models", tags=["models"])

IMMUTABLE = "public, max-age=31536000, immutable"
ModelName = Annotated[str, Path(description="the model's name")]
Seed = Annotated[int, Path(ge=0, le=2**32 - 1, description="the latent's seed, 0..4294967295")]


@router.get("", response_model=schemas.Models)
async def models(request: Request, services: UsesServices) -> Response:
    """Every installed model, the default first."""
    usable = await services.aside(services.catalog.usable)
    told = [_describe(model, await services.version(model.name)) for model in usable]
    return await packed_json(services, request, schemas.Models(models=told))


@router.get("/{model}/concepts", response_model=schemas.Concepts)
async def concepts(model: ModelName, request: Request, services: UsesServices) -> Response:
    """What the model can paint, best first, each with the ranking of its units at its best layer, and what it is
    removed with.
    """
    dissection = (await services.aside(services.catalog.get, model)).dissection
    found = []
    for name in dissection.concepts:
        brush, remover = dissection.brush(name), dissection.brush(name, op="remove")
        assert brush is not None
        assert remover is not None
        units, recommended = remover.ranked("remove")
        found.append(
            schemas.Concept(
                name=name,
                layer=brush.layer,
                units=[schemas.RankedUnit(unit=u.unit, iou=u.iou, effect=u.effect, level=u.level) for u in brush.units],
                recommended_units=brush.recommended_units,
                draw_effect=brush.draw_effect,
                remove_effect=remover.remove_effect,
                remove=schemas.Removing(layer=remover.layer, units=list(units), recommended_units=recommended),
                weak=list(brush.weak),
            )
        )
    return await packed_json(services, request, schemas.Concepts(concepts=found))


@router.get("/{model}/directions", response_model=schemas.Directions)
async def directions(model: ModelName, request: Request, services: UsesServices) -> Response:
    """What a scene of the model can be moved along: its season, its night. A picture names amounts of them in
    `directions`; an empty list where none were sought."""
    known = (await services.aside(services.catalog.get, model)).directions
    found = [
        schemas.Direction(
            name=d.name,
            title=d.title,
            low=d.low,
            high=d.high,
            range=d.range,
            effect=d.effect,
            layout_kept=d.layout_kept,
        )
        for d in known.all
    ]
    return await packed_json(services, request, schemas.Directions(directions=found))


@router.get("/{model}/images/{seed}", response_class=Response, responses=IMAGES)
async def image(
    model: ModelName, seed: Seed, options: WantsImage, request: Request, services: UsesServices
) -> Response:
    """The unedited image of a seed. It never changes, and says so to caches; a `v` in the query, the model's
    `version`, gets past them when the model itself was replaced."""
    return await image_response(services, request, Picture(model, seed), options, IMMUTABLE)


def _describe(model: catalog.Model, version: str) -> schemas.Model:
    generator = model.generator
    return schemas.Model(
        name=model.name,
        title=model.title,
        resolution=generator.resolution,
        latent_dim=generator.latent_dim,
        edit_layer=model.dissection.edit_layer,
        layers=[
            schemas.Layer(name=layer.name, units=layer.units, height=layer.height, width=layer.width)
            for layer in generator.layers
        ],
        concepts=list(model.dissection.concepts),
        default=model.default,
        license=model.license,
        clean=bool(model.artifacts),
        scenes=list(model.scenes),
        version=version,
    )
