"""What stands behind a prompt fits on a few lines, for every public record."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace

import numpy as np
import pytest

import samefeatures as sf
from npz_worlds import make_worlds, write_npz
from samefeatures.joint.blocks import Blocks
from samefeatures.scores.overlap import REGIONS, Overlap, Shown
from samefeatures.similarity.mapped import Mapped
from samefeatures.study.checking import Check
from samefeatures.study.results import CurveSummary, TaskResults

LONGEST = 500
LONG = "net_" + "very_long_name_" * 12


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> dict[type, object]:
    """A real one of every public record, and of what is reached through them, by kind."""
    folder = tmp_path_factory.mktemp("examples")
    a, b = sf.load("mini:resnet_v1", name=LONG), sf.load("mini:inception_v3")
    assert isinstance(a, sf.ImageNetwork)
    assert isinstance(b, sf.ImageNetwork)
    source = sf.ImageSource(source="fashion-mnist:eval", limit=130)
    images = sf.open_images(source, labelled=True)
    rows = sf.extract([a, b], images, folder / "features")
    x, y = (next(part.chunks(130)) for part in rows)
    moments = sf.Moments([a.name, b.name], [a.dim, b.dim])
    moments.update(x, y)
    problem = sf.SourceProblem(a.name, {a.name: a, b.name: b}, moments)
    (fitted,) = sf.OLS().fit(problem, [b.name])
    by_rows = {a.name: rows[0], b.name: rows[1]}
    longer = sf.SourceProblem(a.name, {a.name: a, b.name: b}, moments, rows=by_rows)
    (normalised,) = sf.Cosine().fit(longer, [b.name])
    (score,) = sf.score_heads([(x, images.labels)], [a.head])
    files = [write_npz(folder, name, world) for name, world in make_worlds().items()]
    config = sf.parse_config({"title": LONG, "networks": files, "controls": True})
    study = sf.Study(config, out=folder / "out", base=folder)
    results = study.score()
    assert results.controls is not None
    shown = Shown(
        id=LONG, kind="fixed", label=1, source_says=1, target_says=2, hybrid_says=1, picture=LONG
    )
    many = [
        a,
        sf.load(files[0], base=folder),
        a.head,
        a.split,
        a.preprocessing,
        source,
        images,
        sf.Views(count=2),
        *rows,
        moments,
        sf.moments({LONG: x, b.name: y}),
        sf.Accumulator(moments),
        problem,
        fitted,
        fitted.fit,
        normalised.curve,
        score,
        *(method() for method in (sf.OLS, sf.Ridge, sf.Logit, sf.Naive, sf.Cosine, sf.Adam)),
        *(sf.Canonical(), sf.Procrustes(), sf.Rank(rank=2)),
        sf.canonical_space({LONG: x, b.name: y}, k=1),
        sf.ProgressStep(stage="fit maps", done=1, total=2),
        sf.closeness(moments, fitted),
        Mapped.of(moments, fitted),
        Blocks(n=moments.n, means={"a": moments.mean}, products={}),
        config,
        study,
        study.inputs,
        study.fit_features,
        study.fit_features.rows["a"],
        study.progress,
        results,
        *(part[0] for part in (results.cells, results.networks, results.fits, results.methods)),
        results.measures[0],
        results.table("ols"),
        sf.diff(results, replace(results, title="another", cells=results.cells[:1])),
        results.controls,
        results.controls.spaces,
        results.controls.rows[0],
        results.controls.spaces.rows[0],
        replace(results.fit_data, name=LONG),
        CurveSummary(
            method="adam", source=LONG, target=LONG, unit="batch", at=(1,) * 999, loss=(0.5,) * 999
        ),
        TaskResults(
            name=LONG,
            rule=True,
            classes=2,
            fit_rows=9,
            n=9,
            chance=50.0,
            cells=results.cells,
            answers=(),
            probes=(),
        ),
        Check(a, score, warning=LONG),
        shown,
        Overlap(
            method="ols",
            source=LONG,
            target=LONG,
            n=8,
            regions=dict.fromkeys(REGIONS, 1),
            gallery=(shown,) * 40,
        ),
    ]
    return {type(each): each for each in many}


ABSTRACT = {"MapMeasure", "Method", "RowMeasure", "SpaceMeasure", "SamefeaturesError"}


def test_every_public_class_has_an_example(examples: dict[type, object]) -> None:
    public = {name for name in sf.__all__ if inspect.isclass(getattr(sf, name))}
    assert public - ABSTRACT <= {kind.__name__ for kind in examples}


def test_reprs_are_short(examples: dict[type, object]) -> None:
    lengths = {kind.__name__: len(repr(each)) for kind, each in examples.items()}
    assert {name: n for name, n in lengths.items() if n > LONGEST} == {}
    assert max(len(str(each)) for each in examples.values()) <= 1500  # names as they are


def test_reprs_name_the_kind_and_no_address(examples: dict[type, object]) -> None:
    for kind, each in examples.items():
        assert repr(each).startswith(f"{kind.__name__}("), kind
        assert not re.search(r"0x[0-9a-f]{6}|array\(", repr(each)), kind


def test_reprs_say_what_a_person_wants_to_know(examples: dict[type, object]) -> None:
    said = {kind.__name__: repr(each) for kind, each in examples.items()}
    assert "dim=96, classes=10, parameters=" in said["ImageNetwork"]
    assert "source='mini:resnet_v1'" in said["ImageNetwork"]
    assert said["Head"] == "Head(classes=10, dim=96)"
    assert said["ImageSource"] == "ImageSource(source='fashion-mnist:eval', limit=130)"
    assert said["ImageSet"] == "ImageSet(name='fashion-mnist-eval', images=130, labelled=True)"
    assert "shape=[100, 96]" in said["AffineMap"]
    assert "n=130" in said["Moments"]
    assert "n=130" in said["Score"]
    assert "cells=" in said["StudyResults"]
    assert "networks=['a', 'b', 'c']" in said["StudyResults"]


def test_a_network_of_many_numbers_is_as_short() -> None:
    head = sf.Head(np.zeros((1000, 4096), np.float32), np.zeros(1000, np.float32))
    assert repr(head) == "Head(classes=1000, dim=4096)"
