"""Extraction in this process, and what finds its stores whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from samefeatures.base.progress import Silent
from samefeatures.study.config import parse_config
from samefeatures.study.demo import FASHION, demo_config
from samefeatures.study.runner import Finished, LocalRunner
from samefeatures.study.study import Study


@pytest.mark.parametrize("views", [None, 2])
def test_whole_stores_give_what_was_extracted(tmp_path: Path, views: int | None) -> None:
    part = {"source": "fashion-mnist:fit", "limit": 12} | ({"views": views} if views else {})
    config = parse_config(
        {
            "networks": ["mini:resnet_v1", "mini:mobilenet_v2"],
            "data": {"fit": part, "eval": {"source": "fashion-mnist:eval", "limit": 9}},
            "methods": ["ols"],
        }
    )
    study = Study(config, out=tmp_path, base=tmp_path, progress=Silent())
    rows = study.fit_features.rows
    (images,) = study.inputs.fit
    networks = [study.inputs.networks[name] for name in rows]
    found = Finished(tmp_path / "features").extract(networks, images, kind="fit")
    for name, one in zip(rows, found, strict=True):
        assert (one.name, one.fingerprint) == (name, rows[name].fingerprint)
        assert len(one) == 12 * (views or 1)
        np.testing.assert_array_equal(one.span(0, len(one)), rows[name].span(0, len(one)))


class Watched(Silent):
    """Someone looks on, and nothing is shown."""

    visible = True


def test_a_network_is_timed_alone_where_someone_looks_on(tmp_path: Path) -> None:
    """Once more through a batch: who reads no rates does not wait for it."""
    config = demo_config()
    for progress in (Watched(), Silent()):
        runner = LocalRunner(config, folder=tmp_path, base=tmp_path, progress=progress)
        assert runner.meter.measure_bare == progress.visible


def test_the_demo_is_a_study_of_all_miniatures_and_images() -> None:
    config = demo_config()
    assert len(config.networks) == 10
    assert config.controls
    assert [task.name for task in config.tasks] == ["brightness", "symmetry"]
    assert config.class_names == FASHION
    labels = [entry.label for entry in config.methods]
    assert labels == ["ols", "ridge", "logit", "naive", "cosine"]
    assert [part.source for part in config.data.fit] == ["fashion-mnist:fit"]
    assert [part.limit for part in config.data.eval] == [None]
