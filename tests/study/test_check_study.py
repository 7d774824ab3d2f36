"""A study before it is run: what is found, and what is odd."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from npz_worlds import make_worlds, write_npz
from samefeatures.study.check_study import check_study
from samefeatures.study.config import parse_config


def test_networks_known_by_their_features(tmp_path: Path) -> None:
    sources = [write_npz(tmp_path, name, world) for name, world in make_worlds().items()]
    config = parse_config({"networks": sources, "methods": ["ols"]})
    found = check_study(config, base=tmp_path, limit=5)
    assert [check.network.name for check in found.checks] == ["a", "b", "c"]
    assert all(check.score is not None and check.score.n == 300 for check in found.checks)
    assert found.facts["networks"] == "3, of 5 classes each"
    assert found.warnings == ()
    assert [path.suffix for path in tmp_path.iterdir()] == [".npz"] * 3


def test_one_class_alone_is_said(tmp_path: Path) -> None:
    same = {"eval_labels": np.zeros(300, np.int64)}
    worlds = make_worlds()
    sources = [write_npz(tmp_path, name, worlds[name], **same) for name in "ab"]
    config = parse_config({"networks": sources, "methods": ["ols"]})
    (warning,) = check_study(config, base=tmp_path, limit=5).warnings
    assert warning.startswith("All 300 eval images are of class 0")


def test_some_images_of_each_part_are_scored(tmp_path: Path) -> None:
    sets = [{"source": f"fashion-mnist:{kind}", "name": kind, "limit": 40} for kind in ("eval",)]
    again = {"source": "fashion-mnist:eval", "name": "again", "limit": 30}
    raw = {"networks": ["mini:resnet_v1"], "methods": ["ols"]}
    data = {"fit": {"source": "fashion-mnist:fit", "limit": 20, "views": 2}, "eval": [*sets, again]}
    found = check_study(parse_config({**raw, "data": data}), base=tmp_path, limit=20)
    (check,) = found.checks
    assert check.score is not None
    assert check.score.n == 20
    assert found.facts["own accuracy"] == "on 20 of 70 eval images"
    assert found.facts["fit"] == "fashion-mnist-fit, 20 images, 40 rows"
    assert "rows" not in found.facts["eval"]
