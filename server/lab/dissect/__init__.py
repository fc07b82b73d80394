"""Which units of which layer make which concept: measured, stored and shown."""
