"""Estimates are the sums that rates of one second per unit make by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from samefeatures.maps import OLS
from samefeatures.planning.algebra import AlgebraRates, method_work
from samefeatures.planning.analyses import Analyses
from samefeatures.planning.disks import Disk
from samefeatures.planning.done import Done
from samefeatures.planning.estimate import RESULT_SECONDS, Stage, dominating, estimate, total
from samefeatures.planning.extent import Extent
from samefeatures.planning.images import Images
from samefeatures.planning.linear import Linear
from samefeatures.planning.notes import warnings_of
from samefeatures.planning.plan import memory_of
from samefeatures.planning.rates import FeatureRates
from samefeatures.planning.stores import StoreRates
from samefeatures.planning.tasks import TaskSize
from samefeatures.similarity import MEASURES
from samefeatures.study.controls_config import ControlsConfig
from samefeatures.study.methods import MethodConfig

NOTHING = Linear(0, 0)


def method(name: str, **options: object) -> MethodConfig:
    return MethodConfig(name=name, label=name, options=options)


def extent(**changes: object) -> Extent:
    made = Extent(
        dims={"a": 10, "b": 30},
        seen=("a", "b"),
        images=(
            Images(kind="fit", name="train", count=1000, views=2),
            Images(kind="eval", name="val", count=500),
        ),
        rows=(2000, 500),
        classes=7,
        methods=(method("ols"),),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def features(disk: Linear = NOTHING, **changes: object) -> FeatureRates:
    """Writing and reading are as fast as each other."""
    made = FeatureRates(
        decode={"train": 100.0, "val": 50.0},
        forward={"a": 10.0, "b": 25.0},
        store=StoreRates(disk, disk, {"a": 0.5, "b": 1.0}),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def algebra(**changes: object) -> AlgebraRates:
    made = AlgebraRates(
        moments=NOTHING, maps={"ols": NOTHING},
        score=NOTHING, judge=NOTHING, compare=NOTHING,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def by_name(stages: tuple[Stage, ...]) -> dict[str, Stage]:
    return {stage.name: stage for stage in stages}


def test_extraction_is_rows_by_rates() -> None:
    found = by_name(estimate(extent(), features(), algebra(), Done()))
    assert found["decode and crop"].seconds == pytest.approx(1000 / 100 + 500 / 50)
    assert found["network a"].seconds == pytest.approx(2500 / 10)
    assert found["network b"].seconds == pytest.approx(2500 / 25)
    # Compression halves what a takes, and nothing of b.
    assert found["store features"].bytes == 4 * 2500 * (10 * 0.5 + 30)


def test_without_a_store_the_eval_side_is_stored_and_read_all_the_same() -> None:
    rates, free = features(Linear(0, 1.0)), algebra(score=NOTHING)
    stored = by_name(estimate(extent(), rates, free, Done()))
    streamed = by_name(estimate(extent(stored=False), rates, free, Done()))
    assert streamed["store features"].bytes == 4 * 500 * (10 * 0.5 + 30)
    assert streamed["store features"].seconds == pytest.approx(4 * 500 * 40)
    assert streamed["moments of the fit set"].seconds == 0
    assert stored["moments of the fit set"].seconds == pytest.approx(4 * 2000 * 40)
    for name in ("moments of the eval set", "scores"):
        assert streamed[name].seconds == pytest.approx(stored[name].seconds)
        assert streamed[name].seconds >= 4 * 500 * 40


def test_on_another_device_decoding_counts_only_where_it_is_longer() -> None:
    quick = features(forward={"a": 1e6, "b": 1e6})
    found = by_name(estimate(extent(device="cuda"), quick, algebra(), Done()))
    assert found["decode and crop"].seconds == pytest.approx(20 - 2 * 2500 / 1e6)
    found = by_name(estimate(extent(device="cuda"), features(), algebra(), Done()))
    assert found["decode and crop"].seconds == 0


def test_what_is_stored_is_subtracted() -> None:
    kept = {("fit", "train", "a"): 1.0, ("fit", "train", "b"): 0.25}
    found = by_name(estimate(extent(), features(), algebra(), Done(features=kept)))
    assert found["network a"].seconds == pytest.approx(500 / 10)
    assert found["network a"].whole == pytest.approx(2500 / 10)
    assert found["network b"].seconds == pytest.approx((500 + 2000 * 0.75) / 25)
    assert found["decode and crop"].seconds == pytest.approx(0.75 * 10 + 10)
    assert found["store features"].left == 4 * (500 * 5 + 500 * 30 + 1500 * 30)


def test_moments_maps_and_scores_follow_the_work() -> None:
    sizes = extent().sizes
    rates = algebra(
        moments=Linear(0, 1e-6), maps={"ols": Linear(0.5, 1e-6)}, score=Linear(0, 1e-3),
        judge=Linear(2.0, 0), compare=Linear(0.25, 0),
    )  # fmt: skip
    done = Done(moments={"eval": 1.0}, maps={"ols": 0.5})
    found = by_name(estimate(extent(), features(), rates, done))
    assert found["moments of the fit set"].seconds == pytest.approx(2000 * 40**2 / 2 * 1e-6)
    assert found["moments of the fit set"].bytes == 8 * 40**2
    assert found["moments of the eval set"].seconds == 0
    whole = 2 * 0.5 + method_work(sizes, OLS()) * 1e-6
    assert found["maps: ols"].seconds == pytest.approx(whole / 2)
    assert found["maps: ols"].whole == pytest.approx(whole)
    once, each = RESULT_SECONDS
    tests = 2 * 0.25 + once + 4 * each
    assert found["scores"].seconds == pytest.approx(500 * 4 * 1e-3 + 2 * 2.0 + tests)
    assert found["scores"].left == extent().prediction_bytes
    scored = by_name(estimate(extent(), features(), rates, Done(scores={"ols": 1.0})))["scores"]
    assert (scored.seconds, scored.left) == (pytest.approx(tests), 0)
    assert scored.whole == found["scores"].whole


def test_iterative_methods_are_said_to_be_guesses() -> None:
    methods = (method("cosine", tolerance=1e-3), method("adam", iterations=10, batch=4))
    rates = algebra(maps={"cosine": Linear(0, 1e-6), "adam": Linear(0, 1e-6)})
    found = by_name(estimate(extent(methods=methods), features(), rates, Done()))
    pairs = 2 * 10 * 30
    least_squares = 2.3 * (10**3 + 30**3) + 10**2 * 30 + 30**2 * 10
    passes = 6 * 2 * 2000 * pairs + least_squares
    assert found["maps: cosine"].seconds == pytest.approx((passes + pairs) * 1e-6)
    assert found["maps: adam"].seconds == pytest.approx((3 * 10 * 4 + 1) * pairs * 1e-6)
    assert found["maps: cosine"].factor > found["moments of the fit set"].factor
    assert found["maps: cosine"].note == "2 maps; if 6 passes suffice, which the data decide"


def test_a_pass_for_each_number_of_folds() -> None:
    methods = (
        method("ridge", alpha="auto"),
        MethodConfig(name="ridge", label="ten", options={"alpha": "auto", "folds": 10}),
        method("ols"),
    )
    rates = algebra(moments=Linear(0, 1e-6), maps=dict.fromkeys(("ridge", "ten", "ols"), NOTHING))
    chosen = extent(methods=methods)
    found = by_name(estimate(chosen, features(), rates, Done(maps={"ridge": 1.0})))
    stage = found["moments by fold"]
    assert stage.seconds == pytest.approx(2 * 2000 * 40**2 / 2 * 1e-6)
    assert stage.note == "2,000 rows in 5 and 10 folds"
    assert found["maps: ten"].note == "2 maps; strengths by 10 folds"
    done = Done(maps={"ridge": 1.0, "ten": 1.0})
    assert by_name(estimate(chosen, features(), rates, done))["moments by fold"].seconds == 0
    assert memory_of(chosen, None) == memory_of(extent(), None) + 15 * 8 * 40**2
    assert "moments by fold" not in by_name(estimate(extent(), features(), algebra(), Done()))


def test_controls_only_where_they_are_taken() -> None:
    found = by_name(estimate(extent(), features(), algebra(), Done()))
    assert not [name for name in found if name.startswith("controls")]
    chosen = ControlsConfig(seeds=2, pixels=4)
    found = by_name(estimate(extent(controls=chosen), features(), algebra(), Done()))
    decoded, rows = 1000 / 100 + 500 / 50, 2500
    assert found["controls: networks"].seconds == decoded + 2 * rows * (1 / 10 + 1 / 25)
    assert found["controls: networks"].bytes == 4 * rows * (2 * 40 + 48)
    assert {"controls: moments", "controls"} <= set(found)
    bare = ControlsConfig(seeds=0, pixels=False)
    found = by_name(estimate(extent(controls=bare), features(), algebra(), Done()))
    assert "controls: networks" not in found


def test_measures_are_taken_beyond_controls_too() -> None:
    """Features of 10 and 30, 7 classes, pixels of 3 x 16 x 16; answers, then answers and pixels."""
    rates = algebra(
        moments=Linear(0, 1.0),
        measures={n: Linear(0.5, 2.0) for n in ("r2", "cka", "debiased_cka", "mutual_knn")},
    )
    given = [["answers"], ["answers", "pixels"]]
    chosen = extent(controls=ControlsConfig.model_validate({"given": given}), sample=100)
    found = by_name(estimate(chosen, features(), rates, Done()))
    assert "controls: r2" not in found  # of maps
    calls, square = 2 * 2 * 2, 2 * 2 * 40**2 / 2  # class noise in the source's place, too
    assert found["controls: cka"].seconds == calls * 0.5 + 2.0 * square
    assert found["controls: cka"].note == "8 values beyond what is given, nulls among them"
    read = 2 * 40 * (7 + 7 + 768)
    norms = found["controls: debiased_cka"].seconds
    assert norms == calls * 0.5 + 2.0 * square + read * 500
    work = MEASURES.get("mutual_knn")().work(chosen.sizes)  # of both spaces
    rows = found["controls: mutual_knn"].seconds
    assert rows == pytest.approx(calls * 0.5 + 2.0 * 2 * 2 * work / 2 + read * 100)
    found = by_name(estimate(extent(), features(), rates, Done()))
    assert not [name for name in found if name.startswith("controls")]


def test_tasks_only_where_they_are_asked() -> None:
    found = by_name(estimate(extent(), features(), algebra(), Done()))
    assert not [name for name in found if name.startswith("tasks")]
    sets = (Images(kind="fit", name="train", count=80), Images(kind="eval", name="val", count=40))
    asked = (
        TaskSize(fit_rows=250, eval_rows=250),
        TaskSize(images=sets, fit_rows=80, eval_rows=40, classes=14),
    )
    rates = algebra(score=Linear(0, 1.0))
    found = by_name(estimate(extent(tasks=asked), features(), rates, Done()))
    # Eval images once more for the rule, and 120 of its own for the other, through both networks.
    decoded = 500 / 50 + 80 / 100 + 40 / 50
    assert found["tasks: images"].seconds == pytest.approx(decoded + 120 * (1 / 10 + 1 / 25))
    assert found["tasks: images"].bytes == 4 * (120 * 40 + 5 * 500)
    # Heads of 2 and of 14 classes, where the study has 7; OLS and answers alone for four cells.
    rule, own = 2 * 1000 * 250 + 2 * 4 * 250, 2 * 1000 * 80 + 2 * 4 * 40
    assert found["tasks"].seconds == pytest.approx(rule * 2 / 7 + own * 14 / 7)
    found = by_name(estimate(extent(tasks=asked[:1]), features(), rates, Done()))
    assert found["tasks: images"].note == "rules on the eval images"
    assert found["tasks: images"].seconds == 500 / 50


def test_control_spaces_in_numbers() -> None:
    """Two networks of 10 and 30 features, 7 classes, noise of 5 columns, pixels of 2 x 2."""
    work = extent(controls=ControlsConfig(seeds=1, pixels=2, class_noise=5, folds=3)).control_work
    assert work is not None
    assert work.pixels == 12
    noise_and_pixels, shuffled, random, answers = 17 * (40 + 17), 10 * (40 + 17), 2 * 40**2, 2 * 40
    folds = 10**2 + 30**2 + 40 * 40  # 30 features and fewer are their own mixtures
    assert work.moments == noise_and_pixels + shuffled + random + answers + folds
    whole = (2 * 7 + 17 + 10 + 40) * 40
    fold = 2 * 7 * (40 + 17) + 7 * 40 + 10**2 + 30**2 + 40 * (40 + 17)
    assert work.moment_bytes == 8 * (whole + 3 * fold)
    blocks = 7 + 17 + 30
    squares, sheets = 7 * 40**2, 4 * blocks * (blocks + 40)
    assert work.memory == 8 * (2 * whole + 3 * fold + 2 * 40**2 + squares + sheets)
    soft = extent(controls=ControlsConfig(answers="soft")).control_work
    hard = extent(controls=ControlsConfig()).control_work
    assert soft is not None
    assert hard is not None
    assert soft.moments - hard.moments == 2 * 40 * 6
    assert hard.beyond(1000) > hard.beyond(10) > 0
    assert extent(controls=ControlsConfig(), seen=("a",)).control_work.pixels == 0  # type: ignore[union-attr]
    alone = extent(controls=ControlsConfig(), dims={"a": 10})
    assert (alone.control_work, alone.control_bytes, alone.control_memory) == (None, 0, 0)


def test_controls_are_gone_from_memory_before_other_analyses() -> None:
    """So that the larger of both counts."""
    controls = ControlsConfig(seeds=1)
    wide = extent(dims={"a": 1500, "b": 1500})
    with_controls = replace(wide, controls=controls)
    assert with_controls.control_work is not None
    controlled = memory_of(wide, None) + with_controls.control_work.memory
    small, large = Analyses(canonical=5), Analyses(canonical=10**5)
    assert memory_of(with_controls, None) == controlled
    assert memory_of(replace(with_controls, analyses=small), None) == controlled
    alone = memory_of(replace(wide, analyses=large), None)
    assert memory_of(replace(with_controls, analyses=large), None) == alone > controlled


def test_networks_that_bring_features_need_no_extraction() -> None:
    brought = extent(seen=(), images=())
    names = by_name(estimate(brought, features(), algebra(), Done()))
    assert not any(n.startswith(("network", "decode", "store")) for n in names)


def test_twice_the_rows_take_twice_as_long() -> None:
    rates = algebra(moments=Linear(0, 1e-6))
    double = extent(
        rows=(4000, 1000), images=tuple(replace(s, count=2 * s.count) for s in extent().images)
    )
    one, two = (
        [s for s in estimate(e, features(), rates, Done()) if s.name not in ("report", "scores")]
        for e in (extent(), double)
    )
    assert total(two) == pytest.approx(2 * total(one))
    assert dominating(two).name == "network a"


def test_what_this_machine_lacks() -> None:
    wide = extent(dims={"a": 100_000, "b": 100_000})
    memory = memory_of(wide, None)
    assert memory > 2 * 8 * 200_000**2
    disks = [Disk(place="x", needed=10**12, free=10**9)]
    said = list(warnings_of(wide, disks=disks, memory=memory, machine=2**34))
    assert len(said) == 2
    assert "store: false" in said[0]
    assert "fewer networks" in said[1]
    enough = [Disk(place="x", needed=1, free=2), Disk(place="s3://x", needed=9, free=None)]
    assert not list(warnings_of(extent(), disks=enough, memory=1, machine=None))
    short = [Disk(place="/data", needed=3, free=2)]
    (brought,) = warnings_of(extent(seen=()), disks=short, memory=1, machine=2)
    assert "at /data" in brought
    assert "store: false" not in brought


def test_what_could_not_be_timed_is_not_known() -> None:
    untimed = features(forward={"a": float("nan"), "b": 25.0})
    found = estimate(extent(), untimed, algebra(), Done())
    stages = by_name(found)
    assert math.isnan(stages["network a"].seconds)
    assert stages["network b"].seconds == pytest.approx(2500 / 25)
    assert math.isnan(total(found))
    assert dominating(found).name == "network b"
    assert stages["store features"].bytes == 4 * 2500 * (10 * 0.5 + 30)
