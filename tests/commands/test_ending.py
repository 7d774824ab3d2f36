"""How commands end: one line, on every terminal, whatever stops them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from npz_worlds import make_worlds, write_npz
from samefeatures.commands.ending import STOPPED
from samefeatures.study.config import parse_config
from samefeatures.study.study import Study

FULL = Path("/dev/full")
RUN = [sys.executable, "-m", "samefeatures"]


def call(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[bytes]:
    given = {"stdout": subprocess.PIPE, **options}
    command = [*RUN, *map(str, arguments)]
    return subprocess.run(command, stderr=subprocess.PIPE, check=False, **given)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scored study on features from files; names are full of what terminals obey."""
    base = tmp_path_factory.mktemp("ending")
    sources = [write_npz(base, name, world) for name, world in make_worlds().items()][:2]
    title = "[/x] [bold]R² → 50 % :smile: \x1b[31mred\x1b[0m"
    config = parse_config({"title": title, "networks": sources, "methods": ["ols"]})
    Study(config, out=base / "out", base=base).score()
    return base


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-8"])
def test_every_terminal_can_show_it(folder: Path, encoding: str) -> None:
    done = call("report", folder / "out", env={**os.environ, "PYTHONIOENCODING": encoding})
    assert (done.returncode, done.stderr) == (0, b"")
    said = done.stdout.decode(encoding)
    assert "[/x] [bold]R" in said
    assert ":smile: " in said
    assert "\x1b" not in said
    assert r"\x1b[31mred" in said


def test_errors_too(folder: Path) -> None:
    name = "→[/x]\x1b[31m\n.yaml"
    for encoding in ("ascii", "utf-8"):
        done = call("run", folder / name, env={**os.environ, "PYTHONIOENCODING": encoding})
        assert done.returncode == 1
        lines = done.stderr.decode().splitlines()
        assert len(lines) == 1
        assert lines[0].startswith("Error: There is no study file at")
        assert r"[/x]\x1b[31m\n.yaml. Check the path." in lines[0]


def test_where_things_lie_too(tmp_path: Path) -> None:
    sources = [write_npz(tmp_path, name, world) for name, world in make_worlds().items()]
    out = "out\x1b[31m\n:smile:"
    study = {"networks": sources[:2], "methods": ["ols"], "out": out, "title": "t"}
    (tmp_path / "study.yaml").write_text(json.dumps(study))
    for command in (["fit"], ["score"], ["run"]):
        done = call(*command, "study.yaml", cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, b"")
        assert b"\x1b" not in done.stdout
        assert rb"out\x1b[31m\n:smile:/" in done.stdout
    (tmp_path / out / "maps" / "ols" / "key.json").write_bytes(b"{")
    done = call("fit", "study.yaml", cwd=tmp_path)
    (line,) = done.stderr.splitlines()
    assert rb"out\x1b[31m\n:smile:/maps/ols/key.json can't be used" in line


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", [["report", "out"], ["--version"], ["--help"]])
def test_a_full_disk_behind_the_output(folder: Path, arguments: list[str]) -> None:
    with FULL.open("wb") as full:
        done = call(*arguments, cwd=folder, stdout=full)
    assert done.returncode == 1
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith("Error: ")
    assert "No space left on device" in line


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("made_of_it", ["", "ValueError('Invalid bounding box')", "SystemExit(7)"])
def test_signals_end_with_one_line(tmp_path: Path, sent: int, code: int, made_of_it: str) -> None:
    """While it works, in code that waits for ever, or makes an error of its own of the stop."""
    waits = "try:\n    time.sleep(60)\nexcept KeyboardInterrupt:\n"
    (tmp_path / "slow.py").write_text(
        f"import time, pathlib\npathlib.Path('here').touch()\n{waits}    raise {made_of_it}\n"
    )
    (tmp_path / "study.yaml").write_text("networks: ['python:slow.py:net', 'python:slow.py:net']\n")
    process = subprocess.Popen(
        [*RUN, "run", "study.yaml", "--out", "out"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        # Where tests run in the background the shell has Ctrl-C ignored, and children inherit it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    while not (tmp_path / "here").exists():
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.05)
    process.send_signal(sent)
    _, said = process.communicate(timeout=600)
    assert process.returncode == code
    assert said.decode().splitlines() == [STOPPED]


def test_a_stop_that_a_callback_drops_comes_again(tmp_path: Path) -> None:
    """Python can't raise from a finaliser; it would print a traceback and go on."""
    (tmp_path / "slow.py").write_text(
        "import os, signal, time\n"
        "class Dropped:\n"
        "    def __del__(self):\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "        time.sleep(0.1)\n"
        "Dropped()\ntime.sleep(60)\n"
    )
    (tmp_path / "study.yaml").write_text("networks: ['python:slow.py:net', 'python:slow.py:net']\n")
    done = call("run", "study.yaml", "--out", "out", cwd=tmp_path)
    assert done.returncode == 143
    assert done.stderr.decode().splitlines() == [STOPPED]


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("networks", "npz:~nouser/x.npz"),
        ("networks", "onnx:~nouser/x.onnx"),
        ("networks", "npz:a\\0b.npz"),
        ("networks", "npz:" + "x" * 5000 + ".npz"),
        ("fit", "~nouser/images"),
        ("fit", "a\\0b"),
        ("fit", "**.tar"),
        ("fit", "a/**/b**.tar"),
        ("fit", "~nouser/x.tar"),
        ("fit", "x" * 5000),
        ("labels", "~nouser/x.csv"),
        ("class_map", "a\\0b.json"),
        ("class_names", "~nouser/x.txt"),
        ("store", "~nouser/x"),
        ("store", "a\\0b"),
        ("out", "a\\0b"),
    ],
)
def test_paths_that_can_not_be(tmp_path: Path, key: str, place: str) -> None:
    from samefeatures.base.errors import SamefeaturesError
    from samefeatures.study.opening import open_study

    given = {"networks": "mini:lenet", "fit": "fashion-mnist:fit", "labels": "x.csv"} | {key: place}
    fit = f'{{source: "{given["fit"]}", limit: 9}}'
    more = f', labels: "{place}"' if key == "labels" else ""
    more = f', class_map: "{place}"' if key == "class_map" else more
    (tmp_path / "images").mkdir()
    where = "images" if more else "fashion-mnist:eval"
    text = f'networks: ["{given["networks"]}", "mini:resnet_v1"]\n'
    text += f'data: {{fit: {fit}, eval: {{source: "{where}"{more}}}}}\n'
    text += f'out: "{place}"\n' if key == "out" else "out: out\n"
    if key in ("class_names", "store"):
        text += f'{key}: "{place}"\n'
    (tmp_path / "study.yaml").write_text(text)
    with pytest.raises(SamefeaturesError) as caught:  # noqa: PT012  (which line, is all the same)
        study = open_study(tmp_path / "study.yaml")
        _ = study.feature_root
        study.extract()
    assert "\n" not in str(caught.value)


def test_two_processes_may_draw_overlaps_of_one_study(folder: Path) -> None:
    """The report has both pairs in the end, whoever is last, and nothing is left behind."""
    (folder / "study.yaml").write_text("networks: ['npz:a.npz', 'npz:b.npz']\nmethods: [ols]\n")
    before = {path.suffix for path in (folder / "out").rglob("*")}
    command = [*RUN, "overlap", "study.yaml", "a", "b", "--out", "out"]
    many = [
        subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        for _ in range(3)
    ]
    for process in many:
        _, said = process.communicate()
        assert (process.returncode, said) == (0, b"")
    assert {path.suffix for path in (folder / "out").rglob("*")} <= before | {
        ".csv",
        ".png",
        ".svg",
    }


def test_whoever_reads_the_output_may_have_enough_of_it(folder: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = call("report", "out", cwd=folder, stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")
