"""How a dissection runs.

- `plan`: how much it looks at;
- `passes`: a generator and a segmenter on one device, and the passes through them;
- `own`: a segmenter of a user's own code;
- `fused`: the segmenter in its fastest form;
- `work`: finished stages on disk, which a run that goes on reads;
- `workers`: items side by side, one on each thread;
- `progress`: what is told while it lasts;
- `costs`: what it took: time of the passes beside time of everything, memory.
"""
