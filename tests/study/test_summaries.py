"""What the parts of a study are in a line each, and what is warned of."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

import samefeatures as sf
from samefeatures.maps import Adam, Logit, Ridge
from samefeatures.maps.arrays import ArraySpace
from samefeatures.networks.arithmetic import Effect
from samefeatures.networks.record import Head, ImageNetwork
from samefeatures.scores.heads import score_heads
from samefeatures.study.config import parse_config
from samefeatures.study.results import FitSummary, LeftOut, MethodSummary
from samefeatures.study.summaries import (
    fit_warnings,
    image_warnings,
    method_summary,
    network_summary,
    settings_of,
    shared_warnings,
    versions_summary,
)
from samefeatures.study.versions import here, versions_of
from small_records import data


@pytest.fixture(scope="module")
def image_network() -> ImageNetwork:
    found = sf.load("mini:resnet_v1")
    assert isinstance(found, ImageNetwork)
    return found


def test_a_network_that_sees_images_says_how(image_network: ImageNetwork) -> None:
    rows = np.zeros((6, image_network.dim), np.float32)
    said = image_network.head.bias.argsort()[::-1]
    labels = np.array([said[0], said[0], said[0], said[3], said[4], said[5]])
    (score,) = score_heads([(rows, labels)], [image_network.head])
    found = network_summary(image_network, score)
    assert (found.name, found.source) == ("resnet_v1", image_network.source)
    assert (found.feature_dim, found.classes) == (image_network.dim, 10)
    assert found.parameters == image_network.parameters
    assert found.preprocessing == image_network.preprocessing.as_dict()
    assert found.fingerprint == image_network.fingerprint
    assert found.top1 == 50.0
    assert found.top5 == pytest.approx(100 * 5 / 6)
    assert found.effect is None


def test_what_mixed_precision_changes_is_said(image_network: ImageNetwork) -> None:
    effect = Effect(
        precision="bfloat16", compile=False, probes=8, features_max=0.01, features_mean=0.001,
        logits_max=0.02, logits_mean=0.002, agreement=1.0,
    )  # fmt: skip
    found = network_summary(replace(image_network, effect=effect), None)
    assert found.effect == asdict(effect)
    assert math.isnan(found.top1)


def test_a_space_of_rows_has_no_images() -> None:
    head = Head(np.zeros((4, 3), np.float32), np.zeros(4, np.float32))
    space = ArraySpace("x", 3, source="here", fingerprint="of x", head=head)
    found = network_summary(space, None)
    assert (found.name, found.source, found.fingerprint) == ("x", "here", "of x")
    assert (found.feature_dim, found.classes) == (3, 4)
    assert (found.parameters, found.preprocessing, found.effect) == (None, None, None)
    assert math.isnan(found.top1)
    assert math.isnan(found.top5)
    assert network_summary(replace(space, head=None), None).classes is None


def test_a_method_has_its_options_and_one_on_rows_those_that_were_given() -> None:
    weak = method_summary("weak", Ridge(alpha=0.5), {"alpha": 0.5, "of": "the file"})
    assert (weak.name, weak.kind, weak.uses) == ("weak", "ridge", "images")
    assert weak.options == Ridge(alpha=0.5).options
    adam = method_summary("mine", Adam(iterations=7), {"iterations": 7})
    assert (adam.name, adam.kind, adam.options) == ("mine", "adam", {"iterations": 7})
    assert set(Adam(iterations=7).options) > {"iterations"}
    logit = method_summary("logit", Logit(), {})
    assert (logit.kind, logit.uses) == ("logit", "heads")


def test_settings_are_those_that_change_results() -> None:
    raw = {"networks": ["npz:a.npz", "npz:b.npz"], "title": "Few", "ranks": True}
    plain = settings_of(parse_config(raw))
    assert (plain["title"], plain["ranks"]) == ("Few", True)
    assert "curve" not in plain
    assert "sample" not in plain, "what is not given"
    assert "cluster" not in plain
    config = parse_config({**raw, "curve": True, "cluster": {"cpus": 2}})
    assert set(settings_of(config)) == {*plain, "curve"}


def test_versions_are_of_what_the_study_uses_and_is_installed() -> None:
    config = parse_config({"networks": ["npz:a.npz"], "methods": ["ols"]})
    assert versions_summary(config) == here(versions_of(config))
    assert "numpy" in versions_summary(config)


def fit(method: str, pair: str, note: str = "", **changes: Any) -> FitSummary:
    return FitSummary(method=method, source=pair[0], target=pair[1], note=note, **changes)


def test_what_solvers_said_is_told_once_for_the_end_that_it_holds_for() -> None:
    methods = [
        MethodSummary(name="ols", options={}, uses="images"),
        MethodSummary(name="lossless", options={}, kind="logit", uses="heads"),
        MethodSummary(name="naive", options={}, uses="nothing"),
    ]
    fits = [
        fit("ols", "ab", "rank 3 of 4"),
        fit("ols", "ac", "rank 3 of 4"),
        fit("ols", "ba", "rank 2 of 4"),
        fit("ols", "bc"),
        fit("ols", "ca", "rank 3 of 4"),
        fit("lossless", "ac", "not lossless"),
        fit("lossless", "bc", "not lossless"),
        fit("naive", "ac", "too narrow"),
    ]
    assert list(fit_warnings(methods, fits)) == [
        "ols from a, c: rank 3 of 4.",
        "ols from b: rank 2 of 4.",
        "lossless into c: not lossless.",
        "naive from a: too narrow.",
    ]
    assert list(fit_warnings(methods, [fit("ols", "ab")])) == []


def test_strengths_at_an_end_are_counted_over_the_maps_of_their_method() -> None:
    path = ((0.1, 0.5), (1.0, 0.25))
    methods = [MethodSummary(name=name, options={}) for name in ("auto", "ridge")]
    fits = [
        fit("auto", "ab", "the weakest", path=path),
        fit("auto", "ac", "the weakest", path=path),
        fit("auto", "ba", path=path),
        fit("auto", "ca", "the strongest", path=path),
        fit("ridge", "ab", "rank 3 of 4"),
    ]
    assert list(fit_warnings(methods, fits)) == [
        "auto, 2 of 4 maps: the weakest.",
        "auto, 1 of 4 maps: the strongest.",
        "ridge from a: rank 3 of 4.",
    ]


def test_images_that_were_left_out_are_counted_by_side() -> None:
    one, many = ((LeftOut(id="0", reason="empty"),) * n for n in (1, 1200))
    assert list(image_warnings(data("fit"), data("eval"))) == []
    assert list(image_warnings(data("fit", left_out=many), data("eval", left_out=one))) == [
        "1,200 images of the fit set could not be read and were left out for every network.",
        "1 image of the eval set could not be read and was left out for every network.",
    ]
    (said,) = image_warnings(data("fit"), data("eval", left_out=one * 2))
    assert said.startswith("2 images of the eval set could not be read and were")


def test_images_of_both_sides_are_counted() -> None:
    assert list(shared_warnings(0, 300)) == []
    (said,) = shared_warnings(3, 300)
    assert said.startswith("3 of the 300 eval images are fit images too, told by their features")
