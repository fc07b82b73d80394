"""The same server on many machines, by Ray Serve: `unitbrush serve --cluster`. Nothing else imports Ray.

Studios take the calls and hold the live sockets; each is the whole app with an engine, but without a painter of its
own. Painters draw, each in a process with a device or a share of one, as many as the load asks for. A picture's
document goes one way and its pixels the other; neither side remembers anything of a picture that the other would need.

In reading order:

- `remote`: what a studio's engine has in the place of a painter;
- `replica`: a painter's process: the models it holds, its batches, its device's thread;
- `application`: the two as deployments of Ray Serve, and how they grow.

`server.commands.clustering` is the process that starts it all and stops it.
"""
