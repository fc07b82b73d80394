"""The client's types: both clients take and give the same, the answers have what the server's have, and a script that
uses them is checked by mypy."""

from __future__ import annotations

import inspect
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import get_type_hints

import pytest
from pydantic import BaseModel, TypeAdapter

import server
from server.client import AsyncClient, AsyncKept, AsyncPicture, Client, Kept, Picture, answers
from server.web import schemas

SCRIPT = """
from pathlib import Path
from typing import assert_type
from PIL import Image
from server.client import AsyncClient, AsyncPicture, Client, Kept, Picture
from server.client.answers import Model, Segmentation

client = Client("http://127.0.0.1:8000", token="secret", timeout=5)
picture = client.picture(model="church", seed=104).draw("tree", rect=(0, 0, 1, 1)).remove("door", strokes=[[(0, 1)]])
assert_type(picture, Picture)
assert_type(picture.image(), Image.Image)
assert_type(picture.png(), bytes)
assert_type(picture.segment(), Segmentation)
assert_type(client.keep(picture).undo(), Kept)
assert_type(client.models(), tuple[Model, ...])
picture.draw("tree", png=picture.segment().where("door"), erase=[[(0.1, 0.2)]], radius=0.1).save(Path("picture.png"))

async def paint(client: AsyncClient) -> None:
    assert_type(client.picture("church", 104).undo(), AsyncPicture)
    assert_type(await client.picture("church", 104).image(), Image.Image)

picture.draw("tree", rekt=(0, 0, 1, 1))
picture.draw("tree", strength="much")
client.picture("church", seed="104")
picture.bytes("gif")
"""


@pytest.mark.parametrize(("one", "other"), [(Client, AsyncClient), (Picture, AsyncPicture), (Kept, AsyncKept)])
def test_both_clients_have_the_same_methods(one: type, other: type) -> None:
    def public(kind: type) -> dict[str, inspect.Signature]:
        members = inspect.getmembers(kind, callable)
        return {name: inspect.signature(member) for name, member in members if not name.startswith("_")}

    mine, theirs = public(one), public(other)
    assert mine.keys() == theirs.keys()
    for name, signature in mine.items():
        assert str(theirs[name]).replace("Async", "") == str(signature), name


@pytest.mark.parametrize("kind", [k for k in vars(schemas).values() if inspect.isclass(k) and issubclass(k, BaseModel)])
def test_answers_have_the_members_that_the_server_gives(kind: type[BaseModel]) -> None:
    if kind is BaseModel or kind in (schemas.Problem, schemas.UnitPage, schemas.StrongPicture):
        return
    mine = getattr(answers, kind.__name__)
    named = {field.name: field for field in fields(mine)}
    assert kind.model_fields.keys() <= named.keys()
    # What only newer servers tell is left out by older ones.
    assert all(named[name].default is None for name in named.keys() - kind.model_fields.keys())
    theirs = kind.model_json_schema(mode="serialization")["properties"]
    ours = TypeAdapter(mine).json_schema()["properties"]
    for name, schema in theirs.items():
        told = {"type", "anyOf", "$ref"}
        assert {k: ours[name][k] for k in told & ours[name].keys()} == {k: schema[k] for k in told & schema.keys()}, (
            name
        )


def test_every_public_function_is_annotated() -> None:
    for kind in (Client, AsyncClient, Picture, AsyncPicture, Kept, AsyncKept):
        for name, method in inspect.getmembers(kind, inspect.isfunction):
            if not name.startswith("_"):
                assert "return" in get_type_hints(method), f"{kind.__name__}.{name}"


def test_a_script_is_checked_by_the_packages_own_types(tmp_path: Path) -> None:
    package = Path(server.__file__).parent
    assert (package / "py.typed").is_file()
    (tmp_path / "script.py").write_text(SCRIPT)
    # Others' types take most of the time, and the script asks nothing of these.
    others = "[mypy-numpy.*,pydantic.*,pydantic_core.*,torch.*]\nfollow_imports = skip\n"
    (tmp_path / "mypy.ini").write_text(
        f"[mypy]\nallow_subclassing_any = True\nallow_untyped_decorators = True\n{others}"
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--hide-error-context", "script.py"]
    environment = {"MYPYPATH": str(package.parent), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600)
    lines = SCRIPT.splitlines()
    wrong = [line.split(":")[:2] for line in done.stdout.splitlines() if ": error:" in line]
    assert wrong == [["script.py", str(len(lines) - i)] for i in (3, 2, 1, 0)], done.stdout + done.stderr
