"""Regions in the place of concepts, for a generator that no segmenter was made for.

Pixels of a middle layer's featuremaps are grouped by k-means. A U-Net then learns to tell these regions from pictures
alone, and another one, on other pictures, to judge: so what an edit does is read off the picture it gives, never off
the layer that was edited.

- `grouping`: the groups, and which of them each pixel of a picture belongs to;
- `teaching`: a U-Net that learns to read them off pictures;
- `names`: what people call them, carried over to a new grouping;
- `prepare`: all of it, written into the model's folder.
"""
