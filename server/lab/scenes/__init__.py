"""Procedural villages: pictures and exact per-pixel labels of the concepts the default model knows."""
