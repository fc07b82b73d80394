"""The stored dissection of a model, `dissect_results/<model>/`, read in milliseconds and without torch.

`unitbrush dissect` and `unitbrush directions` write these files. In reading order:

- `brush`: what a concept is painted and removed with, and all brushes of a model;
- `dissection`: `dissection.json`, those brushes stored;
- `netdissect`: the same from a folder of the 2018 tool;
- `units`: `units.npz`, what each unit of a layer agrees with and how it is usually active;
- `quantiles`: how active units are known to be, from there or as others published it;
- `unit_quantiles`: quantiles of each unit's activations, stored beside those;
- `context`: `context.json`, what each concept can be drawn on;
- `names`: `names.json`, what people call the concepts;
- `directions`: `directions.json`, and moving a latent along them;
- `artifacts`: `artifacts.json`, units whose removal makes pictures better;
- `reading`: what all of these say about a missing or damaged file.
"""
