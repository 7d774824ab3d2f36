"""Verdicts hold cell by cell: against chance, both networks' own accuracy, and the controls."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from spaces_by_hand import with_spaces

from npz_worlds import CLASSES, make_worlds, write_npz
from samefeatures.report.grid import grids
from samefeatures.report.judged import judged
from samefeatures.report.level import baseline, near
from samefeatures.report.sentences import sentences
from samefeatures.report.summary import under
from samefeatures.study.config import parse_config
from samefeatures.study.results import StudyResults
from samefeatures.study.study import Study

Make = Callable[..., StudyResults]
KEEPS = "keeps"


def unlearned(weight: np.ndarray) -> np.ndarray:
    """A head that says one class of whatever it sees, and varies too little to say another."""
    return 1e-6 * weight


def studied(folder: Path, idle: tuple[str, ...], **options: object) -> StudyResults:
    """Three networks that see the same, some of them with heads that have learned nothing."""
    sources = []
    for name, world in make_worlds(noise=1.0).items():
        changes = {}
        if name in idle:
            bias = np.zeros(CLASSES)
            bias[0] = 1.0
            changes = {"head_weight": unlearned(world["head_weight"]), "head_bias": bias}
        sources.append(write_npz(folder, name, world, **changes))
    config = parse_config({"networks": sources, "methods": ["ols", "naive"], **options})
    return Study(config, out=folder / "out", base=folder).score()


def test_two_networks_one_of_which_is_at_chance(tmp_path: Path) -> None:
    """What stood here: a median of +66 %, and that the map keeps much of what the heads need."""
    rng = np.random.default_rng(0)
    worlds = make_worlds(noise=1.0)
    named = {name: worlds[name] for name in "ab"}
    random = rng.standard_normal(named["b"]["head_weight"].shape) * 1e-6
    bias = np.eye(CLASSES)[0]
    sources = [
        write_npz(tmp_path, "a", named["a"]),
        write_npz(tmp_path, "b", named["b"], head_weight=random, head_bias=bias),
    ]
    config = parse_config({"networks": sources, "methods": ["ols"], "controls": True})
    results = Study(config, out=tmp_path / "out", base=tmp_path).score()
    own = {net.name: net.top1 for net in results.networks}
    assert own["b"] < 27
    assert own["a"] > 60
    first, _, third, _ = sentences(results)
    assert first.startswith("No OLS map joins two networks that are above chance, so accuracy")
    assert f"b ({own['b']:.2f} %) is hardly above chance with its own head" in first
    assert "median" not in first
    assert KEEPS not in first
    assert "relative" not in first
    # b's features are as good as a's: a's head shows it.
    into_a = results.table("ols")["b", "a"]
    assert f"b, {own['b']:.2f} %, gets {into_a.top1:.2f} % through the head of a" in first
    assert third == "No hybrid can be compared with its target: no two networks are above chance."


def test_one_of_three_at_chance_is_left_out_and_named(tmp_path: Path) -> None:
    results = studied(tmp_path, ("c",))
    first, _, naive, _ = sentences(results)
    pairs = [results.table("ols")[pair] for pair in (("a", "b"), ("b", "a"))]
    middle = float(np.median([cell.change_vs_source_pct for cell in pairs]))
    said = f"{middle:+.2f}".replace("-", "−")
    assert first.startswith("Over the 2 OLS maps between networks above chance, top-1 accuracy")
    assert f"by a median of {said} % relative" in first
    assert "its rows and columns are left out" in first
    assert "4 of 6" not in first
    unmapped = [results.table("naive")[pair].top1 for pair in (("a", "b"), ("b", "a"))]
    assert f"the median hybrid gets {np.median(unmapped):.2f} % right" in naive
    (line,) = [text for text in under(grids(results)[0]) if text.startswith("Hardly above")]
    assert f"over the other 2 maps: {said} %." in line


def test_all_at_chance_show_nothing(tmp_path: Path) -> None:
    results = studied(tmp_path, ("a", "b", "c"))
    first, _, naive, _ = sentences(results)
    assert "so this shows nothing about their features." in first
    assert KEEPS not in first
    assert "hardly above chance." in naive


@pytest.mark.parametrize("better", [90.0, 60.0])
def test_a_hybrid_is_not_blamed_for_the_weaker_of_its_networks(make: Make, better: float) -> None:
    """net_a knows half of what net_b knows: −55 % one way and +1 % the other are no loss."""
    first = sentences(make({"ols": [[40.0, 40.5], [40.2, better]]}, classes=10))[0]
    assert "beside the weaker of its two networks, which a hybrid can't be blamed for, an" in first
    assert "keeps nearly all that the heads need" in first
    lost = sentences(make({"ols": [[40.0, 20.0], [40.2, better]]}, classes=10))[0]
    assert "keeps nearly all" not in lost


def test_a_gain_over_the_source_is_told_and_not_taken_for_the_maps(make: Make) -> None:
    first = sentences(make({"ols": [[40.0, 60.0], [39.0, 90.0]]}, classes=10))[0]
    assert (
        "1 of 2 hybrids is significantly better than the source itself, so that its features hold "
        "more than its own head reads from them (most: net_a, 40.00 %, gets 60.00 % through the "
        "head of net_b)."
    ) in first
    level = make({"ols": [[40.0, 39.0], [39.0, 90.0]]}, classes=10)
    assert "significantly better" not in sentences(level)[0]


def test_a_gain_that_is_not_significant_is_none(make: Make) -> None:
    results = make({"ols": [[40.0, 60.0], [39.0, 90.0]]}, classes=10)
    cells = tuple(dataclasses.replace(c, p_vs_source=0.05) for c in results.cells)
    assert "significantly better" not in sentences(dataclasses.replace(results, cells=cells))[0]


@pytest.mark.parametrize(("n", "tells"), [(20, False), (1000, True)])
def test_few_eval_images_judge_nothing(make: Make, n: int, tells: bool) -> None:
    first, *_, last = sentences(make({"ols": [[80.0, 75.0], [75.0, 80.0]]}, classes=10, n=n))
    assert ("too little to judge by" in first) is not tells
    assert (f"but {n} eval images tell an accuracy only to ±" in first) is not tells
    assert (KEEPS in first) is tells
    assert ("the heads need" in last) is tells


def test_what_few_images_can_not_tell_from_chance_is_not_above_it() -> None:
    assert near(20.0, 10.0, n=20)
    assert not near(20.0, 10.0, n=200)
    assert not near(20.0, 10.0)
    assert not near(float("nan"), 10.0, n=20)


def test_a_frequent_class_is_what_needs_no_network(make: Make) -> None:
    """Nine images in ten of one class: 91 % is no accuracy, 97 % is."""
    results = make({"ols": [[91.0, 91.0], [91.0, 91.5]]}, classes=10, n=10_000)
    assert KEEPS in sentences(results)[0]
    data = dataclasses.replace(results.eval_data, commonest=9_000)
    results = dataclasses.replace(results, eval_data=data)
    assert baseline(results) == 90
    first = sentences(results)[0]
    assert (
        "reach only 91.25 % where chance is 10.00 %, and always naming the most frequent class "
        "gets 90.00 %, so this shows nothing" in first
    )
    better = make({"ols": [[97.0, 97.0], [97.0, 97.0]]}, classes=10, n=10_000)
    assert KEEPS in sentences(dataclasses.replace(better, eval_data=data))[0]


def test_the_most_frequent_class_is_counted(tmp_path: Path) -> None:
    results = studied(tmp_path, ())
    labels = make_worlds(noise=1.0)["a"]["eval_labels"]
    assert results.eval_data.commonest == max(np.bincount(labels))
    assert results.fit_data.commonest is None
    assert StudyResults.load(tmp_path / "out" / "study.json").eval_data == results.eval_data


@pytest.mark.parametrize(("kind", "says"), [("pixels", "the pixels"), ("random weights", "untr")])
def test_controls_that_do_as_well_are_named(make: Make, kind: str, says: str) -> None:
    results = with_spaces(make({"ols": [[80.0, 79.0], [79.0, 80.0]]}, classes=10))
    assert "needs no trained features" not in sentences(results)[0]
    assert results.controls is not None
    spaces = results.controls.spaces
    rows = tuple(dataclasses.replace(r, top1=78.5) if r.kind == kind else r for r in spaces.rows)
    controls = dataclasses.replace(results.controls, spaces=dataclasses.replace(spaces, rows=rows))
    first = sentences(dataclasses.replace(results, controls=controls))[0]
    assert says in first
    assert "do as well (median 78.50 %): this accuracy needs no trained features." in first


def test_controls_that_do_as_well_in_some_maps_conclude_of_these_alone(make: Make) -> None:
    """78.5 % in one source's place, the median of two draws; the other has far less, or none."""
    results = with_spaces(make({"ols": [[80.0, 79.0], [79.0, 80.0]]}, classes=10))
    assert results.controls is not None
    spaces = results.controls.spaces
    drawn = [row for row in spaces.rows if row.kind == "random weights"]
    rest = [row for row in spaces.rows if row.kind != "random weights"]
    rows = [
        dataclasses.replace(row, seed=seed, top1=78.0 + seed if row.of == "net_a" else 20.0)
        for row in drawn
        for seed in (0, 1)
    ]
    for kept in (rows, [row for row in rows if row.of == "net_a"]):
        found = dataclasses.replace(spaces, rows=(*rest, *kept))
        controls = dataclasses.replace(results.controls, spaces=found)
        first = sentences(dataclasses.replace(results, controls=controls))[0]
        assert (
            "But networks with untrained weights in the features' place, mapped in the same way, "
            "do as well in 1 of 2 maps (median 78.50 %): in these maps accuracy needs no trained "
            "features."
        ) in first


def test_answers_are_compared_pair_by_pair_and_not_of_networks_at_chance(make: Make) -> None:
    table = [[80.0, 79.0, 10.0], [79.0, 80.0, 10.0], [50.0, 50.0, 10.0]]
    results = with_spaces(make({"ols": table}, classes=10), lost=0.0)
    first = sentences(results)[0]
    assert "does not tell shared features from shared answers." in first
    assert results.controls is not None
    spaces = results.controls.spaces
    worse = {("net_a", "net_b")}
    rows = tuple(
        dataclasses.replace(r, top1=60.0) if (r.of, r.target) in worse else r for r in spaces.rows
    )
    controls = dataclasses.replace(results.controls, spaces=dataclasses.replace(spaces, rows=rows))
    first = sentences(dataclasses.replace(results, controls=controls))[0]
    assert "shared features from shared answers in 1 of 2 maps." in first


def test_maps_of_shuffled_pairs_above_chance_are_to_be_explained_first(
    controlled: StudyResults,
) -> None:
    assert "explain that" not in sentences(controlled)[0]
    assert controlled.controls is not None
    rows = tuple(
        dataclasses.replace(r, top1=40.0) if r.control == "shuffled pairs" else r
        for r in controlled.controls.rows
    )
    controls = dataclasses.replace(controlled.controls, rows=rows)
    first = sentences(dataclasses.replace(controlled, controls=controls))[0]
    assert "features of different images get 40.00 %, where chance is 10.00 %: explain" in first


def test_maps_that_know_their_rows_by_heart_are_told(controlled: StudyResults, make: Make) -> None:
    results = make({"ols": [[80.0, 30.0], [30.0, 80.0]]}, classes=10)
    assert controlled.controls is not None
    row = controlled.controls.rows[0]
    for unseen, tells in ((80.0, False), (70.0, True)):
        rows = tuple(
            dataclasses.replace(row, control=f"fit set, {kind}", agreement=value)
            for kind, value in (("seen", 85.0), ("unseen", unseen))
        )
        controls = dataclasses.replace(controlled.controls, rows=rows)
        first = sentences(dataclasses.replace(results, controls=controls))[0]
        assert ("on 85.00 % of the fit images, and on 70.00 %" in first) is tells


def test_cells_are_sorted_by_what_they_can_show(make: Make) -> None:
    table = [[80.0, 79.0, 10.0], [79.0, 80.0, 10.0], [50.0, 12.0, 10.0]]
    found = judged(grids(make({"ols": table}, classes=10))[0])
    assert found.idle == {"net_c": 10.0}
    assert found.pairs == {("net_a", "net_b"), ("net_b", "net_a")}
    assert {(cell.source, cell.target) for cell in found.gains} == {("net_c", "net_a")}
    assert len(found.aside) == 4
    assert found.lost == pytest.approx(100 / 70)
