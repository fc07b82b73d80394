"""Stored dissections, read without torch."""
