"""Encoders: small networks that tell what a generator would make a picture from.

- `train`: trains one on the generator's own samples, and writes it beside the model with its card;
- `measure`: how near inversion comes to renderings that nobody has trained on, with the encoder alone and with descent.
"""
