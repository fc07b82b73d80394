"""Semantic directions: how to move a scene's latent to turn its season, its night, its clouds.

In reading order:

- `run`: the whole of it as calls in order, each stage kept; made by `unitbrush directions`;
- `attributes`: what directions are made of;
- `predictor`: a network, trained on rendered scenes, that reads these attributes off pictures;
- `find`: a linear model of what it reads, and the vectors that move one attribute at a time;
- `measure`: what each vector does to pictures;
- `sheet`, `card`: a picture sheet of the directions, and their section of the model card.
"""
