"""Small studies that are run in forks of this process, to be stopped, and what they leave."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tarfile
import tempfile
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from pathlib import Path

import numpy as np

STUDIES = {
    "stored": """\
networks: [mini:resnet_v1, mini:mobilenet_v2]
data: {fit: fit, eval: eval.tar.gz}
methods: [ols, {name: cosine, passes: 3}]
measures: [r2]
controls: {seeds: 1, given: [answers]}
tasks: [brightness]
out: out
""",
    "store: false": """\
networks: [mini:resnet_v1, mini:mobilenet_v2]
data: {fit: fit, eval: eval.tar.gz}
methods: [ols, naive]
store: false
out: out
""",
}
TREES = ("out", "cache", "tmp")
EVENTS = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir")
IMPORTS = (
    "matplotlib.figure", "samefeatures.commands.app", "samefeatures.gallery.gallery",
    "samefeatures.report.write", "samefeatures.study.opening",
    "scipy.linalg", "scipy.special", "zarr",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """An undisturbed run.

    Attributes:
        study: Its name in ``STUDIES``.
        folder: Where it was run, as it stands after it.
        seconds: How long it took.
        operations: On its files.
        trees: What it left.
    """

    study: str
    folder: Path
    seconds: float
    operations: int
    trees: Mapping[str, str]


def write_inputs(folder: Path) -> None:
    """Images of ten classes, in folders and in an archive, and the studies."""
    from PIL import Image

    rng = np.random.default_rng(0)
    for name, count in {"fit": 300, "eval": 60}.items():
        for i in range(count):
            pixels = rng.integers(0, 256, (7, 7), dtype=np.uint8)
            path = folder / name / str(i % 10) / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).resize((28, 28)).save(path)
    with tarfile.open(folder / "eval.tar.gz", "w:gz") as tar:
        tar.add(folder / "eval", arcname=".")
    shutil.rmtree(folder / "eval")


def ready() -> None:
    """Import once what every run needs; not ONNX Runtime, which starts a thread.

    Raises:
        RuntimeError: when it has threads, which forks do not take along.
    """
    for name in IMPORTS:
        import_module(name)
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads > 1:
        raise RuntimeError(f"{threads} threads; set OMP_NUM_THREADS=1")


def start(folder: Path, *, at: int = 0, which: int = 0) -> int:
    """Start the command in a fork of this process; returns its id.

    At an operation on its files it sends itself a signal: at the first, the second, …
    """
    child = os.fork()
    if child:
        return child
    os.chdir(folder)
    os.environ.update(SAMEFEATURES_CACHE=str(folder / "cache"), TMPDIR=str(folder / "tmp"))
    tempfile.tempdir = None
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(os.open("stderr", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
    sys.argv = ["samefeatures", "run", "study.yaml"]
    # Of what runs in the background the shell has Ctrl-C ignored, and children inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    seen = _watched(folder, at, which)
    code: object = 1
    try:
        from samefeatures.commands.app import main

        main()
    except SystemExit as ended:
        code = ended.code or 0
    except BaseException:
        traceback.print_exc()
    sys.stderr.flush()
    (folder / "operations").write_text(str(seen[0]))
    os._exit(code if isinstance(code, int) else 1)


def _watched(folder: Path, at: int, which: int) -> list[int]:
    """Counts operations on files in a folder, and sends a signal at one of them."""
    seen, place = [0], str(folder)

    def watch(event: str, given: tuple[object, ...]) -> None:
        if event in EVENTS and str(Path(str(given[0])).absolute()).startswith(place):
            seen[0] += 1
            if seen[0] == at:
                os.kill(os.getpid(), which)

    sys.addaudithook(watch)
    return seen


def ended(process: int, seconds: float | None = None) -> int | None:
    """Exit code of a process, below 0 for a signal; None where it goes on after so many seconds."""
    until = time.monotonic() + (seconds or 0)
    while True:
        found, status = os.waitpid(process, 0 if seconds is None else os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > until:
            return None
        time.sleep(0.002)


def run_whole(folder: Path) -> None:
    """Run to the end.

    Raises:
        RuntimeError: when it fails.
    """
    if ended(start(folder)):
        raise RuntimeError((folder / "stderr").read_text()[-1000:])


def trees(folder: Path) -> dict[str, str]:
    """Every folder and file that runs leave, with what is in it."""
    found = {}
    for path in sorted(each for name in TREES for each in (folder / name).rglob("*")):
        if path.is_dir():
            content = "folder"
        elif path.name == "extraction.json":
            content = repr(sorted(json.loads(path.read_bytes())))
        elif folder / "tmp" in path.parents:  # ONNX Runtime leaves a random number
            content = "file"
        else:
            content = sha256(path.read_bytes()).hexdigest()
        found[str(path.relative_to(folder))] = content
    return found


def undisturbed(place: Path, study: str) -> Sound:
    """Run a study to its end, three times; the fastest says how long it takes."""
    folder = place / study.replace(": ", "-")
    folder.mkdir()
    write_inputs(folder)
    times = []
    for _ in range(3):
        fresh(folder, study)
        begun = time.monotonic()
        run_whole(folder)
        times.append(time.monotonic() - begun)
    operations = int((folder / "operations").read_text())
    return Sound(
        study=study, folder=folder, seconds=min(times), operations=operations, trees=trees(folder)
    )


def fresh(folder: Path, study: str) -> None:
    """Nothing but the images and the study."""
    for name in TREES:
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / "tmp").mkdir()
    (folder / "study.yaml").write_text(STUDIES[study])
