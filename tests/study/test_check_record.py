"""What ``samefeatures check --json`` says, with numbers and without."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import top_k_accuracy_score

from npz_worlds import write_npz
from samefeatures.study.check_record import check_record
from samefeatures.study.check_study import StudyCheck
from samefeatures.study.checking import check_networks

CLASSES = 9


@pytest.fixture
def sources(tmp_path: Path) -> dict[str, str]:
    """A head with labels, a head without, and neither."""
    rng = np.random.default_rng(0)
    world = {
        "fit_features": rng.normal(size=(30, 6)).astype(np.float32),
        "eval_features": rng.normal(size=(40, 6)).astype(np.float32),
    }
    head = {"head_weight": rng.normal(size=(CLASSES, 6)), "head_bias": rng.normal(size=CLASSES)}
    labels = {"eval_labels": rng.integers(0, CLASSES, 40)}
    worlds = {"scored": {**world, **head, **labels}, "unlabelled": world | head, "bare": world}
    write = {name: write_npz(tmp_path, name, arrays) for name, arrays in worlds.items()}
    return {name: source.replace(":", f":{tmp_path}/") for name, source in write.items()}


def test_networks_that_were_scored_and_others(sources: dict[str, str]) -> None:
    checks = check_networks(list(sources.values()))
    found = check_record(checks)
    assert (found.study, found.warnings) == (None, ())
    scored, unlabelled, bare = found.networks
    with np.load(sources["scored"].removeprefix("npz:")) as file:
        said = file["eval_features"] @ file["head_weight"].T + file["head_bias"]
        right = [
            100 * top_k_accuracy_score(file["eval_labels"], said, k=k, labels=range(CLASSES))
            for k in (1, 5)
        ]
    assert right[0] < right[1] < 100
    assert (scored.images, scored.top1, scored.top5) == (40, *map(pytest.approx, right))
    assert (scored.features, scored.classes) == (6, CLASSES)
    for network in (unlabelled, bare):
        assert (network.images, network.top1, network.top5) == (None, None, None)
    assert (unlabelled.classes, bare.classes) == (CLASSES, None)
    for network, check in zip(found.networks, checks, strict=True):
        assert network.source == check.network.source == sources[network.name]
        assert network.fingerprint == check.network.fingerprint
        assert network.facts == check.rows()


def test_a_study_brings_facts_and_warnings(sources: dict[str, str]) -> None:
    checks = check_networks([sources["bare"]])
    study = StudyCheck(checks=(), facts={"fit": "30 rows"}, warnings=("few",))
    found = check_record(checks, study)
    assert (found.study, found.warnings) == ({"fit": "30 rows"}, ("few",))
