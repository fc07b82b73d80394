"""The calls, a module each subject: they read the question, ask the services, answer with a schema.

In reading order:

- `images`: `/render`, `/models/{model}/images/{seed}`, and what every call that gives an image needs;
- `variations`: `/variations`: a picture's edits over other scenes;
- `jobs`: `/jobs`: how far long work is, and what came of it;
- `styles`: `/styles`, `/style`: a finished picture in the style of another;
- `translation`: `/translate`: a finished picture as one of another season;
- `inversion`: `/invert`, `/composite`: a picture of one's own as a document, and its pixels around what is painted;
- `training`: `/models/{model}/encoder`: training what helps with that;
- `live`: `/live`: the socket that follows a brush;
- `pictures`: `/pictures`: pictures the server keeps;
- `models`: `/models`: what is installed and what it can paint;
- `analysis`: `/segment`, `/inspect`, `/receptivity`: what a network sees in a picture;
- `proposals`: `/proposals`: things in a picture, found without a segmenter;
- `comparison`: `/compare`: what an edit removes, removed by inpainting too;
- `dissection`: `/models/{model}/layers`, `/models/{model}/context`, and the reports at `/dissect/{model}/`;
- `studio`: `/`: the page, its files, and the scene it begins with;
- `docs`: `/docs`: the reference as a page;
- `qr`: `/qr`: a text as a QR code;
- `operations`: `/healthz`, `/readyz`, `/metrics`.
"""
