"""Training of the default generator and of its segmenters, on rendered scenes.

In reading order:

- `pipeline`: the whole of `unitbrush train` as calls in order; `config`: a run's settings;
- `twins`: the second picture of each scene, without something or with something more; `layout`: what lies between
  trunk and tail, the scene as numbers in 16x16 cells;
- `store`: scenes, twins and layouts, rendered once to disk; `data`: batches of them;
- `networks`, `routing`, `state`: what is trained, how the trunk starts, and the checkpoint;
- `edits`, `sketching`: strokes rehearsed on layouts, and on sketches of them;
- `window`, `steps`, `train`: parts of pictures, single steps with their losses, and the stages made of those;
- `ahead`: examples made while a step trains;
- `watch`, `sheets`: warnings and pictures of how a run is doing;
- `segment`: scenes as segmenters are trained on them;
- `evaluate`, `contact`: samples compared with renderings, in figures and in pictures;
- `export`, `card`: the files that ship, and the model card.
"""
