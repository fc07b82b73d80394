"""Unitbrush: paint with the units inside a generator."""

__version__ = "0.1.0"
