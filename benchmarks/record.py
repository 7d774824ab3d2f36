"""One line of a benchmark, and where lines are kept."""

from __future__ import annotations

import datetime
import json
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

RESULTS = Path(__file__).parent / "results"
PACKAGES = (
    "samefeatures", "numpy", "scipy", "scikit-learn", "onnxruntime", "torch", "timm", "zarr",
    "himalaya", "latentis", "thingsvision",
)  # fmt: skip


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
        limit: What the machine itself allows in the same run, in ``unit``; None if not measured.
        allows: What the limit is the figure of, e.g. ``float64 products``.
        share: How much of the limit we reach, 1 at most but for noise; None without a limit.
        difference: Largest difference between our answer and the peer's; None if not held together.
    """

    stage: str
    ours: float
    peer: str
    theirs: float
    ratio: float
    goal: str
    met: bool
    unit: str = "s"
    limit: float | None = None
    allows: str = ""
    share: float | None = None
    difference: float | None = None


def at_most(stage: str, ours: float, peer: str, theirs: float, limit: float, **kw: Any) -> Line:
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


def at_least(stage: str, ours: float, peer: str, theirs: float, limit: float, **kw: Any) -> Line:
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


def allowed(stage: str, ours: float, limit: float, unit: str) -> Line:
    """Our figure must not be above a limit in the same unit."""
    return Line(
        stage=stage,
        ours=ours,
        peer="allowed",
        theirs=limit,
        ratio=ours / limit,
        goal=f"at most {limit:.0f} {unit}",
        met=ours <= limit,
        unit=unit,
    )


def within(line: Line, limit: float, allows: str) -> Line:
    """The same line beside what the machine allows: a least time or size, or a highest rate."""
    rate = line.unit.endswith("/s")
    return replace(
        line, limit=limit, allows=allows, share=line.ours / limit if rate else limit / line.ours
    )


def alternately(*works: Callable[[], object], repeat: int = 3, at_hand: int = 0) -> list[float]:
    """Fastest of ``repeat`` runs of each, in turns, since other work comes and goes.

    Args:
        works: What is timed.
        repeat: How often.
        at_hand: Bytes that are taken and let go before each. The host of a virtual machine takes
            back what lay free for a second, and to get it again is slow (0.3 s for 250 MB seen):
            that would count against whoever needs more memory than the work before it.
    """

    def timed(work: Callable[[], object]) -> float:
        np.ones(at_hand, np.uint8)
        return seconds(work)

    rounds = [[timed(work) for work in works] for _ in range(repeat)]
    return [min(times) for times in zip(*rounds, strict=True)]


def product_rate(dtype: type[np.floating], *, size: int = 2048) -> float:
    """Multiply-adds a second of the bare matrix product of two square matrices."""
    square = np.random.default_rng(0).standard_normal((size, size)).astype(dtype)
    out = np.empty_like(square)
    return float(size**3 / seconds(lambda: np.matmul(square, square, out=out), repeat=5))


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


def machine() -> dict[str, Any]:
    """What was measured on: date, processor, cores, memory, versions."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": f"{processor()}, {os.cpu_count()} cores",
        "memory_gb": round(memory / 1e9, 1),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "versions": {name: found for name in PACKAGES if (found := _version(name))},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def keep(suite: str, lines: Sequence[Line], *, notes: str = "") -> Path:
    """Write the lines of a suite with machine, versions and date.

    ``load`` is the system's mean number of busy processes when the suite ended.
    """
    kept = [asdict(line) for line in lines]
    record = {"suite": suite, **machine(), "notes": notes, "lines": kept}
    path = RESULTS / f"{suite}.json"
    path.write_text(json.dumps(record, indent=1) + "\n")
    return path


def kept(suite: str) -> dict[str, Any]:
    """What the last run of a suite left."""
    found: dict[str, Any] = json.loads((RESULTS / f"{suite}.json").read_text())
    return found
