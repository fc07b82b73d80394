"""The laboratory: what is run offline to train, dissect and measure models. Nothing but `server.commands` imports it.

In reading order:

- `scenes`: the world of the default model, drawn with the concept of every pixel;
- `training`: what trainings share: optimiser, pace, segmenters, log;
- `village`: the default model, trained on that world;
- `dissect`: which units make which concept, and how brushes are chosen from them;
- `directions`: vectors that move a scene's latent along its season, its night, its clouds;
- `encoder`: tells what a generator would make a picture from: its training, and inversion measured;
- `inpainting`: a network that fills what is missing from a model's pictures: its training;
- `translation`: a network that paints a model's pictures as those of another season: its training;
- `add`: a generator of one's own, installed as a model;
- `compare`: a thing removed by the brush and by inpainting, side by side;
- `bench`: what painting costs on this machine;
- `strokes`: a sheet of what every brush does;
- `frechet`: the Frechet distance, by which samples are compared with renderings;
- `published`, `fetch`: the published generators of GAN Dissection, downloaded and checked;
- `verify`: whether a model's units are as active as those that were published, or stored with its dissection.
"""
