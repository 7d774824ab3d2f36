"""What ``samefeatures plan`` says of a small study, against what running it takes.

Six miniatures on 1,500 + 1,500 images, five methods. Planned, run, and planned again; the mean of
the two plans counts, since other work comes and goes.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from time import perf_counter

from benchmarks.record import Line
from samefeatures.networks.miniatures.catalogue import NAMES
from samefeatures.planning.plan import Plan, make_plan
from samefeatures.study.config import StudyConfig, parse_config
from samefeatures.study.study import Study

IMAGES, NETWORKS, FACTOR = 1500, 6, 2.0
"""The sum is to be right within ``FACTOR``."""


def config() -> StudyConfig:
    """A part of the demo."""
    return parse_config(
        {
            "networks": [f"mini:{name}" for name in NAMES[:NETWORKS]],
            "data": {
                "fit": {"source": "fashion-mnist:fit", "limit": IMAGES},
                "eval": {"source": "fashion-mnist:eval", "limit": IMAGES},
            },
            "methods": ["ols", "ridge", "logit", "naive", {"cosine": {"tolerance": 1e-3}}],
        }
    )


def run() -> list[Line]:
    """Extraction, maps and scores, and all of it; disk too."""
    with tempfile.TemporaryDirectory() as place:
        base = Path(place)
        first = _plan(base / "first")
        study = Study(config(), out=base / "run", base=base)
        times = {}
        _ = study.inputs  # loading was measured, and is not estimated
        for stage, work in {
            "extraction": study.extract, "maps": study.fit, "scores": study.score,
        }.items():  # fmt: skip
            start = perf_counter()
            work()
            times[stage] = perf_counter() - start
        disk = sum(f.stat().st_size for f in (base / "run").rglob("*") if f.is_file())
        second = _plan(base / "second")
        done = make_plan(study)
    lines = [
        _line(f"plan: {stage}", _mean(first, second, stage), seconds, "s")
        for stage, seconds in times.items()
    ]
    whole = sum(_mean(first, second, stage) for stage in times)
    lines.append(_line("plan: all of it", whole, sum(times.values()), "s"))
    lines.append(_line("plan: disk", (first.disk + second.disk) / 2e6, disk / 1e6, "MB"))
    left = sum(s.seconds for s in done.stages if _group(s.name) in ("extraction", "maps"))
    lines.append(
        Line(
            stage="plan: extraction and maps once they are done", ours=left, peer="run",
            theirs=0.0, ratio=left, goal="at most 0.01 s", met=left <= 0.01,
        )
    )  # fmt: skip
    return lines


def _plan(folder: Path) -> Plan:
    return make_plan(Study(config(), out=folder, base=folder.parent))


def _group(name: str) -> str:
    if name.startswith(("network ", "decode", "store")):
        return "extraction"
    if name.startswith("maps") or name == "moments of the fit set":
        return "maps"
    return "scores" if name in ("scores", "moments of the eval set") else "other"


def _mean(first: Plan, second: Plan, group: str) -> float:
    found = [sum(s.seconds for s in plan.stages if _group(s.name) == group)
             for plan in (first, second)]  # fmt: skip
    return sum(found) / 2


def _line(stage: str, ours: float, real: float, unit: str) -> Line:
    ratio = ours / real
    factor = FACTOR if stage in ("plan: all of it", "plan: disk") else 3.0
    return Line(
        stage=stage,
        ours=ours,
        peer="run",
        theirs=real,
        ratio=ratio,
        goal=f"within {factor:g}x",
        met=1 / factor <= ratio <= factor,
        unit=unit,
    )
