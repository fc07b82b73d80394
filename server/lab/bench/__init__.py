"""The bench: what painting costs on this machine, measured in one run by `unitbrush bench`.

In reading order:

- `timing`: a piece of work repeated, its median and slow times;
- `parts`: the parts of drawing a picture, without a server: passes, edits, encoders;
- `wire`: the way of a stroke through a real server, in a process of its own: HTTP, stored pictures, the live socket;
- `browser`: a drag in a real Chromium, from the pointer's event to the frame that shows it.
"""
