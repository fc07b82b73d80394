"""What a server measures of its machine once it has drawn its first picture: threads, and the precision of drafts."""

import os
from dataclasses import dataclass

import torch

from server.model.threads import ThreadChoice, choose_threads, left_open, waits_asleep
from server.painting.painter import Painter
from server.painting.picture import Picture
from server.web.engine import Engine
from server.web.metrics import Metrics


@dataclass
class Machine:
    """threads: that a render takes. choice: how they were chosen, None where they were given or not measured yet."""

    threads: int
    choice: ThreadChoice | None = None

    async def measure(self, engine: Engine, painter: Painter) -> None:
        """Choose threads and the drafts' precision by passes of the default model, each of which has its turn in the
        background. Takes about a second for the first and half of one for the second. Raises what drawing raises."""
        picture = Picture(painter.catalog.get().name, 0)
        if left_open(self.threads) and painter.device == "cpu":
            work = choose_threads(lambda: painter.render(picture), os.cpu_count() or 1)
            self.choice = await engine.steps(work)
            self.threads = self.choice.count
        await engine.steps(painter.measure_drafts())

    def add_to(self, metrics: Metrics, painter: Painter) -> None:
        """Tell what was chosen, and how the painter draws frames."""
        metrics.gauge("unitbrush_threads", "Threads of a render.", lambda: self.threads or torch.get_num_threads())
        metrics.gauge("unitbrush_threads_sleep", "Whether threads sleep while they wait for each other.", waits_asleep)
        metrics.gauge(
            "unitbrush_drafts_bfloat16",
            "Whether drafts are in bfloat16.",
            lambda: painter.draft_dtype == torch.bfloat16,
        )
        metrics.gauge(
            "unitbrush_drafts_time_share",
            "Time of a bfloat16 pass as a share of one in float32; NaN where not measured.",
            lambda: float("nan") if painter.drafts is None else painter.drafts.time,
        )
        metrics.gauge(
            "unitbrush_drafts_mean_error",
            "How far bfloat16 pixels are off in the mean, of 255; NaN where not measured.",
            lambda: float("nan") if painter.drafts is None else painter.drafts.mean_error,
        )
        metrics.counter(
            "unitbrush_frames_drawn",
            "Frames of pictures that are painted on: by an update of a kept pass, a whole pass or a draft.",
            "way",
            lambda: painter.live.frames,
        )
        metrics.gauge("unitbrush_kept_passes_bytes", "Memory of the passes kept.", lambda: painter.live.nbytes)
