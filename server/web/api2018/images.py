"""`/data`: images at the addresses that the 2018 server gave them, which its pages know."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Request, Response

from server.painting.picture import Picture
from server.web.api2018.latents import latents_of
from server.web.api2018.lookup import project_named, statistics_named
from server.web.api2018.questions import MAX_ID
from server.web.api2018.schemas import JPEGS
from server.web.deps import UsesServices
from server.web.problems import NotFound
from server.web.routes.images import IMMUTABLE, ImageOptions, image_response
from server.web.static import Files

JPEG = ImageOptions("jpeg", None)

router = APIRouter()

ProjectName = Annotated[str, Path(max_length=64, description="the model's name")]


@router.get("/{project}/cache/img/id/{number}.jpg", response_class=Response, responses=JPEGS)
async def image_by_number(
    project: ProjectName,
    number: Annotated[int, Path(ge=0, lt=MAX_ID, description="as in the `ids` of `/generate`")],
    request: Request,
    services: UsesServices,
) -> Response:
    """An unedited image. It never changes, as long as the model stays; `/generate` adds a `v`, the model's version."""
    model = await project_named(services, project)
    (z,) = await latents_of(services, [number], model.generator.latent_dim)
    return await image_response(services, request, Picture(model.name, z=z), JPEG, IMMUTABLE)


@router.get("/{project}/{layer}/s-image/{unit}-top.jpg", response_class=Response, responses=JPEGS)
async def picture_of_unit(
    project: ProjectName,
    layer: Annotated[str, Path(max_length=64, description="one of its layers")],
    unit: Annotated[int, Path(ge=0, description="the unit's number")],
    request: Request,
    services: UsesServices,
) -> Response:
    """The picture of what a unit answers to, where the model's results are the 2018 tool's and have one."""
    folder = (await statistics_named(services, project, layer)).images
    content = None if folder is None else await services.in_thread(Files(folder).content, unit_file(unit))
    if content is None:
        raise NotFound(f"no picture of unit {unit} of {layer} is stored")
    return content.response(request)


def image_path(project: str, number: int) -> str:
    """Where an unedited image is."""
    return f"/data/{quote(project, safe='')}/cache/img/id/{number}.jpg"


def unit_path(project: str, layer: str, unit: int) -> str:
    """Where a unit's picture is."""
    return f"/data/{quote(project, safe='')}/{quote(layer, safe='')}/s-image/{unit_file(unit)}"


def unit_file(unit: int) -> str:
    """The name of a unit's picture, as the 2018 tool writes it."""
    return f"{unit}-top.jpg"
