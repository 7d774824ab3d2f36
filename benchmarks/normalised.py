"""The normalised loss: ``cosine`` against ``adam`` and ``ols``, on the miniatures and ImageNet.

Needs the features of the demo (``./scripts/demo``), and of examples/imagenet-ten for its part,
which is left out where they are not. Adam runs for some of its 100,000 iterations; its time and its
loss are extrapolated from there. Times are those of the processor, summed over its cores, so that
other work on the machine does not count.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import numpy as np

from benchmarks.record import Line, at_least
from samefeatures.features.rows import FeatureRows, joint_chunks
from samefeatures.joint.record import Moments
from samefeatures.maps import OLS, Adam, AffineMap, Cosine, SourceProblem
from samefeatures.scores.heads import score_heads
from samefeatures.study.config import StudyConfig, read_config
from samefeatures.study.demo import demo_config
from samefeatures.study.scoring import labelled
from samefeatures.study.study import Study

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "imagenet-ten"
WHOLE = Adam().iterations


@dataclass(frozen=True, slots=True)
class Case:
    """A study with features, one source, and as many Adam iterations as there is time for."""

    name: str
    study: Study
    source: str
    iterations: int


def cases() -> list[Case]:
    """The miniatures, and three networks of imagenet-ten if their features are there."""
    demo = Study(demo_config(), out=ROOT / "out" / "demo", base=ROOT)
    found = [Case("miniatures", demo, "resnet_v1", 1000)]
    folder = ROOT / "out" / "imagenet-ten"
    if (folder / "features").exists() and (EXAMPLE / "data").exists():
        names = ("mobilenet_v1_0.5", "mobilenet_v1_0.25", "squeezenet_1.1")
        config = _only(read_config(EXAMPLE / "study.yaml"), names)
        found.append(Case("imagenet-ten", Study(config, out=folder, base=EXAMPLE), names[0], 400))
    return found


def _only(config: StudyConfig, names: Sequence[str]) -> StudyConfig:
    kept = tuple(entry for entry in config.networks if entry.name in names)
    return config.model_copy(update={"networks": kept})


def run() -> list[Line]:
    """Seconds, training loss and accuracy of every case."""
    return [line for case in cases() for line in _case(case)]


def _case(case: Case) -> list[Line]:
    fit, evaluation = case.study.extract()
    networks, rows = case.study.inputs.networks, fit.rows
    moments = Moments(list(rows), [part.dim for part in rows.values()])
    for blocks in joint_chunks(list(rows.values()), 4096):
        moments.update(*blocks)
    problem = SourceProblem(case.source, networks, moments, rows=rows)
    targets = [name for name in networks if name != case.source]
    ols, ols_seconds = _timed(lambda: list(OLS().fit(problem, targets)))
    cosine, seconds = _timed(lambda: list(Cosine().fit(problem, targets)))
    least = list(Cosine(tolerance=1e-7).fit(problem, targets))
    short = Adam(iterations=case.iterations)
    adam, some = _timed(lambda: list(short.fit(problem, targets)))

    losses = {name: _losses(maps, rows) for name, maps in _named(ols, cosine, adam, least).items()}
    extrapolated = [_extrapolated(m, low) for m, low in zip(adam, losses["least"], strict=True)]
    top1 = {
        name: np.mean([_top1(m, case.study, evaluation.rows) for m in maps])
        for name, maps in _named(ols, cosine, adam).items()
    }
    means = {name: float(np.mean(values)) for name, values in losses.items()}
    what = f"{case.name}: {case.source} to {len(targets)}"
    partly = f"adam, {case.iterations:,} of {WHOLE:,} iterations"
    goal = f"adam, {WHOLE:,} iterations, extrapolated"
    passes = max(m.fit.steps or 0 for m in cosine)
    whole = some * WHOLE / case.iterations
    return [
        at_least(f"{what}: cosine, {passes} passes", seconds + ols_seconds, goal, whole, 20),
        _at_most(f"{what}: training loss", means["cosine"], goal, float(np.mean(extrapolated))),
        _at_most(f"{what}: training loss", means["cosine"], partly, means["adam"]),
        _at_most(f"{what}: training loss", means["cosine"], "ols", means["ols"]),
        _at_most(f"{what}: training loss", means["cosine"], "its minimum", means["least"], 1.001),
        _shown(f"{what}: top-1 of cosine, mean", top1["cosine"], "ols", top1["ols"]),
        _shown(f"{what}: top-1 of cosine, mean", top1["cosine"], partly, top1["adam"]),
    ]


def _named(*maps: list[AffineMap]) -> dict[str, list[AffineMap]]:
    return dict(zip(("ols", "cosine", "adam", "least"), maps, strict=False))


def _timed(work: Callable[[], list[AffineMap]]) -> tuple[list[AffineMap], float]:
    start = process_time()
    maps = work()
    return maps, process_time() - start


def _losses(maps: Sequence[AffineMap], rows: Mapping[str, FeatureRows]) -> list[float]:
    """The paper's E over all fit rows, written out."""
    found = []
    for fitted in maps:
        total, n = 0.0, 0
        for x, y in joint_chunks([rows[fitted.source], rows[fitted.target]], 4096):
            p = x @ fitted.weight.T + fitted.bias
            p /= np.linalg.norm(p, axis=1, keepdims=True)
            unit = y / np.linalg.norm(y.astype(np.float64), axis=1, keepdims=True)
            total, n = total + float(((p - unit) ** 2).sum()), n + len(x)
        found.append(total / n)
    return found


def _extrapolated(fitted: AffineMap, least: float) -> float:
    """Loss after all iterations: its excess over the minimum falls on as a power of their number.

    The power is that between the second and the last quarter of what was run. A rate of 0.1 in
    noisy batches stops falling at some excess, so that this favours Adam.
    """
    assert fitted.curve is not None
    loss = fitted.curve.loss
    n = len(loss)
    early, late = loss[n // 4 : n // 2].mean() - least, loss[3 * n // 4 :].mean() - least
    power = np.log(early / late) / np.log((7 / 8) / (3 / 8))
    return float(least + late * (WHOLE / (7 / 8 * n)) ** -power)


def _top1(fitted: AffineMap, study: Study, rows: Mapping[str, FeatureRows]) -> float:
    head = fitted.fold(study.inputs.networks[fitted.target])
    return score_heads(labelled(rows[fitted.source], study.eval_labels), [head])[0].top1


def _at_most(stage: str, ours: float, peer: str, theirs: float, limit: float = 1.0) -> Line:
    ratio = ours / theirs
    goal = "no higher" if limit == 1 else f"at most {limit}x"
    return Line(
        stage=stage,
        ours=ours,
        peer=peer,
        theirs=theirs,
        ratio=ratio,
        goal=goal,
        met=ratio <= limit,
        unit="",
    )


def _shown(stage: str, ours: float, peer: str, theirs: float) -> Line:
    return Line(
        stage=stage,
        ours=float(ours),
        peer=peer,
        theirs=float(theirs),
        ratio=float(ours / theirs),
        goal="none",
        met=True,
        unit="%",
    )
