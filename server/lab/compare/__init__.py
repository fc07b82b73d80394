"""A thing removed from a picture in several ways, side by side: by its units, and by inpainting what it covered.

In reading order:

- `patchmatch`: inpainting by patches of the rest of the picture, found by PatchMatch;
- `ways`: the brush, OpenCV's two inpaintings and PatchMatch, each as a function of a picture and a mask;
- `scores`: PSNR and SSIM inside the mask;
- `truth`: a scene of the default model with and without one of its things, and where that stood;
- `run`: all of it for one picture: times, scores and a sheet.
"""
