"""What is installed: generators, segmenters, and the catalog of models."""
