"""Painting: a picture document in, pixels out."""
