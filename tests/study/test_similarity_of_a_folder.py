"""Similarity from a study's folder: which results and moments are of each other, told apart."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from npz_worlds import make_worlds, write_npz
from samefeatures.base.errors import StoreError
from samefeatures.joint.record import Moments
from samefeatures.study import kept_similarity as of_folder
from samefeatures.study.config import parse_config
from samefeatures.study.kept_similarity import _check_a_map, kept_similarity, results_of
from samefeatures.study.results import StudyResults
from samefeatures.study.study import Study
from watching import Told

MEASURES = ["r2", "angle", "cosine", "mutual_knn", "cka"]


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a small study; read only."""
    folder = tmp_path_factory.mktemp("scored")
    sources = [write_npz(folder, name, world) for name, world in make_worlds(m=60).items()]
    raw = {"networks": sources, "methods": ["ols"], "measures": MEASURES, "sample": 30}
    raw |= {"title": "a title"}
    Study(parse_config(raw), out=folder / "out", base=folder).score()
    return folder / "out"


@pytest.fixture
def out(scored: Path, tmp_path: Path) -> Path:
    """A copy to spoil."""
    return Path(shutil.copytree(scored, tmp_path / "out"))


def results(folder: Path) -> StudyResults:
    return StudyResults.load(folder / "study.json")


def test_all_that_was_asked_in_its_order_and_told(scored: Path) -> None:
    told, study = Told(), results(scored)
    found = kept_similarity(scored, progress=told)
    assert told.tasks == {"similarity": (3, [1, 1, 1])}
    assert [m.name for m in found.measures] == ["angle", "mutual_knn", "cka"]
    assert (found.title, found.names, found.n) == ("a title", ("a", "b", "c"), 60)
    assert (found.results, found.notes, found.beyond) == (study, (), {})
    assert found.sampled == {"mutual_knn": 30}
    for name in ("angle", "mutual_knn", "cka"):
        cells = {(c.source, c.target): c.measures[name] for c in study.cells}
        assert found.values[name] == pytest.approx(cells)
    asked = kept_similarity(scored, measures=("mutual_knn", "procrustes", "angle"))
    assert [m.name for m in asked.measures] == ["mutual_knn", "procrustes", "angle"]
    assert set(asked.values) == {"mutual_knn", "procrustes", "angle"}
    assert asked.notes == ()


def test_measures_of_packages_that_are_gone_are_left_out(out: Path) -> None:
    study = results(out)
    gone = replace(study.measures[0], name="nobody knows it", judges="spaces")
    cells = [replace(c, measures={**c.measures, gone.name: 0.5}) for c in study.cells]
    told = replace(study, measures=(gone, *study.measures), cells=tuple(cells))
    told.save(out / "study.json")
    assert [m.name for m in kept_similarity(out).measures] == ["angle", "mutual_knn", "cka"]


def test_where_nothing_is_asked_norms_that_lack_are_said(out: Path) -> None:
    study = results(out)
    kept = tuple(m for m in study.measures if m.judges == "map")
    cells = [replace(c, measures={n: c.measures[n] for n in ("r2", "cosine")}) for c in study.cells]
    replace(study, measures=kept, cells=tuple(cells)).save(out / "study.json")
    found = kept_similarity(out)
    assert "debiased_cka" not in [m.name for m in found.measures]
    assert "cka" in [m.name for m in found.measures]
    (note,) = found.notes
    assert note.startswith("debiased_cka needs norms of rows, which are not there. Give the study")
    assert (found.sampled, found.beyond) == ({}, {})
    with pytest.raises(StoreError, match="mutual_knn needs rows of features"):
        kept_similarity(out, measures=("cka", "mutual_knn"))


def other_moments(out: Path, change: Any) -> None:
    """Noise in the place of what was summed, of the names, widths and rows that come back."""
    (path,) = (out / "moments").glob("eval-*.npz")
    kept = Moments.load(path)
    dims = dict(zip(kept.names, kept.dims, strict=True))
    names, dims, n = change(kept.names, dims, kept.n)
    made, rng = Moments(names, [dims[name] for name in names]), np.random.default_rng(0)
    made.update(*(rng.normal(size=(n, dims[name])) for name in names))
    made.save(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda names, dims, n: (names, dims, n + 1),
        lambda names, dims, n: (names[::-1], dims, n),
        lambda names, dims, n: (names[:2], dims, n),
        lambda names, dims, n: (names, {**dims, "c": 9}, n),
    ],
)
def test_moments_of_other_rows_or_networks_are_refused(out: Path, change: Any) -> None:
    other_moments(out, change)
    with pytest.raises(StoreError, match="are not those of the results"):
        kept_similarity(out)


def test_moments_of_as_many_rows_are_told_by_a_map(out: Path) -> None:
    other_moments(out, lambda names, dims, n: (names, dims, n))
    with pytest.raises(StoreError, match=r"r2 of ols, a → b, is .* is of another run"):
        kept_similarity(out)


def test_moments_of_two_runs_are_refused_and_checkpoints_are_none(out: Path) -> None:
    (path,) = (out / "moments").glob("eval-*.npz")
    before = kept_similarity(out).values
    shutil.copy(path, path.with_name(f"{path.stem}.checkpoint.npz"))
    assert kept_similarity(out).values == before
    shutil.copy(path, path.with_name("eval-0.npz"))
    with pytest.raises(StoreError, match="are not those of the results"):
        kept_similarity(out)


def test_the_first_map_that_is_there_tells(out: Path) -> None:
    for target in "bc":
        (out / "maps" / "ols" / f"a--{target}.safetensors").unlink()
    assert kept_similarity(out, measures=("cka",)).notes == ()
    other_moments(out, lambda names, dims, n: (names, dims, n))
    with pytest.raises(StoreError, match="ols, b → a"):
        kept_similarity(out)


NAN = math.nan


@pytest.mark.parametrize(
    ("known", "taken", "same"),
    [
        ({"r2": 0.5}, {"r2": 0.5 + 9e-7}, True),
        ({"r2": 0.5}, {"r2": 0.5 + 2e-6}, False),
        ({"r2": 1e-4}, {"r2": 1e-4 + 9e-7}, True),  # absolutely near
        ({"r2": -500.0}, {"r2": -500.0004}, True),  # relatively
        ({"r2": -500.0}, {"r2": -500.001}, False),
        ({"r2": 0.5, "cosine": 0.7}, {"r2": 0.5, "cosine": 0.71}, False),
        ({"r2": NAN, "cosine": 0.7}, {"cosine": 0.7}, True),
        ({"r2": NAN, "cosine": 0.7}, {"cosine": 0.8}, False),
    ],
)
def test_rounding_is_no_difference(
    known: dict[str, float], taken: dict[str, float], same: bool, monkeypatch: pytest.MonkeyPatch,
    scored: Path,
) -> None:  # fmt: skip
    asked: list[list[str]] = []

    class Taken:
        def __init__(self, names: list[str], *_: object, **__: object) -> None:
            asked.append(names)

        def of(self, _: object) -> dict[str, float]:
            return taken

    monkeypatch.setattr(of_folder, "Measuring", Taken)
    cells = [
        SimpleNamespace(method="ols", source=a, target=b, measures=measures)
        for a, b, measures in (
            ("a", "a", {"r2": 9.0}),  # no map
            ("a", "c", {"r2": NAN, "cka": 0.3}),  # nothing that a map tells
            ("a", "b", known),
            ("b", "a", {"r2": 8.0}),  # one is enough
        )
    ]
    check: Any = lambda: _check_a_map(scored, SimpleNamespace(cells=cells), None)  # noqa: E731
    if same:
        check()
    else:
        with pytest.raises(StoreError, match="of ols, a → b, is"):
            check()
    assert asked == [list(taken)]


def test_no_map_tells_nothing(scored: Path) -> None:
    cells = [SimpleNamespace(method="ols", source="a", target="a", measures={"r2": 1.0})]
    with pytest.raises(StoreError, match="No map in"):
        _check_a_map(scored, SimpleNamespace(cells=cells), None)  # type: ignore[arg-type]


def given(folder: Path) -> tuple[Any, Any, Any]:
    """What a study knows of itself before it is scored again."""
    study = results(folder)
    networks = {
        n.name: SimpleNamespace(name=n.name, fingerprint=n.fingerprint) for n in study.networks
    }
    return dict(study.settings), networks, study.eval_data


def test_results_of_the_same_study_are_found(scored: Path) -> None:
    study = results(scored)
    for fit in (None, study.fit_data.fingerprint):
        assert results_of(scored / "study.json", *given(scored), fit=fit) == study
    assert results_of(scored / "nowhere.json", *given(scored), fit=None) is None


def test_results_that_can_not_be_read_are_none(out: Path) -> None:
    known = given(out)
    (out / "study.json").write_text("{")
    assert results_of(out / "study.json", *known, fit=None) is None


def test_results_of_another_study_are_none(scored: Path) -> None:
    path, (settings, networks, evaluation) = scored / "study.json", given(scored)
    others = {**networks, "b": SimpleNamespace(name="b", fingerprint="of other weights")}
    backwards = dict(reversed(networks.items()))
    assert results_of(path, settings, others, evaluation, fit=None) is None
    assert results_of(path, settings, backwards, evaluation, fit=None) is None
    other = replace(evaluation, fingerprint="other rows")
    assert results_of(path, settings, networks, other, fit=None) is None
    assert results_of(path, settings, networks, evaluation, fit="other rows") is None
    single = {**(settings.get("algebra") or {}), "precision": "float32"}
    for changed in ({"data": "another"}, {"controls": {"folds": 3}}, {"algebra": single}):
        assert results_of(path, {**settings, **changed}, networks, evaluation, fit=None) is None
    unlike = {**settings, "title": "another", "methods": ["naive"]}  # which decide nothing
    assert results_of(path, unlike, networks, evaluation, fit=None) == results(scored)
