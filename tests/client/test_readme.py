from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from server.client import Client
from tests.helpers.serving import settings_in, threaded_server

README = Path(__file__).parents[2] / "README.md"


def test_the_readmes_script_runs_as_it_stands(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (script,) = re.findall(r"```python\n(from server\.client .*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    with threaded_server(settings_in(installed, data_dir=tmp_path / "data")) as address:
        exec(script.replace("127.0.0.1:8000", address), {})
        with Client(f"http://{address}") as client:
            picture = client.load("picture.png")
            assert [edit.op for edit in picture.edits] == ["draw", "remove"]
            assert (np.asarray(picture.image()) == np.asarray(Image.open("picture.png"))).all()
    assert Image.open("sky.webp").size == (32, 32)
