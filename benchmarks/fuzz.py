"""Damage to every file that the program reads: what does it say?

    PYTHONPATH=src:. .venv/bin/python -m benchmarks.fuzz [--share 0.02] [--seed 0] [--only TEXT]
    … --sample 2000

A process a kind of file makes a sound one, reads it, and then damages it again and again: all
single bits of small files, and seeded damage of other kinds. Right is an error of ours in one
line, or the same result, or that a derived file is computed again; of users' files another result
too, for they may say something else. Wrong is a traceback, another result of a file of ours, more
than 2 GiB, more than 20 seconds of computing (or 120 without an end), or the end of the process.
Results go to ``results/fuzz.json``, those of ``--only`` in place of what is there, and with
``./scripts/bench pages`` to docs/robustness.md.
"""

from __future__ import annotations

import argparse
import json
import logging
import mmap
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from benchmarks.fuzz_mutations import flips, mutations
from benchmarks.fuzz_targets import TARGETS
from benchmarks.fuzz_users import Target, print_of
from benchmarks.record import RESULTS, machine

SECONDS = 20.0
"""Of computing."""
WAITING = 120.0
"""Seconds in which others may have the processor."""
GROWTH = 2 * 2**30
WRONG = ("traceback", "other result", "memory", "hang", "end of process", "several lines")
Case = tuple[Path, bytes | None]


def cases(target: Target, files: list[Path], share: float, seed: int) -> Iterator[Case]:
    """Each damaged file with its bytes; None where it is gone."""
    for path in files:
        whole = path.read_bytes()
        count = max(3, round(share * target.count))
        bits = max(10, round(share * target.bits))
        altered = chain(mutations(whole, count, seed), flips(whole, bits))
        yield from ((path, data) for data in altered)


def tried(
    target: Target, room: Path, *, share: float, seed: int, first: int = 0
) -> Iterator[tuple[int, str, str]]:
    """Number of the case, its outcome, and what was said; (number, "", "") before it is read.

    Args:
        target: A kind of file.
        room: An empty folder.
        share: Of all cases.
        seed: Decides what is damaged.
        first: Case to begin with.
    """
    folder = room / "here"
    folder.mkdir(parents=True)
    os.environ["SAMEFEATURES_CACHE"] = str(room / "cache")
    files = target.make(folder)
    sound = {path: path.read_bytes() for path in files}
    expected = print_of(target.read(folder))
    yield first, "", ""
    for i, (path, data) in enumerate(cases(target, files, share, seed)):
        if i < first:
            continue
        if data is None:
            path.unlink()
        else:
            path.write_bytes(data)
        yield i, "", ""
        outcome, said = outcome_of(target, folder, expected)
        yield i, outcome, said if outcome in WRONG else ""
        path.write_bytes(sound[path])


def outcome_of(target: Target, folder: Path, expected: str) -> tuple[str, str]:
    """What becomes of a damaged file, and what is said."""
    from samefeatures.base.errors import SamefeaturesError

    start = time.process_time()
    try:
        found = target.read(folder)
        outcome, said = "other result" if target.ours else "read", ""
        if print_of(found) == expected:
            outcome = "same"
        elif found is None:
            outcome = "computed again"
    except SamefeaturesError as error:
        said = str(error)
        outcome = "several lines" if "\n" in said else "refused"
    except MemoryError:
        outcome, said = "memory", ""
    except BaseException as error:  # panics too
        frame = traceback.extract_tb(error.__traceback__)[-1]
        outcome = "traceback"
        said = f"{type(error).__name__}: {error} ({Path(frame.filename).name}:{frame.lineno})"
    return ("hang", said) if time.process_time() - start > SECONDS else (outcome, said)


def work(what: str, share: float, seed: int, first: int, beat: Path) -> None:
    """One kind of file from a case on, in a process of its own; a line of JSON for each outcome."""
    _quiet()
    target = next(each for each in TARGETS if each.what == what)
    with beat.open("r+b") as file:
        number = mmap.mmap(file.fileno(), 8)
    room = beat.parent / f"from {first}"
    limited = False
    for i, outcome, said in tried(target, room, share=share, seed=seed, first=first):
        if outcome:
            print(json.dumps({"case": i, "outcome": outcome, "said": said[:300]}), flush=True)
            continue
        if not limited:  # the sound one has been read
            limit, limited = _held() + GROWTH, True
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        number[:] = i.to_bytes(8, "little")
    shutil.rmtree(room)


def sample(count: int, seed: int) -> list[str]:
    """A few cases of every kind, in this process; what was wrong, a line each."""
    _quiet()
    share = count / sum(target.count + target.bits for target in TARGETS)
    wrong, cases_tried = [], 0
    with tempfile.TemporaryDirectory(prefix="fuzz-") as place:
        for number, target in enumerate(TARGETS):
            for i, outcome, said in tried(
                target, Path(place) / str(number), share=share, seed=seed
            ):
                cases_tried += bool(outcome)
                if outcome in WRONG:
                    wrong.append(f"{target.what}, case {i}: {outcome} {said}")
    print(f"{cases_tried} cases")
    return wrong


def _quiet() -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)


def _held() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def fuzz(target: Target, *, share: float, seed: int) -> dict[str, Any]:
    """All cases of one kind of file; a process that ends or hangs is noted, and another goes on."""
    outcomes: Counter[str] = Counter()
    wrong: list[dict[str, Any]] = []
    first, start = 0, time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as room:
        while True:
            beat = Path(room) / "beat"
            beat.write_bytes((0).to_bytes(8, "little"))
            lines, ended = _watched(target.what, share, seed, first, beat)
            for line in lines:
                outcomes[line["outcome"]] += 1
                if line["outcome"] in WRONG:
                    wrong.append(line)
            if not ended:
                break
            last = int.from_bytes(beat.read_bytes(), "little")
            outcomes[ended] += 1
            wrong.append({"case": last, "outcome": ended.split(":")[0], "said": ""})
            first = last + 1
    return {
        "what": target.what,
        "ours": target.ours,
        "cases": sum(outcomes.values()),
        "seconds": round(time.monotonic() - start, 1),
        "outcomes": dict(outcomes),
        "wrong": wrong[:20],
    }


def _watched(
    what: str, share: float, seed: int, first: int, beat: Path
) -> tuple[list[dict[str, Any]], str]:
    """Outcomes, and how the process ended if not well."""
    code = "from benchmarks.fuzz import work; from pathlib import Path; "
    code += f"work({what!r}, {share}, {seed}, {first}, Path({str(beat)!r}))"
    log, failed = beat.with_name("lines"), beat.with_name("stderr")
    with log.open("wb") as out, failed.open("wb") as err:
        process = subprocess.Popen([sys.executable, "-c", code], stdout=out, stderr=err)
        seen, since, hang = -1, (0.0, 0.0), False
        while process.poll() is None:
            time.sleep(0.05)
            now, at = int.from_bytes(beat.read_bytes(), "little"), (time.monotonic(), _cpu(process))
            if now != seen:
                more = 60 if seen < 0 else 0  # for imports
                seen, since = now, (at[0] + more, at[1] + more)
            elif at[0] - since[0] > WAITING or at[1] - since[1] > SECONDS:
                hang = True
                process.kill()
                process.wait()
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.endswith("}")]
    if process.returncode == 0:
        return lines, ""
    if not hang and process.returncode > 0:
        raise RuntimeError(f"{what}: the harness failed: {failed.read_text()[-2000:]}")
    return lines, "hang" if hang else "end of process"


def _cpu(process: subprocess.Popen[bytes]) -> float:
    """Seconds that a process has computed."""
    try:
        said = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has ended
        return 0.0
    return (int(said[11]) + int(said[12])) / os.sysconf("SC_CLK_TCK")


def kinds_kept() -> dict[str, dict[str, Any]]:
    """What was found before, by kind."""
    path = RESULTS / "fuzz.json"
    kinds = json.loads(path.read_text())["kinds"] if path.exists() else []
    return {each["what"]: each for each in kinds}


def keep_kinds(found: Sequence[dict[str, Any]], seed: int) -> None:
    """Keep what was found, and of other kinds what was found before."""
    path = RESULTS / "fuzz.json"
    by_name = kinds_kept() | {each["what"]: each for each in found}
    kinds = [by_name[target.what] for target in TARGETS if target.what in by_name]
    record = {"suite": "fuzz", **machine(), "seed": seed, "kinds": kinds}
    path.write_text(json.dumps(record, indent=1) + "\n")


def main() -> int:
    """Run, print and keep; 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="Of all cases.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="Kinds whose name holds this.")
    parser.add_argument("--go-on", action="store_true", help="Not those that are kept already.")
    parser.add_argument("--sample", type=int, default=0, help="So many cases, in one process.")
    given = parser.parse_args()
    if given.sample:
        wrong = sample(given.sample, given.seed)
        print("\n".join(wrong))
        return int(bool(wrong))
    done = kinds_kept() if given.go_on else {}
    chosen = [each for each in TARGETS if given.only in each.what and each.what not in done]
    found = []
    for target in chosen:
        found.append(fuzz(target, share=given.share, seed=given.seed))
        print(json.dumps(found[-1]), flush=True)
        if given.share == 1:
            keep_kinds(found, given.seed)
    return int(any(each["wrong"] for each in found))


if __name__ == "__main__":
    sys.exit(main())
