"""The subcommands of `unitbrush`, one module each: `add_arguments(parser)` and `run(args)`.

`server.cli` imports a command's module when it is called; what is heavy is imported in `run`.

- `serve`, with `serving`, `memory` and `clustering`: the studio and the API, here or on several machines;
- `paint`: a picture document into an image file;
- `variations`: its edits over other scenes, into one each;
- `style`: the picture in the style of another;
- `translate`, `translator`: the picture in another season, and the network that paints it;
- `invert`, `encoder`: a picture of one's own as a document, and the network that helps with it;
- `fetch`, `verify`: a published model, and whether its weights are loaded right;
- `add`, `train`, `dissect`, `directions`: a model of one's own, and what it can be painted with;
- `proposals`: the thing at a point of a picture, as a mask;
- `compare`, `inpainter`: a thing removed by the brush and by inpainting, and the network that is a way of that;
- `bench`, `strokes`, `scenes`: what painting costs here, a look at what every brush does, and one at the world the
  default model is trained on.

Shared: `device` and `trust`, the options that name one and whose code may run, `installed`, the models and segmenters
that commands open, `segmenters`, those of a dissection, and `training`, the threads and the bar of a network's.
"""
