"""`/api` and `/data`: the calls of the 2018 GANPaint server (Bau et al., "GAN Dissection", ICLR 2019).

Pages and scripts written for that server work here when its address is changed for this one's. A model is called a
project, an image has the number of its latent's row in one table of random numbers, an edit is an intervention. In
reading order:

- `schemas`: the answers;
- `questions`: the bodies of its calls, read and bounded;
- `masks`: a mask's pixels, and the cells of a layer that they stand for;
- `interventions`: what a body changes, as the edits of a picture;
- `latents`: the latents of numbered images;
- `statistics`: labels, rankings and levels of a layer's units, from whatever its dissection stored;
- `lookup`: a model's results, and those statistics, kept;
- `features`: how active units are inside masks, and their featuremaps scaled by quantile;
- `answers`: the envelope, and where images are said to be;
- `projects`: the calls that ask what is there;
- `generate`: the call that draws;
- `activations`: the calls that look into the network;
- `images`: images at the addresses that server gave them;
- `routes`: all of these calls.
"""
