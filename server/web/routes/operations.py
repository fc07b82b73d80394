"""`/healthz`, `/readyz`, `/metrics`: what those who run a server ask."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from server.errors import UnitbrushError
from server.web.deps import UsesServices
from server.web.reference import UNREADY

router = APIRouter(tags=["operations"])


class NotReady(UnitbrushError, status=503, slug="not-ready", title="The server is not ready"):
    """No picture has been drawn yet since the start."""


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Whether the process answers at all."""
    return {"status": "ok"}


@router.get("/readyz", responses=UNREADY)
async def readyz(services: UsesServices) -> Response:
    """Whether a first picture has been drawn: 200 then, 503 before."""
    if services.first_scene is None:
        raise NotReady(services.failure or "the first picture is still being drawn")
    return Response('{"status": "ready"}', media_type="application/json")


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(services: UsesServices) -> Response:
    """Counts and times in Prometheus' text format."""
    return Response(services.metrics.text(), media_type=CONTENT_TYPE_PLAIN_0_0_4)
