"""The laboratory: what is run offline to train, dissect and measure. Nothing outside imports it."""
