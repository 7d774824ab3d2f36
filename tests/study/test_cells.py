"""Every number of a cell against scikit-learn, on the rows and the saved maps themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, r2_score, top_k_accuracy_score

from npz_worlds import make_worlds, write_npz
from samefeatures.study.config import parse_config
from samefeatures.study.study import Study

CLASSES = 9


def test_every_number_of_a_cell_is_that_of_scikit_learn(tmp_path: Path) -> None:
    """Nine classes, so that the first five are not all, and heads that know little of them."""
    rng = np.random.default_rng(1)
    labels = rng.integers(0, CLASSES, 300)
    worlds = make_worlds()
    for world in worlds.values():
        world["head_weight"] = rng.normal(size=(CLASSES, world["fit_features"].shape[1]))
        world["head_bias"] = rng.normal(size=CLASSES)
        world["eval_labels"] = labels
    sources = [write_npz(tmp_path, name, world) for name, world in worlds.items()]
    study = Study(parse_config({"networks": sources}), out=tmp_path / "out", base=tmp_path)
    results = study.score()

    def logits(name: str, features: np.ndarray) -> np.ndarray:
        return features @ worlds[name]["head_weight"].T + worlds[name]["head_bias"]

    def accuracy(said: np.ndarray, k: int) -> float:
        return float(top_k_accuracy_score(labels, said, k=k, labels=range(CLASSES)))

    own = {name: logits(name, world["eval_features"]) for name, world in worlds.items()}
    assert len(results.cells) == 4 * 9
    for cell in results.cells:
        features, said = worlds[cell.source]["eval_features"], own[cell.source]
        true, target_says = worlds[cell.target]["eval_features"], own[cell.target].argmax(1)
        if cell.source != cell.target:
            fitted = study.maps.load(cell.method, cell.source, cell.target)
            features = features @ fitted.weight.T + fitted.bias
            said = logits(cell.target, features)
        best, five = accuracy(said, 1), accuracy(said, 5)
        assert best < five < 1
        assert (cell.n, cell.correct, cell.correct_top5) == (300, 300 * best, round(300 * five))
        assert (cell.top1, cell.top5) == pytest.approx((100 * best, 100 * five))
        source, target = accuracy(own[cell.source], 1), accuracy(own[cell.target], 1)
        assert (cell.source_top1, cell.target_top1) == pytest.approx((100 * source, 100 * target))
        assert cell.change_vs_source_pct == pytest.approx(100 * (best - source) / source)
        assert cell.loss_vs_target_points == pytest.approx(100 * (target - best), abs=1e-9)
        assert cell.agreement == pytest.approx(100 * accuracy_score(target_says, said.argmax(1)))
        was, now = target_says == labels, said.argmax(1) == labels
        turned = ((now & ~was).sum(), (was & ~now).sum())
        assert cell.turned == (turned if cell.source != cell.target else (0, 0))
        r2 = r2_score(true, features, multioutput="variance_weighted")
        assert cell.r2 == pytest.approx(r2, abs=1e-5)
        cosine = np.vdot(true, features) / np.linalg.norm(true) / np.linalg.norm(features)
        assert cell.cosine == pytest.approx(cosine, abs=1e-6)
    for network in results.networks:
        found = (100 * accuracy(own[network.name], 1), 100 * accuracy(own[network.name], 5))
        assert (network.top1, network.top5) == pytest.approx(found)
