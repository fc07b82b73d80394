"""What is installed: models, each a generator with its dissection and, where there is one, a segmenter.

In reading order:

- `generator`: a generator cut into trunk and tail at any of its layers, the one idea the painting rests on;
- `local`: blocks that reach little, and the part of their output that a change reaches;
- `progressive`: the Progressive GAN, as it is trained and published;
- `hooked`: any network of one's own as a generator, with `cuts`, where it is cut, and `calls`, how it runs in parts;
- `decided`: the generator that decides what every pixel is, and then draws it; `onehot`: its first layer that draws;
- `folded`: these two frozen for painting, as fast as the processor allows; `graphs`: passes recorded on a GPU;
- `stylegan2`: StyleGAN2, and the same frozen for painting;
- `stylegan2_layouts`: reads that by the names that two implementations give its tensors;
- `latents`: the latent of a seed;
- `pixels`: images as networks have them and as files have them;
- `tensors`: a file's tensors as those of a small network;
- `encoder`: the network that tells what a generator would make a picture from;
- `translator`: the network that paints pictures of one season as those of another;
- `inpainter`, with `attention`: the network that fills what is missing from pictures;
- `segmenter`: the network that names the concept of every pixel, and what share of a cell each concept has;
- `weights`: a generator's file, of our own or as published;
- `own`: a generator that a card names as code, which runs only where it is trusted;
- `card`: what `model.json` says of a model, and which file is its generator;
- `measured`: a generator's dissection, directions and artifact units, checked to be of that one;
- `catalog`: models found in folders and loaded with their dissections;
- `beside`: the small networks that stand beside a model, read again when their files change;
- `device`: where networks run, and whether bfloat16 is fast there;
- `threads`: how many threads a pass takes, by measuring, and how they wait.

Arrows go to `server.results` and no further up.
"""
