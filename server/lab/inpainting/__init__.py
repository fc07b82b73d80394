"""Inpainters: a small network that fills what is missing from a model's pictures, taught on these.

In reading order:

- `examples`: parts of the model's own samples, and what is missing from them, as people brush;
- `judge`: tells pictures from those that were filled;
- `losses`: what inpainter and judge are taught by;
- `train`: trains an inpainter, and writes it beside the model with its card;
- `measure`: how near it comes to what was there, in pictures held out.
"""
