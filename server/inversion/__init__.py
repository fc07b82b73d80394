"""A picture of one's own as a document: what a generator can say of it, to be painted on like any scene.

A latent that draws something like it is looked for, then the featuremaps of one layer are refined until what they draw
is near it (Bau et al., "Semantic Photo Manipulation with a Generative Image Prior", ACM TOG 2019). In reading order:

- `own`: a stranger's image file in the shape that a model draws;
- `invert`: from that to a picture, step by step;
- `first`: where that begins: what an encoder tells, or the nearest of some samples;
- `likeness`: how far a picture is from another, in pixels and in what a network sees;
- `descent`: going downhill on one tensor;
- `missing`: what of one's own picture the generator could not express, as a map and a share;
- `keeping`: one's own pixels kept wherever nothing was painted.
"""
