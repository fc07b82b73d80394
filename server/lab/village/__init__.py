"""The default model: its training on the world of `server.lab.scenes`, the files that ship, and their card.

In reading order:

- `parts`: what a pixel can show, parts and kinds of things, each of a concept;
- `inside`, `drawing`: a scene drawn, with the part and kind of every pixel;
- `answer`: what a stroke of each concept should draw in a scene;
- `colours`, `sketch`: a scene as numbers in 16x16 cells, and edits of that;
- `hidden`, `store`: scenes and their twins, drawn once to disk;
- `examples`: imperfect sketches and what to draw of them;
- `trunk`: the training of the trunk, alone;
- `judge`: which decisions look like a rendering's; `train`: the training of what stands behind the trunk;
- `sheet`: pictures of how that is doing;
- `segment`: two segmenters;
- `export`: the files that ship; `evaluate`, `contact`: samples compared with renderings, in figures and in pictures;
- `card`: the model card;
- `pipeline`: all of it as calls in order, which `unitbrush train` makes.
"""
