"""A thing removed from a picture in several ways, side by side, measured.

In reading order:

- `scores`: PSNR, SSIM, what a network sees and what is shown, inside the mask;
- `truth`: a scene of the default model with and without one of its things, and where that stood;
- `concept`: what a mask is about, where nobody says it;
- `run`: all of it for one picture: times, scores and a sheet;
- `scenes`: a thing of each of many scenes: a table, and a sheet of the first.
"""
