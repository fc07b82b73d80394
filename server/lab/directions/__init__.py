"""Semantic directions: how to move a scene's latent to turn its season, its night, its clouds."""
