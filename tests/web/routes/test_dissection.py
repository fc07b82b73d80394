from __future__ import annotations

import base64
import shutil
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import httpx
import numpy as np
import pytest
import pytest_asyncio

from server.app import create_app
from server.files import write_json
from server.results.reading import MAX_BYTES
from tests.helpers.serving import asgi_client, settings_in
from tests.helpers.tiny import MATCHED, MATCHED_UNITS, write_context, write_model, write_units

CONCEPTS = MATCHED
UNITS = MATCHED_UNITS


@pytest.fixture(scope="module")
def dissected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with units of one layer, a context table and a report."""
    folder = tmp_path_factory.mktemp("dissected")
    write_model(folder)
    results = folder / "dissect_results" / "village"
    write_units(results)
    write_context(results)
    (results / "report").mkdir()
    (results / "report" / "index.html").write_text("<title>a report of {{ 7*7 }} units</title>\n")
    (results / "report" / "data.js").write_text("var DISSECTION = {};")
    (results / "report" / ".hidden").write_text("hidden")
    (results / "report" / "link.json").symlink_to(results / "context.json")
    return folder


@pytest_asyncio.fixture
async def client(dissected: Path, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with asgi_client(settings_in(dissected, data_dir=tmp_path / "data")) as client:
        yield client


async def test_units_come_in_pages_with_all_their_concepts(client: httpx.AsyncClient) -> None:
    path = "/api/v1/models/village/layers/layer4/units"
    answer = (await client.get(path, params={"offset": 2, "limit": 3})).json()
    assert (answer["layer"], answer["total"], answer["offset"]) == ("layer4", UNITS, 2)
    assert [u["unit"] for u in answer["units"]] == [2, 3, 4]
    first = answer["units"][0]
    assert [m["concept"] for m in first["matches"]] == ["door", "tree"]
    assert first["matches"][0]["iou_fixed"] == pytest.approx(first["matches"][0]["iou"] / 2)
    assert first["strongest"] == [8, 9, 10, 11]
    assert (await client.get(path, params={"offset": 99})).json()["units"] == []


async def test_a_concept_filters_and_ranks(client: httpx.AsyncClient) -> None:
    path = "/api/v1/models/village/layers/layer4/units"
    answer = (await client.get(path, params={"concept": "tree", "min_iou": 0.1})).json()
    assert [u["unit"] for u in answer["units"]] == [5, 4, 3, 2]
    assert answer["total"] == 4


async def test_a_unit_has_a_page_of_pictures_with_regions(client: httpx.AsyncClient) -> None:
    page = (await client.get("/api/v1/models/village/layers/layer4/units/1")).json()
    assert (page["layer"], page["unit"]) == ("layer4", 1)
    assert [p["seed"] for p in page["pictures"]] == [4, 5, 6, 7]
    picture = page["pictures"][0]
    assert len(base64.b64decode(picture["region"])) == picture["rows"] ** 2 // 8
    assert (await client.get(picture["image"])).headers["content-type"] == "image/png"


async def test_the_context_table(client: httpx.AsyncClient) -> None:
    answer = (await client.get("/api/v1/models/village/context")).json()
    assert answer["concepts"] == list(CONCEPTS)
    assert answer["draw"]["tree"]["door"] == {"pictures": 8, "before": 0, "drawn": 0.4, "visible": 0.75}
    assert answer["draw"]["tree"]["tree"] is None


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("castle/context", 404),
        ("castle/layers/layer4/units", 404),
        ("village/layers/layer9/units", 404),
        ("village/layers/layer4/units/6", 404),
        ("village/layers/layer4/units/-1", 422),
        ("village/layers/layer4/units?concept=car", 404),
        ("village/layers/layer4/units?limit=0", 422),
        ("village/layers/layer4/units?min_iou=2", 422),
    ],
)
async def test_what_is_not_there_is_a_problem(client: httpx.AsyncClient, path: str, status: int) -> None:
    answer = await client.get(f"/api/v1/models/{path}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("damage", ["missing", "cut", "rubbish"])
async def test_damaged_results_are_a_problem_and_no_crash(dissected: Path, tmp_path: Path, damage: str) -> None:
    shutil.copytree(dissected, tmp_path, dirs_exist_ok=True)
    results = tmp_path / "dissect_results" / "village"
    for name in ("units.npz", "context.json"):
        whole = (results / name).read_bytes()
        if damage == "missing":
            (results / name).unlink()
        else:
            (results / name).write_bytes(whole[: len(whole) // 2] if damage == "cut" else b"rubbish")
    async with asgi_client(settings_in(tmp_path)) as client:
        for path in ("context", "layers/layer4/units"):
            answer = await client.get(f"/api/v1/models/village/{path}")
            assert answer.status_code == 404
            assert "unitbrush dissect village" in answer.json()["detail"]
            assert str(tmp_path) not in answer.text


async def test_the_report_is_served_with_its_files(client: httpx.AsyncClient) -> None:
    away = await client.get("/dissect/village")
    assert (away.status_code, away.headers["location"]) == (307, "/dissect/village/")
    page = await client.get("/dissect/village/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    data = await client.get("/dissect/village/data.js")
    assert data.headers["content-type"] == "text/javascript; charset=utf-8"
    for answer in (page, data):
        assert "script-src 'self';" in answer.headers["content-security-policy"]
        known = {"If-None-Match": answer.headers["etag"]}
        assert (await client.get(answer.url.path, headers=known)).status_code == 304
        assert (await client.post(answer.url.path)).status_code == 405


async def test_a_report_is_a_file_and_no_template(client: httpx.AsyncClient) -> None:
    assert (await client.get("/dissect/village/")).text == "<title>a report of {{ 7*7 }} units</title>\n"


async def test_behind_a_proxys_prefix_a_report_is_found_too(dissected: Path, tmp_path: Path) -> None:
    app = create_app(settings_in(dissected, data_dir=tmp_path))
    transport = httpx.ASGITransport(app, root_path="/studio")
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport) as client:
        away = await client.get("http://localhost/studio/dissect/village")
        assert away.headers["location"] == "/studio/dissect/village/"
        assert "a report" in (await client.get(f"http://localhost{away.headers['location']}")).text


@pytest.mark.parametrize(
    "path",
    [
        "castle/",
        "village/nothing.js",
        "village/data.js/",
        "village/.hidden",
        "village/link.json",
        "village/..%5ccontext.json",
        "village/../context.json",
        "village/%2e%2e/units.npz",
        "vil%5clage/",
        ".village/",
        "%00/",
        "a" * 5000 + "/",
    ],
)
async def test_nothing_but_reports_is_served(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(f"/dissect/{path}")).status_code == 404


TEMPLATE = "{{ 7*7 }}{% include 'data.js' %}{{ cycler.__init__.__globals__.os.popen('id').read() }}"


@pytest.fixture
def stranger(dissected: Path, tmp_path: Path) -> Path:
    """Results by somebody else: files that look like templates, links out of the folder, folders of odd names."""
    shutil.copytree(dissected, tmp_path, dirs_exist_ok=True, symlinks=True)
    results = tmp_path / "dissect_results"
    report = results / "village" / "report"
    for name in ("index.html", "page.html", "data.js", "a.css", "a.svg", "a.txt", "a.jinja2", "a.j2", "none"):
        (report / name).write_text(TEMPLATE)
    (report / "sub").mkdir()
    (report / "sub" / "index.html").write_text(TEMPLATE)
    (tmp_path / "secret.txt").write_text("secret")
    (report / "out.txt").symlink_to(tmp_path / "secret.txt")
    (report / "up").symlink_to(tmp_path)
    for name in ("{{ 7*7 }}", '"><script>', "a b?c#d%41", "ä"):
        shutil.copytree(report, results / name / "report", symlinks=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "index.html").write_text("secret")
    (results / "linked").mkdir()
    (results / "linked" / "report").symlink_to(tmp_path / "elsewhere")
    return tmp_path


async def test_whatever_a_strangers_report_holds_are_files(stranger: Path) -> None:
    async with asgi_client(settings_in(stranger)) as client:
        for name in ("", "index.html", "page.html", "data.js", "a.css", "a.svg", "a.txt", "a.jinja2", "a.j2", "none"):
            answer = await client.get(f"/dissect/village/{name}")
            assert (answer.status_code, answer.text) == (200, TEMPLATE), name
        assert (await client.get("/dissect/village/sub/index.html")).text == TEMPLATE
        for outside in ("village/out.txt", "village/up/secret.txt", "village/sub/", "linked/", "linked/index.html"):
            answer = await client.get(f"/dissect/{outside}")
            assert answer.status_code == 404, outside


@pytest.mark.parametrize("name", ["{{ 7*7 }}", '"><script>', "a b?c#d%41", "ä"])
async def test_results_of_odd_names_have_their_reports(stranger: Path, name: str) -> None:
    async with asgi_client(settings_in(stranger)) as client:
        away = await client.get(f"/dissect/{quote(name)}")
        assert away.status_code == 307
        assert (await client.get(away.headers["location"])).text == TEMPLATE


@pytest.mark.parametrize("damage", ["kinds", "swollen"])
async def test_results_of_other_kinds_are_a_problem_in_every_call(dissected: Path, tmp_path: Path, damage: str) -> None:
    shutil.copytree(dissected, tmp_path, dirs_exist_ok=True, symlinks=True)
    results = tmp_path / "dissect_results" / "village"
    if damage == "kinds":
        write_json(results / "context.json", {"schema": 1, "concepts": ["tree"], "draw": {"tree": {"door": 7}}})
        write_units(results, strongest=np.full((UNITS, 4), 0.5), mean=np.full(UNITS, np.nan))
    else:
        (results / "context.json").write_bytes(b" " * (MAX_BYTES + 1))
        with zipfile.ZipFile(results / "units.npz", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("layer4/iou.npy", bytes(MAX_BYTES + 1))
    async with asgi_client(settings_in(tmp_path)) as client:
        for path in ("context", "layers/layer4/units", "layers/layer4/units/1"):
            answer = await client.get(f"/api/v1/models/village/{path}")
            assert answer.status_code == 404
            assert answer.json()["type"] == "urn:unitbrush:problem:no-dissection"
        scene = {"picture": {"seed": 1}}
        receptivity = await client.post("/api/v1/receptivity", json={**scene, "concept": "tree"})
        assert (receptivity.status_code, receptivity.json()["grid"]) == (200, None)
        inspection = await client.post("/api/v1/inspect", json={**scene, "layer": "layer4", "point": [0.5, 0.5]})
        assert inspection.status_code == 200
