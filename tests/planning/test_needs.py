"""Disk and work follow from dimensions, and are those of what is really written."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from samefeatures.maps import OLS, SourceProblem
from samefeatures.moments.record import Moments
from samefeatures.planning.needs import Size
from samefeatures.reproduce.published import published_thesis

DIMS = (120, 90, 70)
NAMES = ("a", "b", "c")


def size(**changes: object) -> Size:
    values = {
        "dims": DIMS, "fit_rows": 1000, "eval_rows": 100, "methods": ("ols",), "classes": 10,
    }  # fmt: skip
    return Size(**{**values, **changes})  # type: ignore[arg-type]


def test_bytes_of_moments_and_maps_are_those_of_the_files(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    moments = Moments(NAMES, DIMS)
    moments.update(*(rng.normal(size=(400, d)) for d in DIMS))
    moments.save(tmp_path / "moments.npz")
    planned = size()
    assert 2 * (tmp_path / "moments.npz").stat().st_size == pytest.approx(
        planned.moment_bytes(), rel=0.01
    )
    networks = {name: SimpleNamespace(fingerprint=name) for name in NAMES}
    for source in NAMES:
        problem = SourceProblem(source, networks, moments)  # type: ignore[arg-type]
        for fitted in OLS().fit(problem, [name for name in NAMES if name != source]):
            fitted.save(tmp_path / f"{source}--{fitted.target}.safetensors")
    written = sum(path.stat().st_size for path in tmp_path.glob("*.safetensors"))
    assert written == pytest.approx(planned.map_bytes(), rel=0.05)


def test_the_thesis_in_full() -> None:
    dims = tuple(row.feature_dim for row in published_thesis().networks.values())
    whole = size(dims=dims, fit_rows=1_281_167, eval_rows=50_000, methods=("ols", "logit", "naive"))
    assert whole.total == 21_408
    assert whole.hybrids == 90
    assert whole.feature_bytes(whole.fit_rows) / 1e9 == pytest.approx(109.7, abs=0.05)
    assert whole.moment_bytes() / 1e9 == pytest.approx(7.33, abs=0.01)
    assert whole.prediction_bytes() == 2 * 4 * 50_000 * 280


def test_work_is_counted_once_per_product() -> None:
    two = size(dims=(3, 5), fit_rows=10, eval_rows=6, classes=7)
    assert two.moment_work() == 16 * 8 * 8 / 2
    assert two.map_work() == pytest.approx(2.3 * (27 + 125) + 9 * 5 + 25 * 3)
    assert two.score_work() == 6 * 8 * 2 * 7
    assert size(methods=("naive",)).map_work() == 0
    assert size(methods=("ols", "cosine")).map_work() > 2 * size().map_work()
