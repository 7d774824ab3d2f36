"""Disk and work follow from dimensions, and are those of what is really written."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from samefeatures.joint.record import Moments
from samefeatures.maps import OLS, SourceProblem
from samefeatures.planning.extent import Extent
from samefeatures.reproduce.published import published_thesis
from samefeatures.study.methods import MethodConfig

DIMS = {"a": 120, "b": 90, "c": 70}


def extent(dims: dict[str, int], rows: tuple[int, int], *methods: str, classes: int = 10) -> Extent:
    return Extent(
        dims=dims,
        seen=tuple(dims),
        images=(),
        rows=rows,
        classes=classes,
        methods=tuple(MethodConfig(name=m, label=m, options={}) for m in methods),
    )


def test_bytes_of_moments_and_maps_are_those_of_the_files(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    moments = Moments(list(DIMS), list(DIMS.values()))
    moments.update(*(rng.normal(size=(400, d)) for d in DIMS.values()))
    moments.save(tmp_path / "moments.npz")
    planned = extent(DIMS, (1000, 100), "ols")
    assert (tmp_path / "moments.npz").stat().st_size == pytest.approx(
        planned.moment_bytes, rel=0.01
    )
    networks = {name: SimpleNamespace(fingerprint=name) for name in DIMS}
    for source in DIMS:
        problem = SourceProblem(source, networks, moments)  # type: ignore[arg-type]
        for fitted in OLS().fit(problem, [name for name in DIMS if name != source]):
            fitted.save(tmp_path / f"{source}--{fitted.target}.safetensors")
    written = sum(path.stat().st_size for path in tmp_path.glob("*.safetensors"))
    assert written == pytest.approx(8 * planned.sizes.pairs, rel=0.05)


def test_the_thesis_in_full() -> None:
    dims = {name: row.feature_dim for name, row in published_thesis().networks.items()}
    whole = extent(dims, (1_281_167, 50_000), "ols", "logit", "naive", classes=1000)
    assert whole.sizes.total == 21_408
    assert whole.hybrids == 3 * 90
    assert 2 * whole.moment_bytes / 1e9 == pytest.approx(7.33, abs=0.01)
    assert whole.prediction_bytes == 2 * 4 * 50_000 * 280


def test_work_is_counted_once_per_product() -> None:
    """Of R², d_A² d_B, and of the folding into a head, d_A d_B classes; a method and pair each."""
    two = extent({"a": 3, "b": 5}, (10, 6), "ols", "naive", classes=7)
    assert two.judging == 2 * (9 * 5 + 25 * 3 + 2 * 15 * 7)
