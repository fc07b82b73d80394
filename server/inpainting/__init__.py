"""A thing removed from a picture in several ways: by its units, and by inpainting what it covered.

OpenCV's two need the extra `compare`; without it `check_opencv` raises NoInpainting, which says what to install. In
reading order:

- `patchmatch`: inpainting by patches of the rest of the picture, found by PatchMatch;
- `ways`: the brush, OpenCV's two inpaintings and PatchMatch, each in steps, as a function of a picture and a mask.
"""
