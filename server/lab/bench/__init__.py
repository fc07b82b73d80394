"""The bench: what painting costs on this machine, measured in one run by `unitbrush bench`.

In reading order:

- `timing`: pieces of work repeated by turns, their median and slow times;
- `parts`: the parts of drawing a picture, without a server: passes, edits, frames that follow from others, encoders;
- `compared`: OpenCV's inpainting of the same mask, where it is installed;
- `wire`: the way of a stroke through a real server, in a process of its own: HTTP, stored pictures, the live socket;
- `painters`: many painters at once on such a server, each over a live socket;
- `floor`: the least time that a pass can take, from what it multiplies and moves;
- `browser`: a drag in a real Chromium, from the pointer's event to the frame that shows it;
- `costs`: what the browser itself computes meanwhile, by its own accounts;
- `drags`: several drags by turns, on this version and on another one, and what changed since another run;
- `busy`: processes that keep cores busy meanwhile;
- `report`: a table, a plot, and what changed since another run.
"""
