"""Trials: what an edit does to a concept inside a mask, and to the rest of the picture.

- `layout`: where concepts stand in scenes, and so where they are tried;
- `masks`: cells of a raster, to draw in and to remove from;
- `weights`: which units an edit sets: those of a ranking, or random ones to compare with;
- `likeness`: whether what is drawn looks like the concept;
- `effect`: the painting rule, and what an edit changed;
- `record`: trials of drawing and of removing, with the rankings and levels they went by;
- `experiment`: makes them, on the same pictures at every layer.
"""
