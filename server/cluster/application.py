"""Studios and painters as the deployments of one application of Ray Serve, and how they grow."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import ray.exceptions
from fastapi import FastAPI
from ray import serve
from ray.serve.exceptions import RayServeException

from server.app import create_app
from server.cluster.remote import RemotePainter, Response
from server.cluster.replica import Replica
from server.model.catalog import Catalog
from server.settings import Settings

NAME = "unitbrush"
PAINTERS = "painters"
GPU_BATCH = 16
# Calls of a painter that is as busy as it should be: one that it works on and one that waits, or two batches.
BUSY_CALLS = 2
LOST = (
    ray.exceptions.RayActorError,
    ray.exceptions.ObjectLostError,
    ray.exceptions.WorkerCrashedError,
    RayServeException,
)
GROW_SECONDS, SHRINK_SECONDS = 5.0, 300.0  # that load has to last for more painters, or for fewer
HEALTH_SECONDS = 5.0  # between looks at a process
MORE_CALLS = 1000  # that a studio has at a time, beside its sockets


def application(settings: Settings) -> Any:
    """The application, to be run by Ray Serve."""
    # Nobody takes a device that Ray does not count as theirs.
    studio_settings = settings.model_copy(update={"device": "cpu", "most_frames": 1})
    painter_settings = settings if settings.painter_gpus else studio_settings
    studios = serve.deployment(
        serve.ingress(app_builder(studio_settings))(),
        name="studios",
        num_replicas=settings.studios,
        max_ongoing_requests=settings.max_sockets + MORE_CALLS,
        ray_actor_options={"num_cpus": 0},
        health_check_period_s=HEALTH_SECONDS,
        graceful_shutdown_timeout_s=settings.shutdown_timeout,
    )
    return studios.bind(painters(painter_settings))


def painters(settings: Settings) -> Any:
    """The painters, bound."""
    batch = batch_of(settings)
    deployment = serve.deployment(
        Replica,
        name=PAINTERS,
        max_ongoing_requests=2 * BUSY_CALLS * batch,
        autoscaling_config={
            "min_replicas": settings.min_painters,
            "max_replicas": settings.max_painters,
            "target_ongoing_requests": BUSY_CALLS * batch,
            "upscale_delay_s": GROW_SECONDS,
            "downscale_delay_s": SHRINK_SECONDS,
        },
        ray_actor_options={"num_cpus": settings.painter_cpus, "num_gpus": settings.painter_gpus},
        health_check_period_s=HEALTH_SECONDS,
        graceful_shutdown_timeout_s=settings.shutdown_timeout,
    )
    return deployment.bind(settings, batch)


def batch_of(settings: Settings) -> int:
    """How many frames a painter takes together at most."""
    return settings.frame_batch or (GPU_BATCH if settings.painter_gpus else 1)


def app_builder(settings: Settings) -> Any:
    """What makes the app in a studio's process. Enough of its work is on the way to keep all painters busy, and no
    more: what waits in the studio is chosen when its turn comes, what waits at a painter is not."""
    width = math.ceil(settings.max_painters * BUSY_CALLS * batch_of(settings) / settings.studios)

    def build() -> FastAPI:
        return create_app(settings, remote_painter, width)

    return build


def remote_painter(catalog: Catalog, settings: Settings) -> RemotePainter:
    """What draws by the application's painters."""
    return RemotePainter(partial(ask, serve.get_deployment_handle(PAINTERS, NAME)), LOST, catalog)


def ask(handle: Any, method: str, model: str, *arguments: object) -> Response:
    """Call a method of some painter, best one that has the model in memory. handle: the painters'."""
    response: Response = handle.options(method_name=method, multiplexed_model_id=model).remote(*arguments)
    return response
