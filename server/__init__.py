"""Unitbrush: paint with the units inside a generator.

In reading order; each package imports only from those below it in this list, and from `errors`, `files`, `settings`
and `steps`:

- `painting`: an image is `render(picture)`, a pure function of a small document. Read this first;
- `model`: what is installed: generators, weights, segmenters, the catalog;
- `results`: stored dissections, which units draw what, without torch.

Beside painting: `styles`, a finished picture in the style of another, `inpainting`, without what an edit removes, and
`inversion`, a picture of one's own as a document to paint on.

Above them, `web` serves painting over HTTP and a live socket (`app` puts it together), and `lab` makes models and
dissections offline; nothing but `commands` imports `lab`. `cluster` is the same app on several machines. `commands` are
the subcommands of `unitbrush`, `cli` the door to them. `client` is for scripts that paint on a server; it takes from
`painting` what a document may hold.
"""

__version__ = "0.1.0"
