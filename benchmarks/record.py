"""One line of a benchmark, and where lines are kept."""

from __future__ import annotations

import datetime
import json
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("samefeatures", "numpy", "scipy", "scikit-learn", "onnxruntime", "torch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What was measured against what.

    Attributes:
        stage: What is timed.
        ours: Our figure, in ``unit``.
        peer: What it is held against.
        theirs: The peer's figure in the same run.
        ratio: As ``better`` says: ours / theirs, or theirs / ours.
        goal: What the ratio should be, in words, e.g. ``at most 1.3``.
        met: Whether it is.
        unit: Of both figures.
    """

    stage: str
    ours: float
    peer: str
    theirs: float
    ratio: float
    goal: str
    met: bool
    unit: str = "s"


def at_most(stage: str, ours: float, peer: str, theirs: float, limit: float, **kw: str) -> Line:
    """ours / theirs must not be above ``limit``."""
    ratio = ours / theirs
    goal = f"at most {limit}x"
    return Line(
        stage=stage,
        ours=ours,
        peer=peer,
        theirs=theirs,
        ratio=ratio,
        goal=goal,
        met=ratio <= limit,
        **kw,
    )


def at_least(stage: str, ours: float, peer: str, theirs: float, limit: float, **kw: str) -> Line:
    """theirs / ours must not be below ``limit``: how many times faster we are."""
    ratio = theirs / ours
    goal = f"at least {limit}x"
    return Line(
        stage=stage,
        ours=ours,
        peer=peer,
        theirs=theirs,
        ratio=ratio,
        goal=goal,
        met=ratio >= limit,
        **kw,
    )


def seconds(work: Callable[[], object], *, repeat: int = 1) -> float:
    """Fastest of ``repeat`` runs."""
    times = []
    for _ in range(repeat):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return min(times)


def processor() -> str:
    """The processor's name, as the system tells it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for row in info.read_text().splitlines():
            if row.startswith("model name"):
                return row.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def keep(suite: str, lines: Sequence[Line], *, notes: str = "") -> Path:
    """Write the lines of a suite with machine, versions and date."""
    import os

    record = {
        "suite": suite,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": f"{processor()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
        "notes": notes,
        "lines": [asdict(line) for line in lines],
    }
    path = RESULTS / f"{suite}.json"
    path.write_text(json.dumps(record, indent=1) + "\n")
    return path
