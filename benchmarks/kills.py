"""Kills of ``samefeatures run`` at random moments: does the same command end as if nothing was?

    OMP_NUM_THREADS=1 PYTHONPATH=src:. .venv/bin/python -m benchmarks.kills [--kills 200] [--go-on]

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
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from benchmarks.kills_runs import (
    STUDIES,
    Sound,
    ended,
    fresh,
    ready,
    run_whole,
    start,
    trees,
    undisturbed,
)
from benchmarks.record import RESULTS, machine
from samefeatures.commands.ending import STOPPED

SIGNALS = {signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: 130}


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


def known() -> list[Kill]:
    """What was found before."""
    path = RESULTS / "kills.json"
    found = json.loads(path.read_text())["kills"] if path.exists() else []
    return [Kill(**each) for each in found]


def campaign(count: int, seed: int, place: Path, *, done: Sequence[Kill] = ()) -> list[Kill]:
    """So many kills of studies in a folder, but for those that were done; all are kept."""
    ready()
    sounds = [undisturbed(place, study) for study in STUDIES]
    found = {kill.number: kill for kill in done}
    for number in range(count):
        if number in found:
            continue
        kill, sound = chosen(number, sounds, seed)
        found[number] = replace(kill, outcome=outcome_of(kill, sound))
        print(json.dumps(asdict(found[number])), flush=True)
        keep([found[each] for each in sorted(found)], sounds, seed)
    return list(found.values())


def main() -> int:
    """Run, print and keep; 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--go-on", action="store_true", help="Not those that are kept already.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kills-") as place:
        done = known() if given.go_on else []
        found = campaign(given.kills, given.seed, Path(place), done=done)
    return int(any(kill.outcome not in ("same", "ended before") for kill in found))


if __name__ == "__main__":
    sys.exit(main())
