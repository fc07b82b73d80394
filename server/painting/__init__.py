"""Painting: a picture document in, its pixels out. In reading order:

    picture      what a document may hold; its canonical spelling and digest
    base         featuremaps in a document, which a picture may begin with in the place of a scene
    parsing      documents that somebody sent, read and bounded
    mask         a mask's coverage of a grid of cells
    growing      the same of a stroke that grows, without drawing its beginning again
    edits        an edit's units, levels and cells; which edits lie over which
    blend        the painting rule, r (1 - a) + v a
    drafts       of generators that decide: only what has changed is drawn anew
    scenes       what a picture's scene is made from: its latent, or its base
    painter      trunk, edits, tail: `render(picture)`
    batches      drafts of several pictures in one pass
    passes       what a pass left, and the part of it that another edit changes
    live         the passes kept of pictures that are painted on
    precision    whether drafts are worth drawing in bfloat16 here, by measuring
    cache        values used last, bounded by their bytes
    regions      the connected piece of a label map that a click selects
    proposals    things in a picture, found without a segmenter
    receptivity  where in a picture drawing a concept will take
    inspection   the units most active at a place of a picture
    imaging      pixels to image files, and the document inside a PNG
    png          what stands in a PNG beside pixels, read or left out before anything decodes it

A mask's way: `web.routes.live` reads a message, `parsing.parse_picture` makes a picture of it, `web.engine` gives it
its turn, `Painter.frame` asks `edits.place` for units and cells, which asks `growing` and `mask` for coverage; `passes`
computes what they change in a pass that `live` kept, or the whole picture: `blend.edited` sets the units there, and the
generator draws.
"""
