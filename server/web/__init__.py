"""The web server: HTTP, the live socket and the studio's files, in front of a painter.

In reading order:

- `services`: what the routes work with: models, device, store, threads;
- `engine`: one worker thread in front of the device; `lines`: who waits for it, and who gets it next;
- `draws`: what it asks for pictures: a painter here, or those of a cluster;
- `machine`: what is measured of the machine at the start: threads, the precision of drafts;
- `jobs`: long work, one job after another, below everything else there;
- `job_states`: how far it is, on whichever of several servers;
- `training`: a training as a job, in a process of its own;
- `store`: what keeps the pictures of people, with undo and redo; `tables`: how it does, in `sqlite`, a file, or in
  `postgres`, a database that servers share;
- `kept`: the shape that a picture's document has there;
- `deps`: what routes ask for: the services, a JSON body and documents in it;
- `schemas`: the answers, as the reference describes them;
- `answers`: tags, 304 and compression;
- `problems`: every error as a problem document;
- `security`: host names, origins, the token;
- `connections`: ends those whose clients do not get on;
- `middleware`: what stands around every call: security, headers, the limit of bodies, counting;
- `metrics`: what is counted;
- `static`: the files of a folder, the studio's or a report's;
- `preloads`: the modules that the page asks for early;
- `reference`: the OpenAPI document;
- `routes`: the calls themselves; `calls`: all of them, put together;
- `api2018`: those of the 2018 GANPaint server, for its clients.
"""
