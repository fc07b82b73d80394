"""Translators: a small MUNIT of a model's pictures, from one season to the other.

In reading order:

- `domains`: the pictures of two seasons, drawn by the model;
- `judges`: tell a domain's pictures from those made;
- `losses`: what translator and judges are taught by;
- `train`: trains a translator, and writes it beside the model with its card;
- `measure`: how much of a layout it keeps, how far apart its styles are, beside what directions do.
"""
