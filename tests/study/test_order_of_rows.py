"""Rows that stand in another order, with their ids, are the same study."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from npz_worlds import make_worlds, write_npz
from samefeatures.study.config import parse_config
from samefeatures.study.results import StudyResults
from samefeatures.study.study import Study


def scored(folder: Path, *, shuffled: bool) -> StudyResults:
    rng = np.random.default_rng(7)
    orders = {"fit": rng.permutation(400), "eval": rng.permutation(300)}
    if not shuffled:
        orders = {kind: np.arange(len(order)) for kind, order in orders.items()}
    sources = []
    for name, world in make_worlds().items():
        for kind, order in orders.items():
            world[f"{kind}_ids"] = np.array([f"{kind}-{i}" for i in range(len(order))])
        sided = {key: key.split("_")[0] for key in world if not key.startswith("head")}
        moved = {key: world[key][orders[kind]] for key, kind in sided.items()}
        sources.append(write_npz(folder, name, {**world, **moved}))
    raw = {
        "networks": sources,
        "methods": ["ols", {"name": "ridge", "alpha": "auto"}],
        "controls": {"folds": 3, "class_noise": 0},
        "canonical": {"k": [1, 3, 6]},
        "curve": {"sizes": [60, 200], "seeds": 2},
    }
    return Study(parse_config(raw), out=folder / "out", base=folder).score()


def test_what_is_drawn_hangs_on_ids_and_not_on_places(tmp_path: Path) -> None:
    """Folds of the fit rows, parts of the eval rows, and the images of the curve."""
    folders = [tmp_path / name for name in ("straight", "shuffled")]
    for folder in folders:
        folder.mkdir()
    straight, shuffled = (scored(folder, shuffled=folder.name == "shuffled") for folder in folders)
    for one, other in zip(straight.fits, shuffled.fits, strict=True):
        assert other.alpha == one.alpha
    for one, other in zip(straight.cells, shuffled.cells, strict=True):
        assert (other.correct, other.r2) == (one.correct, pytest.approx(one.r2))
    assert straight.controls is not None
    assert shuffled.controls is not None
    pairs = zip(straight.controls.spaces.beyond, shuffled.controls.spaces.beyond, strict=True)
    features = [(one, other) for one, other in pairs if one.of == "features"]
    assert len(features) == 6
    for one, other in features:
        assert (one.source, one.target) == (other.source, other.target)
        for name in ("r2", "ci_low", "ci_high", "cosine"):
            assert getattr(other, name) == pytest.approx(getattr(one, name), rel=1e-9)
    assert straight.by_rows is not None
    assert shuffled.by_rows is not None
    assert len(straight.by_rows.points) == 2 * 2
    for point, twin in zip(straight.by_rows.points, shuffled.by_rows.points, strict=True):
        assert (twin.method, twin.rows, twin.seed) == (point.method, point.rows, point.seed)
        for name in ("change", "loss", "r2", "r2_beyond_answers"):
            assert getattr(twin, name) == pytest.approx(getattr(point, name), rel=1e-9)
