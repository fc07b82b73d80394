"""The village that decides and then draws: its world, and the training of a generator of that kind.

In reading order:

- `parts`: what a pixel can show, parts and kinds of things, each of a concept;
- `world`: calm scenes, read from a latent; `inside`, `drawing`: a scene drawn, with the part and kind of every pixel;
- `answer`: what a stroke of each concept should draw in a scene;
- `colours`, `sketch`: a scene as numbers in 16x16 cells, and edits of that;
- `hidden`, `store`: scenes and their twins, drawn once to disk;
- `examples`: imperfect sketches and what to draw of them;
- `trunk`: the training of the trunk, alone;
- `judge`: which decisions look like a rendering's; `train`: the training of what stands behind the trunk;
- `sheet`: pictures of how it is doing;
- `python -m server.lab.village RUN` trains `server.model.decided`, on from where the run's folder stopped;
- `segment`: `python -m server.lab.village.segment RUN` trains its segmenters; `export`: `python -m
  server.lab.village.export RUN MODEL` writes the files that ship.
"""
