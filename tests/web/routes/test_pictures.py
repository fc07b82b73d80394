from __future__ import annotations

import asyncio
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.helpers.serving import asgi_client, settings_in

RECT = {"rect": [0.1, 0.2, 0.6, 0.9]}
TREE = {"concept": "tree", "mask": RECT}
DOOR = {"concept": "door", "mask": None, "units": 3, "strength": 0.5}


async def create(client: httpx.AsyncClient, document: dict[str, Any] | None = None) -> dict[str, Any]:
    answer = await client.post("/api/v1/pictures", json={"seed": 42} if document is None else document)
    assert answer.status_code == 201
    resource: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/api/v1/pictures/{resource['id']}"
    return resource


async def post(client: httpx.AsyncClient, picture: str, call: str, body: object = None) -> dict[str, Any]:
    answer = await client.post(f"/api/v1/pictures/{picture}/{call}", json=body)
    assert answer.status_code == 200, answer.text
    resource: dict[str, Any] = answer.json()
    return resource


async def shown(client: httpx.AsyncClient, resource: dict[str, Any]) -> bytes:
    answer = await client.get(resource["image"])
    assert answer.status_code == 200
    return answer.content


async def test_a_new_picture_is_what_was_asked_for(client: httpx.AsyncClient) -> None:
    resource = await create(client)
    members = {"id", "revision", "picture", "image", "can_undo", "can_redo", "name", "created", "changed"}
    assert resource.keys() == members
    assert resource["picture"] == {"version": 1, "model": "village", "seed": 42, "edits": []}
    assert (resource["can_undo"], resource["can_redo"]) == (False, False)
    assert (await client.get(f"/api/v1/pictures/{resource['id']}")).json() == resource


async def test_a_picture_that_has_not_changed_is_not_sent_again(client: httpx.AsyncClient) -> None:
    picture = (await create(client))["id"]
    path = f"/api/v1/pictures/{picture}"
    known = {"If-None-Match": (await client.get(path)).headers["etag"]}
    again = await client.get(path, headers=known)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", known["If-None-Match"])
    await post(client, picture, "draw", TREE)
    assert (await client.get(path, headers=known)).status_code == 200


async def test_seed_latent_document_or_nothing_make_a_picture(client: httpx.AsyncClient) -> None:
    assert (await create(client, {"z": [0.5] * 8}))["picture"]["z"] == [0.5] * 8
    whole = {"version": 1, "model": "village", "seed": 1, "edits": [{"op": "draw", **TREE}]}
    assert (await create(client, whole))["picture"]["edits"] == [{"op": "draw", **TREE, "strength": 1.0}]
    seeds = {(await create(client, {}))["picture"]["seed"] for _ in range(4)}
    assert len(seeds) == 4
    assert (await client.post("/api/v1/pictures")).status_code == 201


async def test_edits_pile_up_and_change_the_image(client: httpx.AsyncClient) -> None:
    first = await create(client)
    second = await post(client, first["id"], "draw", TREE)
    third = await post(client, first["id"], "remove", DOOR)
    assert [e["op"] for e in third["picture"]["edits"]] == ["draw", "remove"]
    assert (second["revision"], third["revision"]) == (2, 3)
    assert len({first["image"], second["image"], third["image"]}) == 3
    answers = [await client.post("/api/v1/render", json=r["picture"]) for r in (first, second, third)]
    assert len({a.content for a in answers}) == 3


async def test_render_of_the_reported_document_gives_the_shown_bytes(client: httpx.AsyncClient) -> None:
    resource = await create(client)
    for call, body in [("draw", TREE), ("remove", DOOR), ("draw", {"concept": "sky", "mask": None}), ("undo", None)]:
        resource = await post(client, resource["id"], call, body)
        rendered = await client.post("/api/v1/render", json=resource["picture"])
        assert rendered.content == await shown(client, resource)


async def test_undo_redo_and_reset_restore_exact_bytes(client: httpx.AsyncClient) -> None:
    resources = [await create(client)]
    picture = resources[0]["id"]
    for body in (TREE, DOOR, {"concept": "sky", "mask": RECT}):
        resources.append(await post(client, picture, "draw", body))
    images = [(await client.post("/api/v1/render", json=r["picture"])).content for r in resources]
    assert len(set(images)) == 4
    for image in reversed(images[:3]):
        resource = await post(client, picture, "undo")
        assert await shown(client, resource) == image
    assert (resource["can_undo"], resource["can_redo"]) == (False, True)
    for image in images[1:]:
        resource = await post(client, picture, "redo")
        assert await shown(client, resource) == image
    assert (resource["can_undo"], resource["can_redo"]) == (True, False)
    resource = await post(client, picture, "reset")
    assert await shown(client, resource) == images[0]
    assert await shown(client, await post(client, picture, "undo")) == images[3]


async def test_a_new_edit_clears_what_could_be_redone(client: httpx.AsyncClient) -> None:
    picture = (await create(client))["id"]
    await post(client, picture, "draw", TREE)
    await post(client, picture, "undo")
    resource = await post(client, picture, "draw", DOOR)
    assert resource["can_redo"] is False
    assert (await client.post(f"/api/v1/pictures/{picture}/redo")).status_code == 409
    assert (await post(client, picture, "undo"))["can_redo"] is True


async def test_nothing_to_undo_is_409_and_changes_nothing(client: httpx.AsyncClient) -> None:
    resource = await create(client)
    for call in ("undo", "redo"):
        answer = await client.post(f"/api/v1/pictures/{resource['id']}/{call}")
        assert (answer.status_code, answer.json()["status"]) == (409, 409)
    assert (await client.get(f"/api/v1/pictures/{resource['id']}")).json() == resource


async def test_any_edit_can_be_deleted_and_comes_back(client: httpx.AsyncClient) -> None:
    picture = (await create(client))["id"]
    await post(client, picture, "draw", TREE)
    before = await post(client, picture, "draw", DOOR)
    answer = await client.delete(f"/api/v1/pictures/{picture}/edits/0")
    assert [e["concept"] for e in answer.json()["picture"]["edits"]] == ["door"]
    assert (await post(client, picture, "undo"))["picture"] == before["picture"]
    for index, status in (("2", 404), ("-1", 422), ("x", 422)):
        assert (await client.delete(f"/api/v1/pictures/{picture}/edits/{index}")).status_code == status
    assert (await client.get(f"/api/v1/pictures/{picture}")).json()["picture"] == before["picture"]


async def test_all_edits_can_be_replaced_in_one_step(client: httpx.AsyncClient) -> None:
    picture = (await create(client))["id"]
    await post(client, picture, "draw", TREE)
    before = await post(client, picture, "draw", DOOR)
    edits = before["picture"]["edits"]
    answer = await client.put(f"/api/v1/pictures/{picture}/edits", json={"edits": edits[::-1]})
    assert answer.json()["picture"]["edits"] == edits[::-1]
    assert (await post(client, picture, "undo"))["picture"] == before["picture"]
    for body in ({"edits": [{"op": "draw", "concept": "dragon", "mask": None}]}, {}, {"edits": [], "seed": 1}):
        assert (await client.put(f"/api/v1/pictures/{picture}/edits", json=body)).status_code == 422
    assert (await client.get(f"/api/v1/pictures/{picture}")).json()["picture"] == before["picture"]


async def test_a_deleted_picture_is_gone(client: httpx.AsyncClient) -> None:
    picture = (await create(client))["id"]
    assert (await client.delete(f"/api/v1/pictures/{picture}")).status_code == 204
    for method, path in [("GET", ""), ("GET", "/image"), ("POST", "/undo"), ("DELETE", ""), ("DELETE", "/edits/0")]:
        answer = await client.request(method, f"/api/v1/pictures/{picture}{path}")
        assert (answer.status_code, answer.json()["status"]) == (404, 404)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/mask"),
        ({"concept": "tree"}, "/mask"),
        ({"mask": None}, ""),
        ({"concept": "dragon", "mask": None}, "/concept"),
        ({"concept": 7, "mask": None}, "/concept"),
        ({**TREE, "op": "remove"}, "/op"),
        ({**TREE, "units": 0}, "/units"),
        ({**TREE, "units": 1.5}, "/units"),
        ({**TREE, "units": 100}, "/units"),
        ({**TREE, "strength": -0.1}, "/strength"),
        ({**TREE, "strength": "1"}, "/strength"),
        ({**TREE, "layer": "layer9"}, "/layer"),
        ({**TREE, "colour": "green"}, "/colour"),
        ({**TREE, "mask": {"rect": [0, 0, 2, 1]}}, "/mask/rect/2"),
        ({**TREE, "mask": {"png": "AAAA"}}, "/mask"),
        ({**TREE, "mask": {"strokes": [{"points": [[0.5, 0.5]], "radius": 0}]}}, "/mask/strokes/0/radius"),
        ([TREE], ""),
        ("tree", ""),
    ],
)
async def test_a_bad_edit_is_a_problem_and_leaves_the_picture(
    client: httpx.AsyncClient, body: object, pointer: str
) -> None:
    picture = (await create(client))["id"]
    before = await post(client, picture, "draw", TREE)
    answer = await client.post(f"/api/v1/pictures/{picture}/draw", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["pointer"] == pointer
    assert (await client.get(f"/api/v1/pictures/{picture}")).json() == before


async def test_bad_bytes_types_and_sizes_leave_the_picture(client: httpx.AsyncClient) -> None:
    before = await create(client)
    address = f"/api/v1/pictures/{before['id']}/draw"
    json_type = {"Content-Type": "application/json"}
    answers = [
        await client.post(address, content=b"{", headers=json_type),
        await client.post(address, content=b"", headers=json_type),
        await client.post(address, content=b"{}", headers={"Content-Type": "text/plain"}),
        await client.post(address, content=b" " * (8 * 2**20 + 1), headers=json_type),
        await client.put(address, json=TREE),
    ]
    assert [a.status_code for a in answers] == [400, 400, 415, 413, 405]
    assert all(a.json().keys() >= {"type", "title", "status", "detail"} for a in answers)
    assert (await client.get(f"/api/v1/pictures/{before['id']}")).json() == before


async def test_simultaneous_edits_all_land(client: httpx.AsyncClient) -> None:
    picture = (await create(client))["id"]
    bodies = [{**TREE, "units": 1 + i % 8, "strength": i / 32} for i in range(32)]
    resources = await asyncio.gather(*(post(client, picture, "draw", body) for body in bodies))
    assert sorted(r["revision"] for r in resources) == list(range(2, 34))
    final = (await client.get(f"/api/v1/pictures/{picture}")).json()
    assert sorted(e["strength"] for e in final["picture"]["edits"]) == [i / 32 for i in range(32)]


async def test_an_outdated_revision_is_412(client: httpx.AsyncClient) -> None:
    picture = (await create(client))["id"]
    address = f"/api/v1/pictures/{picture}/draw"
    etag = (await client.get(f"/api/v1/pictures/{picture}")).headers["etag"]
    assert (await client.post(address, json=TREE, headers={"If-Match": etag})).status_code == 200
    assert (await client.post(address, json=TREE, headers={"If-Match": etag})).status_code == 412
    assert (await client.post(address, json=TREE, headers={"If-Match": "*"})).status_code == 200
    assert (await client.post(address, json=TREE, headers={"If-Match": "x"})).status_code == 422
    assert (await client.get(f"/api/v1/pictures/{picture}")).json()["revision"] == 3


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ('"1"', 200),
        ("1", 200),
        ('"7", "1"', 200),
        ('"a,b" ,"1"', 200),
        ('W/"1"', 412),
        ('"01"', 412),
        ('"7", W/"1"', 412),
        ('"abc"', 412),
        ('"²"', 412),
        ('"٣"', 412),
        ('"' + "9" * 5000 + '"', 412),
        ("²", 422),
        ('"1', 422),
        ("1, 7", 422),
        ('*, "1"', 422),
        ("", 422),
    ],
)
async def test_if_match_is_compared_as_http_says(client: httpx.AsyncClient, header: str, status: int) -> None:
    made = await create(client)
    address = f"/api/v1/pictures/{made['id']}"
    known = [(b"If-Match", header.encode())]
    assert (await client.post(f"{address}/draw", json=TREE, headers=known)).status_code == status
    assert (await client.get(address)).json()["revision"] == 1 + (status == 200)
    if status != 200:
        for method, path in (("POST", "/undo"), ("PUT", "/edits"), ("DELETE", "")):
            answer = await client.request(method, address + path, headers=known, json={"edits": []})
            assert answer.status_code == status, (method, answer.text)


async def test_lines_of_a_header_are_one_list(client: httpx.AsyncClient) -> None:
    made = await create(client)
    address = f"/api/v1/pictures/{made['id']}"
    assert (await client.get(address, headers=[("If-None-Match", '"8"'), ("If-None-Match", '"1"')])).status_code == 304
    known = [("If-Match", '"8"'), ("If-Match", '"1"')]
    assert (await client.post(f"{address}/draw", json=TREE, headers=known)).status_code == 200


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE pictures SET base = '{'",
        "UPDATE pictures SET base = '[]'",
        """UPDATE pictures SET base = '{"model": 7, "seed": 1}'""",
        """UPDATE pictures SET base = '{"model": "village"}'""",
        "UPDATE states SET looks = '{'",
        """UPDATE states SET looks = '{"clean": 7}'""",
        "UPDATE edits SET body = '{}'",
        "UPDATE states SET edits = '[9]'",
    ],
)
async def test_a_damaged_picture_is_a_problem_in_every_call(
    client: httpx.AsyncClient, tmp_path: Path, damage: str
) -> None:
    made = await create(client)
    address = f"/api/v1/pictures/{made['id']}"
    await post(client, made["id"], "draw", TREE)
    with sqlite3.connect(tmp_path / "data" / "pictures.sqlite3") as db:
        db.execute(damage)
    db.close()
    for method, path in (
        ("GET", ""),
        ("GET", "/image"),
        ("POST", "/draw"),
        ("POST", "/reset"),
        ("PUT", "/clean"),
        ("DELETE", "/edits/0"),
    ):
        answer = await client.request(method, address + path, json=TREE if path == "/draw" else {"clean": True})
        assert answer.status_code == 500, (method, path, answer.text)
        assert answer.json()["type"] == "urn:unitbrush:problem:damaged-picture"
    assert (await client.delete(address)).status_code == 204
    assert (await client.get(address)).status_code == 404


async def test_without_its_folder_the_store_is_503(client: httpx.AsyncClient, tmp_path: Path) -> None:
    made = await create(client)
    shutil.rmtree(tmp_path / "data")
    for answer in (
        await client.post(f"/api/v1/pictures/{made['id']}/draw", json=TREE),
        await client.get(f"/api/v1/pictures/{made['id']}"),
        await client.post("/api/v1/pictures", json={"seed": 1}),
    ):
        assert answer.status_code == 503
        assert answer.json()["type"] == "urn:unitbrush:problem:store-unavailable"
        assert str(tmp_path) not in answer.text


async def test_the_image_is_negotiated_and_answers_304(client: httpx.AsyncClient) -> None:
    resource = await create(client)
    png = await client.get(resource["image"])
    webp = await client.get(resource["image"], headers={"Accept": "image/webp"})
    assert (png.headers["content-type"], webp.headers["content-type"]) == ("image/png", "image/webp")
    again = await client.get(resource["image"], headers={"If-None-Match": png.headers["etag"]})
    assert again.status_code == 304
    edited = await post(client, resource["id"], "draw", TREE)
    changed = await client.get(edited["image"], headers={"If-None-Match": png.headers["etag"]})
    assert changed.status_code == 200


async def test_a_picture_has_room_for_as_many_edits_as_a_document(client: httpx.AsyncClient) -> None:
    edits = [{"op": "draw", **TREE}] * 256
    resource = await create(client, {"seed": 1, "edits": edits})
    answer = await client.post(f"/api/v1/pictures/{resource['id']}/draw", json=TREE)
    assert (answer.status_code, answer.json()["title"]) == (409, "The picture takes no more edits")
    assert (await client.get(f"/api/v1/pictures/{resource['id']}")).json() == resource
    assert (await client.post("/api/v1/render", json=resource["picture"])).status_code == 200


async def test_a_picture_never_outgrows_what_render_takes(installed: Path, tmp_path: Path) -> None:
    settings = settings_in(installed, data_dir=tmp_path, max_body_bytes=4096)
    stroke = {"points": [[i / 100, 0.123456] for i in range(60)], "radius": 0.1}
    async with asgi_client(settings) as client:
        picture = (await create(client))["id"]
        statuses = []
        for _ in range(6):
            body = {"concept": "tree", "mask": {"strokes": [stroke]}}
            statuses.append((await client.post(f"/api/v1/pictures/{picture}/draw", json=body)).status_code)
        assert (statuses[0], statuses[-1]) == (200, 409)
        document = (await client.get(f"/api/v1/pictures/{picture}")).json()["picture"]
        assert (await client.post("/api/v1/render", json=document)).status_code == 200


async def test_a_full_store_says_so(installed: Path, tmp_path: Path) -> None:
    async with asgi_client(settings_in(installed, data_dir=tmp_path, max_pictures=2)) as client:
        statuses = [(await client.post("/api/v1/pictures", json={"seed": i})).status_code for i in range(3)]
    assert statuses == [201, 201, 507]


async def test_pictures_outlive_the_app(installed: Path, tmp_path: Path) -> None:
    settings = settings_in(installed, data_dir=tmp_path)
    async with asgi_client(settings) as client:
        picture = (await create(client))["id"]
        await post(client, picture, "draw", TREE)
        before = await post(client, picture, "undo")
    async with asgi_client(settings) as client:
        assert (await client.get(f"/api/v1/pictures/{picture}")).json() == before
        assert (await post(client, picture, "redo"))["picture"]["edits"][0]["concept"] == "tree"


async def test_masks_that_are_too_much_together_fill_a_picture(client: httpx.AsyncClient) -> None:
    points = [[i / 4096, 0.5] for i in range(4096)]
    body = {"concept": "tree", "mask": {"strokes": [{"points": points, "radius": 0.01}]}}
    resource = await create(client, {"seed": 1, "edits": [{"op": "draw", **body}] * 16})
    answer = await client.post(f"/api/v1/pictures/{resource['id']}/draw", json=body)
    assert (answer.status_code, answer.json()["pointer"]) == (409, "/edits/16/mask")
    assert (await client.get(f"/api/v1/pictures/{resource['id']}")).json() == resource
    assert (await client.post("/api/v1/render", json=resource["picture"])).status_code == 200


async def test_directions_and_clean_are_changed_undone_and_keep_the_edits(client: httpx.AsyncClient) -> None:
    first = await create(client)
    path = f"/api/v1/pictures/{first['id']}"
    resources = [first, await post(client, first["id"], "draw", TREE)]
    changes = [
        ("directions", {"directions": {"season": 1.5, "night": 0}}),
        ("clean", {"clean": True}),
        ("directions", {"directions": {"night": -0.5}}),
        ("edits", {"edits": [], "directions": {}, "clean": False}),
        ("edits", {"edits": [{"op": "draw", **TREE}], "directions": {"night": 1}}),
    ]
    for call, body in changes:
        answer = await client.put(f"{path}/{call}", json=body)
        assert answer.status_code == 200, answer.text
        resources.append(answer.json())
    documents = [r["picture"] for r in resources]
    assert [d.get("directions") for d in documents] == [
        None,
        None,
        {"season": 1.5},
        {"season": 1.5},
        {"night": -0.5},
        None,
        {"night": 1.0},
    ]
    assert [d.get("clean", False) for d in documents] == [False, False, False, True, True, False, False]
    assert [len(d["edits"]) for d in documents] == [0, 1, 1, 1, 1, 0, 1]
    images = [(await client.post("/api/v1/render", json=d)).content for d in documents]
    assert images[0] == images[5]
    assert len(set(images)) == 6
    for image, document in reversed(list(zip(images[:-1], documents[:-1], strict=True))):
        resource = await post(client, first["id"], "undo")
        assert resource["picture"] == document
        assert await shown(client, resource) == image
    for image in images[1:]:
        assert await shown(client, await post(client, first["id"], "redo")) == image


async def test_a_reset_keeps_directions_and_edits_keep_them_too(client: httpx.AsyncClient) -> None:
    resource = await create(client, {"seed": 4, "directions": {"season": 1}, "clean": True})
    plain = await shown(client, resource)
    assert resource["picture"]["directions"] == {"season": 1.0}
    await post(client, resource["id"], "draw", TREE)
    answer = await client.put(f"/api/v1/pictures/{resource['id']}/edits", json={"edits": []})
    assert answer.json()["picture"] == resource["picture"]
    await post(client, resource["id"], "draw", TREE)
    assert await shown(client, await post(client, resource["id"], "reset")) == plain


@pytest.mark.parametrize(
    ("call", "body", "pointer"),
    [
        ("directions", {"directions": {"spring": 1}}, "/directions/spring"),
        ("directions", {"directions": {"season": 2.5}}, "/directions/season"),
        ("directions", {"directions": {"season": None}}, "/directions/season"),
        ("directions", {"directions": {"season": 1}, "edits": []}, ""),
        ("directions", {}, ""),
        ("directions", [], ""),
        ("clean", {"clean": "yes"}, "/clean"),
        ("clean", {"directions": {}}, ""),
        ("edits", {"directions": {"season": 1}}, ""),
        ("edits", {"edits": [], "seed": 5}, ""),
        ("edits", {"edits": [], "directions": {"spring": 1}}, "/directions/spring"),
    ],
)
async def test_bad_directions_are_422_and_leave_the_picture_as_it_was(
    client: httpx.AsyncClient, call: str, body: object, pointer: str
) -> None:
    resource = await create(client, {"seed": 4, "directions": {"season": 1}})
    answer = await client.put(f"/api/v1/pictures/{resource['id']}/{call}", json=body)
    assert (answer.status_code, answer.json().get("pointer")) == (422, pointer)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await client.get(f"/api/v1/pictures/{resource['id']}")).json() == resource


async def test_a_name_is_free_text_and_no_step_of_the_history(client: httpx.AsyncClient) -> None:
    made = await create(client)
    path = f"/api/v1/pictures/{made['id']}"
    assert (made["name"], made["created"]) == ("", made["changed"])
    for name, kept in (
        ("  Das Haus\n am See ", "Das Haus am See"),
        ("<b>\U0001f3e1</b> \u6751", "<b>\U0001f3e1</b> \u6751"),
        ("", ""),
    ):
        before = (await client.get(path)).headers["etag"]
        answer = await client.patch(path, json={"name": name}, headers={"If-Match": before})
        assert (answer.status_code, answer.json()["name"]) == (200, kept)
        assert answer.json()["changed"] > made["created"]
        assert (await client.get(path, headers={"If-None-Match": before})).status_code == 200
        assert (await client.patch(path, json={"name": "x"}, headers={"If-Match": before})).status_code == 412
    assert not answer.json()["can_undo"]
    assert (await client.patch("/api/v1/pictures/nowhere", json={"name": "x"})).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"name": null}',
        b'{"name": 7}',
        b'{"name": "x", "seed": 1}',
        b'{"name": "\\ud800"}',
        b'{"name": "%s"}' % (b"x" * 121),
    ],
)
async def test_what_is_no_name_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    path = f"/api/v1/pictures/{(await create(client))['id']}"
    answer = await client.patch(path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert (await client.get(path)).json()["revision"] == 1
