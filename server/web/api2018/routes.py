"""All calls of the 2018 API, as the app includes them."""

from fastapi import APIRouter

from server.web.api2018 import activations, generate, images, projects
from server.web.reference import CALLS_OF_2018, PROBLEMS

router = APIRouter(responses=PROBLEMS, tags=[CALLS_OF_2018["name"]])
for part in (projects, generate, activations):
    router.include_router(part.router, prefix="/api")
router.include_router(images.router, prefix="/data")
