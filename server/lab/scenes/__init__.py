"""Scenes: procedural villages, drawn with the exact concept of every pixel; the world the default model is trained on.

In reading order:

- `concepts`: what a pixel can show; `latent`: what each of a latent's 128 numbers means;
- `scene`: a scene, all that a picture shows, read from a latent; `sample_land` reads its sky and ground, and
  `sample_village` what stands there;
- `canvas`: a picture being painted, by signed distances; `palette`: the colours of seasons and hours, and the light;
- `sky`, `land`, `plants`, `masonry`, `buildings`: the things of a scene, and how each is drawn;
- `render`: a whole scene drawn, where asked without some of its objects;
- `absent`: latents of scenes without one of their objects; `answer`: strokes, and the form of what they draw;
- `sheet`: contact sheets of pictures, and of scenes for `unitbrush scenes`.
"""
