"""``python -m benchmarks.coverage timm torchvision …``: which models of a zoo load and are proved.

Every model has random weights, so nothing is downloaded. Each is loaded as a user would, and held
against the library's own logits on images that the proof has not seen. Results are kept after each
model in results/coverage.json; a run goes on where the last one stopped, and ``--again`` tries
those anew that were not proved. The tables of docs/coverage.md are then written from all results.

A zoo is a module ``benchmarks/coverage_ZOO.py`` with ``PACKAGES`` and ``cases()``.
"""

from __future__ import annotations

import gc
import importlib
import json
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.pages import DOCS, fill, table
from benchmarks.record import RESULTS, machine
from samefeatures.base.arrays import Float32
from samefeatures.base.errors import SamefeaturesError
from samefeatures.networks.load import load
from samefeatures.networks.proof import probe_images, relative
from samefeatures.networks.record import ImageNetwork

KEPT = RESULTS / "coverage.json"
PAGE = DOCS / "coverage.md"
ALLOWED = 1e-4
"""Of the largest logit, between ours and the library's: twice as deep as the proof's sums."""
OUTCOMES = ("proved", "refused", "wrong", "failed", "not made")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A model that lies on the disk.

    Attributes:
        source: As a user would give it.
        logits: The library's own, of (b, 3, h, w) preprocessed images.
        preprocessing: Where the source does not say it.
        allowed: Difference, of the largest logit.
    """

    source: str
    logits: Callable[[Float32], Float32]
    preprocessing: Mapping[str, object] = field(default_factory=dict)
    allowed: float = ALLOWED


@dataclass(frozen=True, slots=True)
class Case:
    """A model of a zoo, which ``make`` puts into a folder."""

    name: str
    make: Callable[[Path], Made]


def try_case(case: Case, folder: Path) -> dict[str, object]:
    """What comes of a model: one of ``OUTCOMES``, and the reason or what was found."""
    try:
        made = case.make(folder)
    except Exception as error:  # the library can't make it on its own, without weights or so small
        return {"outcome": "not made", "why": _short(error, "")}
    try:
        network = load(made.source, threads=1, preprocessing=made.preprocessing)
    except SamefeaturesError as error:
        return {"outcome": "refused", "why": _short(error, made.source)}
    except Exception as error:  # what we did not foresee
        return {"outcome": "failed", "why": _short(error, made.source)}
    assert isinstance(network, ImageNetwork)
    assert network.split is not None
    images = probe_images(network.preprocessing, count=2, seed=5)
    ours, theirs = network.head.logits(network.backend.features(images)), made.logits(images)
    away = relative(ours, theirs)
    found = {"split": network.split.layer, "dim": network.dim, "difference": float(f"{away:.1e}")}
    return {"outcome": "proved" if away <= made.allowed else "wrong", **found}


def _short(error: Exception, source: str) -> str:
    text = str(error).strip()
    said = text if isinstance(error, SamefeaturesError) else f"{type(error).__name__}: {text}"
    if source:
        said = said.replace(f"{source}: ", "").replace(source, "it")
    return said.partition("\n")[0][:300]


def run(zoo: str, cases: Iterable[Case], packages: Iterable[str], *, again: bool = False) -> None:
    """Try all models of a zoo that were not tried, and keep what comes of each."""
    kept = read()
    versions = {name: version(name) for name in packages}
    before = kept.get(zoo, {})
    done = before.get("cases", {}) if before.get("versions") == versions else {}
    if again:
        done = {name: found for name, found in done.items() if found["outcome"] == "proved"}
    for case in cases:
        if case.name not in done:
            with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
                warnings.simplefilter("ignore")
                done[case.name] = try_case(case, Path(folder))
            print(zoo, case.name, *done[case.name].values(), flush=True)
            gc.collect()
        kept[zoo] = {"date": machine()["date"], "versions": versions, "cases": done}
        KEPT.write_text(json.dumps(kept, indent=1) + "\n")


def read() -> dict[str, Any]:
    """What was found so far, by zoo."""
    found: dict[str, Any] = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    return found


def summary(kept: Mapping[str, Any]) -> str:
    """A row a zoo."""
    rows: list[tuple[str, ...]] = [("zoo", "versions", "tried", *OUTCOMES)]
    for zoo, found in kept.items():
        counts = Counter(case["outcome"] for case in found["cases"].values())
        versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
        numbers = (str(counts[outcome]) for outcome in OUTCOMES)
        rows.append((zoo, versions, str(counts.total()), *numbers))
    return table(rows, left=2)


def others(kept: Mapping[str, Any]) -> str:
    """A row for every model that was not proved."""
    rows = [("model", "what came", "reason")]
    for zoo, found in kept.items():
        for name, case in sorted(found["cases"].items()):
            if case["outcome"] != "proved":
                why = case.get("why") or f"differs by {case['difference']:.0e}"
                rows.append((f"{zoo}: {name}", case["outcome"], why.replace("|", "\\|")))
    return table(rows, left=3)


def write_page() -> Path:
    """Write the tables of docs/coverage.md anew."""
    kept = read()
    return fill(PAGE, {"summary": lambda: summary(kept), "others": lambda: others(kept)})


def main(words: list[str]) -> int:
    """Run zoos, then write the page; without any, only write it."""
    again = "--again" in words
    for zoo in [word for word in words if word != "--again"]:
        module = importlib.import_module(f"benchmarks.coverage_{zoo}")
        run(zoo, module.cases(), module.PACKAGES, again=again)
    print(write_page())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
