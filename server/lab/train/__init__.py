"""Training of the default generator and of the segmenters."""
