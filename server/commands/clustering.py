"""The process that starts a cluster's server, or joins a cluster with it, and stops it. It imports Ray."""

from __future__ import annotations

import logging
import os
import signal
import time
from typing import TextIO

import ray
from ray import serve
from ray.serve.config import HTTPOptions

from server.app import open_store
from server.cluster.application import NAME, application
from server.commands.memory import MAPPED_BYTES
from server.commands.serving import listen, tell_address
from server.errors import UnitbrushError, UsageError
from server.settings import Settings

OBJECT_BYTES = 256 * 2**20  # of memory that processes share, for pixels on their way
# Of Ray's processes, unless the environment says otherwise: no word to its makers, patience with a busy machine, and
# memory that is given back.
ENVIRONMENT = {
    "MALLOC_MMAP_THRESHOLD_": str(MAPPED_BYTES),
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_agent_register_timeout_ms": "120000",
    "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "60",
    "RAY_SERVE_PROXY_HEALTH_CHECK_TIMEOUT_S": "30",
}


class ClusterError(UnitbrushError, slug="cluster", title="The cluster does not run"):
    """Ray did not start, or the server did not start in it."""


def run_cluster(settings: Settings, out: TextIO) -> int:
    """Serve until SIGINT or SIGTERM. Returns the exit status. Raises UsageError, StoreError and ClusterError where it
    cannot begin."""
    if settings.database is None and (settings.cluster_address or settings.studios > 1):
        raise UsageError("machines of a cluster, and studios, share a PostgreSQL database; name it with --database")
    if settings.min_painters > settings.max_painters:
        raise UsageError(f"min_painters is {settings.min_painters}, and max_painters {settings.max_painters}")
    with listen(settings) as listener:  # its errors are told in one line, and it finds a free port
        settings = settings.model_copy(update={"port": listener.getsockname()[1]})
    open_store(settings).close()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _start(settings)
        tell_address(settings, out)
        while True:
            time.sleep(3600)
    except (KeyboardInterrupt, SystemExit):  # the latter of a handler of Ray's, while it starts
        return 0
    except UnitbrushError:
        raise
    except Exception as error:
        raise ClusterError(f"the cluster does not run: {error}") from error
    finally:
        _stop(settings)


def _start(settings: Settings) -> None:
    """Start Ray, or join it, and the server in it; return when it can be called. Raises what Ray raises."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    logging.getLogger("ray").setLevel(logging.ERROR)
    if settings.cluster_address:
        ray.init(settings.cluster_address, log_to_driver=False)
    else:
        ray.init(
            "local",
            object_store_memory=OBJECT_BYTES,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    # Ray has handlers of its own.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    everywhere = "EveryNode" if settings.cluster_address else "HeadOnly"
    serve.start(everywhere, HTTPOptions(host=settings.host, port=settings.port))
    logging.getLogger("ray.serve").setLevel(logging.ERROR)
    serve.run(application(settings), name=NAME, route_prefix="/")


def _stop(settings: Settings) -> None:
    """Stop the server, and Ray where it was started here."""
    if not ray.is_initialized():
        return
    if settings.cluster_address:
        serve.delete(NAME)
    else:
        serve.shutdown()
    ray.shutdown()
