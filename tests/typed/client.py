"""A package of somebody else that uses ours: mypy reads it in tests/test_typed_client.py."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import assert_type

import numpy as np
import numpy.typing as npt

import samefeatures as sf


def arrays(x: npt.NDArray[np.float32], y: npt.NDArray[np.float32]) -> float:
    affine = sf.fit_map(x, y, method=sf.Ridge(alpha=0.1))
    assert_type(affine, sf.AffineMap)
    assert_type(affine.fit, sf.FitNote)
    assert_type(affine.fit.rank, int | None)
    assert_type(affine.weight, npt.NDArray[np.float64])
    affine.apply(x)
    results = sf.compare({"a": x, "b": y}, methods=[sf.OLS()])
    assert_type(results, sf.StudyResults)
    assert_type(results.table("ols")["a", "b"].r2, float)
    return sf.r2(affine, x, y)


def networks(folder: Path) -> sf.Head:
    network = sf.load("mini:resnet_v1", preprocessing={"mean": (0.5, 0.5, 0.5)})
    assert_type(network, sf.ImageNetwork | sf.FeatureFile)
    assert_type(network.name, str)
    assert_type(network.head, sf.Head | None)
    if network.head is not None:
        assert_type(network.head.logits(np.zeros((1, 2), np.float32)), npt.NDArray[np.float32])
    images = sf.open_images(sf.ImageSource(source="fashion-mnist:eval", limit=10), labelled=True)
    assert_type(images, sf.ImageSet)
    assert_type(images.labels, npt.NDArray[np.int64] | None)
    moments = sf.Moments(["a", "b"], [2, 3])
    again = sf.AffineMap.load(folder / "a_to_b.safetensors")
    assert_type(again, sf.AffineMap)
    if isinstance(network, sf.ImageNetwork):
        problem = sf.SourceProblem("a", {"a": network, "b": network}, moments)
        assert_type(sf.OLS().fit(problem, ["b"]), Iterator[sf.AffineMap])
    return again.fold(network)


def study(path: Path) -> float | None:
    config = sf.read_config(path)
    assert_type(config, sf.StudyConfig)
    study = sf.Study(config, out=path.parent, base=path.parent)
    results = study.score()
    assert_type(results, sf.StudyResults)
    assert_type(sf.headline(sf.make_plan(study)), str)
    assert_type(sf.wilson(9, 10), tuple[float, float])
    try:
        sf.write_report(results, path.parent)
    except sf.SamefeaturesError as error:
        print(error)
    return results.table("ols")["a", "b"].top1


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean(sf.Method):
    """A method of its own, as docs/python.md has it."""

    name = "toymean"
    scale: float = 1.0

    def fit(self, problem: sf.SourceProblem, targets: Sequence[str]) -> Iterator[sf.AffineMap]:
        for target in targets:
            weight = np.zeros((problem.dims[target], problem.dims[problem.source]))
            bias = self.scale * problem.moments.mean_of(target)
            yield problem.affine(self.name, target, weight, bias, sf.FitNote(message="a toy"))
