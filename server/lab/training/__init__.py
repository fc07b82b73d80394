"""What trainings share.

- `muon`, `pace`: the optimiser, and its learning rate over a run;
- `descent`: a step, and the running mean of weights;
- `checkpoint`: what an interrupted one goes on from;
- `segmenters`: the training of segmenters on pictures whose labels are known;
- `log`: what a run writes.
"""
