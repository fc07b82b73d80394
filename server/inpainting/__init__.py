"""A thing removed from a picture in several ways: by its units, and by inpainting what it covered.

OpenCV's two need the extra `compare`; without it `check_opencv` raises NoInpainting, which says what to install. The
network is a way where the model has one (`server.model.inpainter`). In reading order:

- `patchmatch`: inpainting by patches of the rest of the picture, found by PatchMatch;
- `ways`: the brush, OpenCV's two inpaintings, PatchMatch and a model's own inpainter, each in steps, as a function of a
  picture and a mask.
"""
