"""What trainings share.

- `muon`, `pace`: the optimiser, and its learning rate over a run;
- `segmenters`: the training of segmenters on pictures whose labels are known;
- `log`: what a run writes.
"""
