"""Kills of ``samefeatures run`` at random moments: does the same command end as if nothing was?

    OMP_NUM_THREADS=1 PYTHONPATH=src:. .venv/bin/python -m benchmarks.kills [--kills 200] [--seed 0]

Two small studies, one of them with ``store: false``, are run undisturbed. Then, again and again,
the same command is started, on an empty folder or on a finished study, and stopped: at a random
time, or at a random operation on its files, with SIGKILL, SIGTERM or SIGINT. After that it is run
to its end. Right is the same tree of files to the byte as of the undisturbed run, in the study's
folder and in the cache, and the same names in the folder for temporary files. ``extraction.json``
holds seconds and is compared by its names. SIGTERM and SIGINT must end with 143 and 130, and with
one line. Runs are forks of this process, which saves them their imports. Results go to
``results/kills.json``, and with ``./scripts/bench pages`` to docs/robustness.md.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tarfile
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.record import RESULTS, machine

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
SIGNALS = {signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: 130}
STOPPED = "Stopped. The same command goes on from here."
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """What is done, and what came of it.

    Attributes:
        number: Of the kill; with the seed it decides the rest.
        study: Which.
        start: ``nothing`` or ``finished``.
        how: ``SIGKILL``, ``SIGTERM`` or ``SIGINT``.
        when: ``time`` or ``file operation``.
        at: Seconds, or number of the operation.
        outcome: ``same``, ``ended before``, or what is wrong.
    """

    number: int
    study: str
    start: str
    how: str
    when: str
    at: float
    outcome: str


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


def stopped(folder: Path, kill: Kill) -> tuple[int | None, str]:
    """Start it and stop it; its exit code and what it said on stderr."""
    which = signal.Signals[kill.how]
    if kill.when == "time":
        process = start(folder)
        code = ended(process, kill.at)
        if code is None:
            os.kill(process, which)
            code = ended(process)
    else:
        code = ended(start(folder, at=int(kill.at), which=which))
    return code, (folder / "stderr").read_text(errors="replace")


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
    """Run a study: so long it takes, and to these bytes."""
    folder = place / study.replace(": ", "-")
    folder.mkdir()
    write_inputs(folder)
    fresh(folder, study)
    begun = time.monotonic()
    run_whole(folder)
    seconds = time.monotonic() - begun
    operations = int((folder / "operations").read_text())
    return Sound(
        study=study, folder=folder, seconds=seconds, operations=operations, trees=trees(folder)
    )


def fresh(folder: Path, study: str) -> None:
    """Nothing but the images and the study."""
    for name in TREES:
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / "tmp").mkdir()
    (folder / "study.yaml").write_text(STUDIES[study])


def chosen(number: int, sounds: Sequence[Sound], seed: int) -> tuple[Kill, Sound]:
    """What is done in a kill of this number."""
    rng = random.Random(f"{seed} {number}")
    sound = rng.choices(sounds, weights=[4, 1])[0]
    when = ("time", "file operation")[number % 2]
    at = rng.uniform(0, sound.seconds) if when == "time" else rng.randint(1, sound.operations)
    how = rng.choices(list(SIGNALS), weights=[3, 1, 1])[0]
    kill = Kill(
        number=number, study=sound.study, start=rng.choice(("nothing",) * 4 + ("finished",)),
        how=how.name, when=when, at=at, outcome="",
    )  # fmt: skip
    return kill, sound


def outcome_of(kill: Kill, sound: Sound) -> str:
    """Stop it, run it to its end, and hold what is there against the undisturbed run."""
    folder = sound.folder
    if kill.start == "nothing":
        fresh(folder, sound.study)
    code, said = stopped(folder, kill)
    ended_before = code == 0
    problem = "" if ended_before else how_it_ended(code, said, signal.Signals[kill.how])
    try:
        run_whole(folder)
    except RuntimeError as error:
        problem = f"does not go on: {error}"
    found = trees(folder)
    differ = sorted(
        name for name in {*found, *sound.trees} if found.get(name) != sound.trees.get(name)
    )
    if differ:
        problem = f"differs: {', '.join(differ[:5])} ({len(differ)})"
    if problem:  # the next one starts from a sound study
        fresh(folder, sound.study)
        run_whole(folder)
    return problem or ("ended before" if ended_before else "same")


def how_it_ended(code: int | None, said: str, which: signal.Signals) -> str:
    """What is wrong with its end; nothing where it is right."""
    if which == signal.SIGKILL:
        return "" if code == -which else f"exit code {code}"
    if code != SIGNALS[which]:
        return f"exit code {code}: {said[-300:]}"
    lines = [line for line in said.splitlines() if line.strip()]
    return "" if lines[-1:] == [STOPPED] and "Traceback" not in said else f"said: {said[-300:]}"


def keep(kills: Sequence[Kill], sounds: Sequence[Sound], seed: int) -> None:
    """Write what was found."""
    record = {
        "suite": "kills",
        **machine(),
        "seed": seed,
        "seconds": {each.study: round(each.seconds, 1) for each in sounds},
        "operations": {each.study: each.operations for each in sounds},
        "kills": [asdict(kill) for kill in kills],
    }
    (RESULTS / "kills.json").write_text(json.dumps(record, indent=1) + "\n")


def campaign(count: int, seed: int, place: Path) -> tuple[list[Kill], list[Sound]]:
    """So many kills of studies in a folder."""
    ready()
    sounds = [undisturbed(place, study) for study in STUDIES]
    done = []
    for number in range(count):
        kill, sound = chosen(number, sounds, seed)
        values: dict[str, Any] = asdict(kill) | {"outcome": outcome_of(kill, sound)}
        done.append(Kill(**values))
        print(json.dumps(values), flush=True)
    return done, sounds


def main() -> int:
    """Run, print and keep; 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", action="store_true", help="Write results/kills.json.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kills-") as place:
        done, sounds = campaign(given.kills, given.seed, Path(place))
        if given.keep:
            keep(done, sounds, given.seed)
    return int(any(kill.outcome not in ("same", "ended before") for kill in done))


if __name__ == "__main__":
    sys.exit(main())
