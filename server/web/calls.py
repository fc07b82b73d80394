"""All calls of the server, put together once: FastAPI prepares what it includes anew for each app that includes it."""

from fastapi import APIRouter

from server.web.api2018 import routes as api2018
from server.web.reference import PROBLEMS
from server.web.routes import (
    analysis,
    comparison,
    dissection,
    images,
    inversion,
    jobs,
    live,
    models,
    operations,
    pictures,
    proposals,
    qr,
    styles,
    training,
    translation,
    variations,
)


def _together() -> APIRouter:
    api = APIRouter(prefix="/api/v1", responses=PROBLEMS)
    for part in (models, images, variations, styles, inversion, jobs, dissection, analysis, pictures, qr, live):
        api.include_router(part.router)
    for part in (translation, training, proposals, comparison):
        api.include_router(part.router)
    calls = APIRouter()
    calls.include_router(api)
    calls.include_router(api2018.router)
    calls.include_router(operations.router, responses=PROBLEMS)
    return calls


CALLS = _together()
