"""Which mutants do the tests kill? A sample per package, each in a fork that runs what reaches it.

    PYTHONPATH=src:tests .venv/bin/python -m benchmarks.mutation scores --sample 60 --seed 1

Tests are collected once. A first fork runs them all and notes which functions each enters; then
every mutant gets a fork, in which the functions of its module take the mutant's code in place.
With `--reach FILE` that note is kept for the next run; a test that it does not know is tried
on every mutant.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import os
import random
import resource
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any

import pytest

from benchmarks.mutants import Mutant, compiled, mutants_of

PROJECT = Path(__file__).parents[1]
SOURCE = PROJECT / "src" / "samefeatures"
SENTENCES = (
    "sentences", "certainty", "summary", "what_it_says", "sources_without_heads", "verdicts",
)  # fmt: skip
# What is mutated, and the tests held against it: those that mirror it.
PACKAGES: dict[str, tuple[list[str], list[str]]] = {
    "joint": (["joint"], ["tests/joint", "tests/study/test_streaming.py"]),
    "maps": (["maps"], ["tests/maps"]),
    "similarity": (["similarity"], ["tests/similarity"]),
    "scores": (["scores"], ["tests/scores"]),
    "study": (["study"], ["tests/study"]),
    "report": (
        [f"report/{name}.py" for name in ("sentences", "certainty", "summary")],
        [f"tests/report/test_{name}.py" for name in SENTENCES],
    ),
}
ENDED = (signal.SIGXCPU, signal.SIGALRM)
Function = tuple[str, str, int]  # file, qualified name, first line


class Mutation:
    """A pytest plugin that takes over the loop over the tests."""

    def __init__(self, mutants: list[Mutant], jobs: int, reach: Path) -> None:
        self.mutants = mutants
        self.jobs = jobs
        self.reach = reach
        self.survived: list[Mutant] = []
        self.entered: set[Function] = set()
        self.by_fixture: dict[str, set[Function]] = {}
        self.failed: list[str] = []

    @pytest.hookimpl
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        if session.testsfailed:
            return None  # pytest says which file can't be collected
        reach = self._reach(session.items)
        under_way: dict[int, tuple[int, Mutant]] = {}
        for number, mutant in enumerate(self.mutants, 1):
            ways = _ways_in(mutant)
            chosen = sorted(
                (cost, at)
                for at, item in enumerate(session.items)
                for cost, seen in [reach.get(item.nodeid, (0.0, ways))]
                if seen & ways
            )
            if not chosen:
                self._say(number, mutant, "unreached")
                continue
            if len(under_way) == self.jobs:
                self._wait(under_way)
            under_way[self._held(mutant, session.items, chosen)] = number, mutant
        while under_way:
            self._wait(under_way)
        return True

    def _wait(self, under_way: dict[int, tuple[int, Mutant]]) -> None:
        pid, status = os.wait()
        self._say(*under_way.pop(pid), _verdict(status))

    def _say(self, number: int, mutant: Mutant, verdict: str) -> None:
        if verdict not in ("killed", "timeout"):
            self.survived.append(mutant)
        print(
            f"{number}/{len(self.mutants)} {verdict} {mutant.name}\n"
            f"    {mutant.before!r}\n    {mutant.after!r}",
            flush=True,
        )

    def _reach(self, items: list[pytest.Item]) -> dict[str, tuple[float, set[Function]]]:
        """Seconds that each test takes, and the functions that it enters."""
        if not self.reach.exists():
            self.failing.unlink(missing_ok=True)  # of an earlier run
            noted = _forked(lambda: self._note(items), seconds=3000)
            if os.waitpid(noted, 0)[1]:
                names = self.failing.read_text() if self.failing.exists() else ""
                pytest.exit(f"without a mutant these fail, or took too long: {names}", 1)
        read = json.loads(self.reach.read_text())
        return {
            test: (cost, {(str(PROJECT / a), b, c) for a, b, c in seen})
            for test, (cost, seen) in read.items()
        }

    def _note(self, items: list[pytest.Item]) -> None:
        noted: list[tuple[float, set[Function]]] = []
        threading.setprofile(self._enter)
        for item, following in zip(items, [*items[1:], None], strict=True):
            self.entered = set()
            sys.setprofile(self._enter)  # again and again: what a test imports may unset it
            start = time.process_time()
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            noted.append((time.process_time() - start, self.entered))
        sys.setprofile(None)
        for item, (_, seen) in zip(items, noted, strict=True):
            seen.update(*(self.by_fixture.get(name, ()) for name in item.fixturenames))
        if self.failed:
            self.failing.write_text(", ".join(self.failed))
        else:
            tests = [item.nodeid for item in items]
            kept = [(cost, sorted(seen)) for cost, seen in noted]
            self.reach.write_text(json.dumps(dict(zip(tests, kept, strict=True))))
        os._exit(1 if self.failed else 0)

    def _enter(self, frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(str(SOURCE)):
            file = os.path.relpath(code.co_filename, PROJECT)
            self.entered.add((file, code.co_qualname, code.co_firstlineno))

    @pytest.hookimpl(hookwrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        """What a fixture of many tests enters counts for each of them, not for the first alone."""
        if fixturedef.scope == "function":
            yield
            return
        before, self.entered = self.entered, set()
        yield
        self.by_fixture.setdefault(fixturedef.argname, set()).update(self.entered)
        self.entered |= before

    @property
    def failing(self) -> Path:
        """Where a run without a mutant says what fails."""
        return self.reach.with_suffix(".failing")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)

    def _held(
        self, mutant: Mutant, items: list[pytest.Item], chosen: list[tuple[float, int]]
    ) -> int:
        """The fork in which the chosen tests, the quickest first, meet the mutant."""

        def run() -> None:
            # Whatever is imported on its first use would come without the mutant.
            parts = mutant.path.relative_to(SOURCE.parent).with_suffix("").parts
            importlib.import_module(".".join(parts).removesuffix(".__init__"))
            _take(compiled(mutant), str(mutant.path))
            places = [at for _, at in chosen]
            for at, following in zip(places, [*places[1:], None], strict=True):
                after = None if following is None else items[following]
                items[at].config.hook.pytest_runtest_protocol(item=items[at], nextitem=after)
                if self.failed:
                    os._exit(1)
            os._exit(0)

        return _forked(run, seconds=20 + int(10 * sum(cost for cost, _ in chosen)))


def _verdict(status: int) -> str:
    if os.WIFSIGNALED(status):
        return "timeout" if os.WTERMSIG(status) in ENDED else "killed"
    return {0: "SURVIVED", 1: "killed"}.get(os.WEXITSTATUS(status), "FAULT")


def _forked(run: Callable[[], None], *, seconds: int) -> int:
    """A fork that runs `run`, for so many seconds of a processor at most."""
    child = os.fork()
    if child == 0:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
        signal.alarm(10 * seconds)  # a test that waits for ever costs no processor
        try:
            run()
        finally:
            os._exit(2)
    return child


def _ways_in(mutant: Mutant) -> set[Function]:
    """The functions around the mutant's line: any of them entered may reach it."""
    path = str(mutant.path)
    codes = compiled(mutant)
    around = [
        (path, name, first)
        for (name, first), code in codes.items()
        if first <= mutant.line <= max((line or 0) for *_, line in code.co_lines())
        and "<lambda>" not in name.split(".")[-1]
    ]
    inner = [one for one in around if not one[1].endswith(">")]
    return {max(inner or around, key=lambda one: one[2])} if around else set()


def _take(codes: dict[tuple[str, int], CodeType], path: str) -> None:
    """Functions that exist take the new code; those made later come out of it."""
    for thing in gc.get_objects():
        if type(thing) is FunctionType and thing.__code__.co_filename == path:
            new = codes.get((thing.__code__.co_qualname, thing.__code__.co_firstlineno))
            if new is not None and len(new.co_freevars) == len(thing.__code__.co_freevars):
                thing.__code__ = new


def _sample(paths: list[Path], count: int, seed: int) -> list[Mutant]:
    """`count` mutants at random, the same for the same seed, every module getting its turn.

    Modules take turns in an order of their own: with fewer mutants than modules, none is favoured.
    """
    rng = random.Random(seed)
    decks = [rng.sample(deck, len(deck)) for path in paths if (deck := mutants_of(path))]
    rng.shuffle(decks)
    taken: list[Mutant] = []
    while any(decks) and len(taken) < count:
        taken += [deck.pop() for deck in decks if deck]
    return taken[:count]


def main() -> None:
    """Run one package's sample, or the mutants named in a file, and print who survives."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("package", choices=PACKAGES)
    parser.add_argument("--sample", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="mutants held at once")
    parser.add_argument("--modules", nargs="*", default=[""], help="those whose path ends so")
    parser.add_argument("--reach", type=Path, help="which test enters what: kept here, or read")
    parser.add_argument("--only", nargs="*", help="mutants by the name that a run has printed")
    told = parser.parse_args()
    modules, tests = PACKAGES[told.package]
    paths = [
        path
        for module in modules
        for path in sorted({SOURCE / module, *(SOURCE / module).rglob("*.py")})
        if path.suffix and str(path).endswith(tuple(told.modules))
    ]
    if told.only:
        mutants = [one for path in paths for one in mutants_of(path) if one.name in told.only]
    else:
        mutants = _sample(paths, told.sample, told.seed)
    with tempfile.TemporaryDirectory() as folder:
        plugin = Mutation(mutants, told.jobs, told.reach or Path(folder) / "reach.json")
        status = pytest.main(["-q", "-s", "-p", "no:cacheprovider", *tests], plugins=[plugin])
    if status:
        sys.exit(int(status))
    killed = len(mutants) - len(plugin.survived)
    print(f"{told.package}: {killed} of {len(mutants)} killed, seed {told.seed}")


if __name__ == "__main__":
    main()
