"""The latents of the 2018 API's images. Image i has row i of one table of random numbers:

numpy.random.RandomState(1).standard_normal(n * latent_dim).reshape(n, latent_dim)[i]    # for any n > i
"""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from server.model.latents import latent_table
from server.web.services import Services

SEED = 1
_ROWS = 1024  # drawn at a time

Latent = tuple[float, ...]


async def latents_of(services: Services, ids: Collection[int], latent_dim: int) -> list[Latent]:
    """The latent of each image, latent_dim numbers of float32. Those asked for last are kept, as all rows before one
    are drawn too."""
    kept = {i: services.cache.get(("image", i, latent_dim)) for i in ids}
    missing = [i for i, row in kept.items() if row is None]
    if missing:
        drawn = await services.in_thread(rows, missing, latent_dim)
        kept.update({i: services.cache.put(("image", i, latent_dim), row.tobytes()) for i, row in drawn.items()})
    return [tuple(np.frombuffer(kept[i] or b"", np.float32).tolist()) for i in ids]


def rows(numbers: Collection[int], latent_dim: int) -> dict[int, NDArray[np.float32]]:
    """These rows of the table, (latent_dim,) each."""
    wanted: dict[int, NDArray[np.float32]] = {}
    for first, block in zip(range(0, max(numbers) + 1, _ROWS), latent_table(SEED, latent_dim, _ROWS), strict=False):
        wanted.update({i: block[i - first] for i in numbers if first <= i < first + _ROWS})
    return wanted
