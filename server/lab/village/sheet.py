"""A sheet of pictures that shows how a run is doing."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image

from server.lab.scenes.sheet import contact_sheet
from server.lab.village.examples import examples
from server.lab.village.parts import palette
from server.lab.village.sketch import onehot
from server.lab.village.store import Store, seed_at
from server.model.decided import DecidedGenerator
from server.model.generator import Activations
from server.model.latents import latents_of
from server.model.pixels import to_pixels

_COLUMNS = 8


@torch.no_grad()
def sheet(generator: DecidedGenerator, store: Store, held_out: int) -> Image.Image:
    """Scenes held out, in rows: the scene, from its own sketch, what was decided, drawn from true decisions; twins that
    lack something, and the removal of that; scenes, twins that answer a stroke, and that stroke; the first scenes from
    their latents."""
    even, odd = np.arange(0, held_out, 2)[:_COLUMNS], np.arange(1, held_out, 2)[:_COLUMNS]
    sketches = torch.from_numpy(store.sketches[even, 0].astype(np.float32))
    features = generator.plan(sketches)
    parts = onehot(np.ascontiguousarray(store.parts[even, 0, 1::2, 1::2]), generator.decider.parts)
    true = generator.tail(Activations(torch.cat([parts, generator.decider.carried(features)], 1)), generator.decision)
    decided = palette(generator.decider.scores(features).argmax(1).numpy().astype(np.uint8))
    rows = [
        store.images[even, 0],
        to_pixels(generator.tail(Activations(sketches), generator.sketch)),
        decided.repeat(2, 1).repeat(2, 2),
        to_pixels(true),
    ]
    for index in (even, odd):
        edited = examples(store, index, np.random.default_rng(0), perfect=True).edited(generator)
        if index is odd:
            rows.append(store.images[index, 0])
        rows += [store.images[index, 1], to_pixels(generator.tail(Activations(edited), generator.sketch))]
    latents = latents_of([seed_at(int(i)) for i in even], generator.latent_dim)
    rows.append(to_pixels(generator(latents)))
    return contact_sheet(list(np.concatenate(rows)), _COLUMNS)
