"""Per-pixel concept scores for an image."""
