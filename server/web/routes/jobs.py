"""`/jobs`: how far long work is, as it goes on; its result; its end before that."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import StreamingResponse

from server.web import schemas
from server.web.deps import UsesServices
from server.web.job_states import JobState
from server.web.jobs import UnfinishedJob
from server.web.problems import NotFound
from server.web.reference import JSON
from server.web.services import Services

router = APIRouter(prefix="/jobs", tags=["jobs"])

STILL_HERE = 15.0  # seconds after which a stream says so, for proxies that end what is silent

JobId = Annotated[str, Path(max_length=64, description="the job's id, which nobody can guess")]
EVENTS: dict[int | str, JSON] = {200: {"description": "Events: the job", "content": {"text/event-stream": {}}}}
FILE: dict[int | str, JSON] = {
    200: {"description": "The file: an image, or JSON", "content": {"image/png": {}, "application/json": {}}}
}
PREVIEW: dict[int | str, JSON] = {200: {"description": "The image", "content": {"image/jpeg": {}}}}


@router.get("/{id}", response_model=schemas.Job)
async def job(id: JobId, request: Request, services: UsesServices) -> schemas.Job:
    """A job as it is now."""
    return describe(request, await services.job_states.get(id))


@router.get("/{id}/events", response_class=Response, responses=EVENTS)
async def events(id: JobId, request: Request, services: UsesServices) -> Response:
    """The job now and after every change, as server-sent events; the stream ends with the job."""
    await services.job_states.get(id)  # what it raises is no part of a stream
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(request, services, id), headers=headers, media_type="text/event-stream")


@router.get("/{id}/preview", response_class=Response, responses=PREVIEW)
async def preview(id: JobId, services: UsesServices) -> Response:
    """What a job has so far, as a JPEG. 404 as long as it has nothing to show."""
    job = await services.job_states.get(id)
    if job.preview is None:
        raise NotFound("the job has nothing to show yet")
    return Response(job.preview, headers={"Cache-Control": "no-store"}, media_type="image/jpeg")


@router.get("/{id}/result", response_class=Response, responses=FILE)
async def result(id: JobId, services: UsesServices) -> Response:
    """What came of a job. 409 where it is not done."""
    job = await services.job_states.get(id)
    if job.result is None:
        raise UnfinishedJob(f"the job is {job.state}")
    return Response(job.result.data, headers={"Cache-Control": "no-store"}, media_type=job.result.media_type)


@router.delete("/{id}", status_code=204)
async def cancel(id: JobId, services: UsesServices) -> None:
    """End a job, wherever it is, and forget it."""
    await services.job_states.cancel(id)


def accepted(request: Request, job: JobState) -> Response:
    """The answer to a call that has begun a job: 202, and where to ask how far it is."""
    answer = describe(request, job)
    headers = {"Location": _address(request, job), "Cache-Control": "no-store"}
    return Response(answer.model_dump_json(), 202, headers, "application/json")


def describe(request: Request, job: JobState) -> schemas.Job:
    """A job as the API tells of it."""
    address = _address(request, job)
    return schemas.Job(
        id=job.id,
        kind=job.kind,
        state=job.state,
        done=job.done,
        total=job.total,
        seconds_left=job.seconds_left,
        preview=f"{address}/preview?number={job.previews}" if job.previews else None,
        result=f"{address}/result" if job.result is not None else None,
        problem=None if job.problem is None else dict(job.problem),
    )


def _address(request: Request, job: JobState) -> str:
    return f"{request.scope['root_path']}/api/v1/jobs/{job.id}"


async def _events(request: Request, services: Services, id: str) -> AsyncIterator[str]:
    changes = services.job_states.follow(id)
    waiting = asyncio.ensure_future(anext(changes, None))
    try:
        while True:
            await asyncio.wait({waiting}, timeout=STILL_HERE)
            if not waiting.done():
                yield ": still here\n\n"
                continue
            if (job := waiting.result()) is None:
                return
            yield f"data: {describe(request, job).model_dump_json()}\n\n"
            waiting = asyncio.ensure_future(anext(changes, None))
    finally:
        waiting.cancel()
