"""The dissection of a generator: which units of which layer make which concept, measured, stored and shown.

The method is that of "GAN Dissection" (Bau et al., ICLR 2019) and of "Seeing What a GAN Cannot Generate" (Bau et al.,
ICCV 2019); it stands on one page in `run`:

1. Samples are drawn and labelled by a segmenter, if need be one made for the generator (`clusters`). Where a unit's
   upsampled featuremap exceeds a threshold, it agrees with the concepts it overlaps there (`units`).
2. What an edit does is tried: a unit is set to a level inside a mask, or to zero, the picture is drawn again, and the
   concept's pixels are counted beside those that as many random units draw or remove (`trials`).
3. Units are ranked by agreement and by cause. Rankings, levels and numbers of units are tried in rounds, fewer of them
   on more pictures each time, and the best become the concept's brushes (`search`).
4. A second segmenter judges them on fresh pictures, and says what each can be drawn on. Units that spoil pictures are
   found, and what the generator does not generate (`judge`).
5. All of it is written to a results folder, and as pages (`report`).

In reading order:

- `run`: the whole of it as calls in order, each stage kept on disk;
- `constants`: the numbers that were chosen, each with its reason;
- `clusters`: regions of the generator's own featuremaps, where there is no segmenter;
- `running`: how a dissection runs: its plan, networks, finished stages, threads and costs;
- `units`: which unit agrees with what;
- `trials`: what an edit does;
- `search`: which edit is best;
- `judge`: whether it really is, read by another segmenter;
- `report`: the files and pages of a results folder.
"""
