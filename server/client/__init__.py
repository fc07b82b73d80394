"""A client for scripts: pictures are painted by methods, drawn by a Unitbrush server.

    from server.client import Client

    client = Client("http://127.0.0.1:8000")
    picture = client.picture("village", seed=42).draw("tree", rect=(0.1, 0.5, 0.4, 0.9)).remove("door")
    picture.image().show()

It needs httpx, as the extra `client` installs it, and imports no torch. In reading order:

- `clients`: `Client` and `AsyncClient`;
- `content`: what a picture shows, changed by methods without a server;
- `pictures`: pictures, and what the server makes of them;
- `masks`: rectangles, strokes, arrays, images and regions as masks;
- `styles`: names and images as styles, and images as members of questions;
- `documents`: pictures from JSON, share links and PNG files;
- `kept`: pictures that the server keeps;
- `answers`: what the server tells, as dataclasses;
- `proposals`: things in a picture, found without a segmenter;
- `removals`: what an edit removes, removed in other ways too;
- `jobs`: long work, waited for;
- `reading`: JSON as those;
- `errors`: the server's problem documents as exceptions;
- `calls`: each call of the API as a value, its request and how its answer is read;
- `exchange`: calls over HTTP, waiting for busy servers.
"""

from server.client.clients import AsyncClient, Client
from server.client.errors import ClientError, NoAnswer, UnitbrushProblem
from server.client.kept import AsyncKept, Kept
from server.client.pictures import AsyncPicture, Picture

__all__ = [
    "AsyncClient",
    "AsyncKept",
    "AsyncPicture",
    "Client",
    "ClientError",
    "Kept",
    "NoAnswer",
    "Picture",
    "UnitbrushProblem",
]
