from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from server.cli import COMMANDS, main, sleep_while_waiting
from tests.helpers.ports import free_port
from tests.helpers.serving import spawn_server
from tests.helpers.tiny import write_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    write_model(folder)
    return folder


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["dance"],
        ["serve", "--port", "x"],
        ["serve", "--port", "70000"],
        ["serve", "--allowed-origins", "example.org"],
        ["serve", "--database", "mysql://127.0.0.1/pictures"],
        ["serve", "--port", "0", "--database", "postgresql://127.0.0.1:1/none"],
        ["paint", "--colour", "red"],
        ["paint", "nowhere.json"],
        ["paint", "--rect", "0,0,1,1"],
        ["paint", "-o", "picture.gif"],
    ],
)
def test_bad_input_is_one_line_and_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("unitbrush: ")
    assert err.count("\n") == 1


def test_help_names_every_command_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; from server.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit as end: assert end.code == 0\n"
        "assert not {'torch', 'fastapi', 'numpy'} & set(sys.modules), 'heavy'"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    for command in COMMANDS:
        assert command in told


def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    for command in COMMANDS:
        with pytest.raises(SystemExit) as caught:
            main([command, "--help"])
        assert caught.value.code == 0
        assert command in capsys.readouterr().out


def test_a_taken_port_is_one_line(capsys: pytest.CaptureFixture[str], model: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert main(["serve", "--port", str(taken.getsockname()[1]), "--data-dir", str(model / "data")]) == 2
    assert "choose another with --port" in capsys.readouterr().err


def test_a_data_folder_or_device_that_cannot_be_is_one_line(capsys: pytest.CaptureFixture[str], model: Path) -> None:
    (model / "file").write_text("taken")
    (model / "junk").mkdir()
    (model / "junk" / "pictures.sqlite3").write_bytes(bytes(range(256)) * 100)
    for arguments, told in [
        (["--data-dir", str(model / "file")], "choose another data folder"),
        (["--data-dir", str(model / "junk")], "choose another data folder"),
        (["--data-dir", str(model / "data"), "--device", "cuda:77"], "use cpu or auto"),
    ]:
        assert main(["serve", "--port", "0", *arguments]) == 2
        err = capsys.readouterr().err
        assert told in err
        assert err.count("\n") == 1


def test_a_cluster_without_ray_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "server.commands.clustering", raising=False)
    assert main(["serve", "--cluster"]) == 2
    assert capsys.readouterr().err == "unitbrush: --cluster needs Ray; pip install 'unitbrush[cluster]'\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_server_in_order(model: Path, number: signal.Signals) -> None:
    process = spawn_server(model, free_port())
    process.send_signal(number)
    assert process.wait(60) == 0


def test_kill_9_between_acknowledged_edits_loses_nothing(model: Path) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}/api/v1/pictures"
    acknowledged: dict[str, Any] = {}
    for kill_round in range(4):
        process = spawn_server(model, port)
        try:
            with httpx.Client(trust_env=False, timeout=60) as client:
                if not acknowledged:
                    acknowledged = client.post(address, json={"seed": 1}).json()
                path = f"{address}/{acknowledged['id']}"
                assert client.get(path).json() == acknowledged
                for number in range(2 + 2 * kill_round):
                    strength = (kill_round * 16 + number) / 64
                    edit = {"concept": "tree", "mask": {"rect": [0, 0, 0.5, 1]}, "strength": strength}
                    acknowledged = checked(client.post(f"{path}/draw", json=edit))
                if kill_round == 1:
                    acknowledged = checked(client.put(f"{path}/directions", json={"directions": {"season": 1.5}}))
                if kill_round == 2:
                    acknowledged = checked(client.post(f"{path}/undo"))
        finally:
            os.kill(process.pid, signal.SIGKILL)
            assert process.wait(60) == -signal.SIGKILL
    assert len(acknowledged["picture"]["edits"]) == 2 + 4 + (6 - 1) + 8
    process = spawn_server(model, port)
    try:
        with httpx.Client(trust_env=False, timeout=60) as client:
            assert client.get(path).json() == acknowledged
            assert acknowledged["picture"]["directions"] == {"season": 1.5}
            shown = client.get(f"{path}/image").content
            assert shown == client.post(f"http://127.0.0.1:{port}/api/v1/render", json=acknowledged["picture"]).content
    finally:
        process.kill()
        process.wait(60)


def checked(answer: httpx.Response) -> dict[str, Any]:
    """What a call that worked has answered."""
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def test_an_interrupt_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(args: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("server.commands.paint.run", interrupted)
    assert main(["paint"]) == 130
    assert capsys.readouterr() == ("", "interrupted\n")


def test_commands_that_paint_have_threads_sleep_where_nobody_said_otherwise() -> None:
    environment: dict[str, str] = {}
    sleep_while_waiting(environment)
    assert environment == {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0"}
    for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"):
        environment = {name: "own"}
        sleep_while_waiting(environment)
        assert environment == {name: "own"}


def test_that_is_said_before_torch_is_imported() -> None:
    program = (
        "import os, sys; from server import cli; cli._parse = lambda arguments: print(os.environ['OMP_WAIT_POLICY'],"
        " 'torch' in sys.modules) or sys.exit(); cli.main(['serve'])"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_WAIT", "GOMP"))}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["passive", "False"]
