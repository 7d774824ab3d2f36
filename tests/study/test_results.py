"""What the record of a study computes from its cells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from npz_worlds import make_worlds, write_npz
from samefeatures.base.errors import UnknownNameError
from samefeatures.study.config import parse_config
from samefeatures.study.label_warnings import label_warnings
from samefeatures.study.results import LeftOut
from samefeatures.study.results_files import _warnings, _write_by_rows
from samefeatures.study.scoring import Scored
from samefeatures.study.study import Study
from samefeatures.study.summaries import shared_warnings


def test_medians_over_maps_and_over_all_cells(npz_study: Study) -> None:
    results = npz_study.score()
    for method in ("ols", "naive"):
        table = results.table(method)
        assert set(table) == {(a, b) for a in "abc" for b in "abc"}
        assert all(cell.method == method for cell in table.values())
        changes = {pair: cell.change_vs_source_pct for pair, cell in table.items()}
        off = [change for (a, b), change in changes.items() if a != b]
        assert results.median_change(method, over="maps") == np.median(off)
        assert results.median_change(method, over="cells") == np.median(list(changes.values()))
        if method == "naive":  # whose maps lose, so that the diagonal's zeros count
            assert np.median(off) < np.median(list(changes.values()))
    with pytest.raises(ValueError, match="over is 'all'; it must be 'maps' or 'cells'"):
        results.median_change("ols", over="all")


def test_a_name_that_is_not_there_gets_the_nearest(npz_study: Study) -> None:
    results = npz_study.score()
    for method in ("olss", "", "zebra", 3, None):
        with pytest.raises(UnknownNameError, match=f"no method '{method}'"):
            results.table(method)  # type: ignore[arg-type]
    with pytest.raises(KeyError, match="Did you mean 'ridge'"):
        results.median_change("rigde", over="maps")
    table = results.table("ols")
    with pytest.raises(UnknownNameError, match=r"no network 'd'\. There are: a, b, c"):
        table["a", "d"]
    with pytest.raises(UnknownNameError, match="by source and target, not by 'a'"):
        table["a"]  # type: ignore[index]
    assert ("a", "d") not in table
    assert table.get(("a", "d")) is None
    assert results.find("ols", "a", "b") is table["a", "b"]
    assert results.find("olss", "a", "b") is None
    assert table == {(c.source, c.target): c for c in results.cells if c.method == "ols"}


def test_a_cell_that_was_not_scored_is_said_so(npz_study: Study) -> None:
    results = npz_study.score()
    kept = tuple(c for c in results.cells if (c.method, c.source) != ("ols", "a"))
    with pytest.raises(UnknownNameError, match=r"^ols: a → b was not scored\.$"):
        replace(results, cells=kept).table("ols")["a", "b"]


def test_classes_have_their_names_or_their_number(npz_study: Study) -> None:
    results = npz_study.score()
    assert results.class_name(1) == "1"
    assert replace(results, class_names=("cat", "dog")).class_name(1) == "1 dog"


def test_what_solvers_said_is_told_of_every_map(tmp_path: Path) -> None:
    worlds = make_worlds(n=40)
    worlds["a"]["fit_features"][:, 2] = 0
    sources = [write_npz(tmp_path, name, world) for name, world in worlds.items()]
    raw = {"networks": sources, "methods": ["ols", {"cosine": {"passes": 3}}]}
    study = Study(parse_config(raw), out=tmp_path / "out", base=tmp_path)
    fits = {(f.method, f.source, f.target): f for f in study.score().fits}
    assert len(fits) == 2 * 6
    for (method, source, target), told in fits.items():
        features = worlds[source]["fit_features"].astype(float)
        singular = np.linalg.svd(features - features.mean(axis=0), compute_uv=False)
        rank = features.shape[1] - (source == "a")
        assert (told.rank, told.full_rank) == (rank, features.shape[1])
        assert told.condition is not None
        least = (singular[0] / singular[rank - 1]) ** 2  # in the 2-norm: none is below
        assert least * (1 - 1e-6) <= told.condition <= least * features.shape[1]
        assert ("one feature does not vary" in told.note) == (source == "a")
        if method == "ols":
            assert (told.steps, told.loss) == (None, None)
            continue
        fitted = study.maps.load(method, source, target)
        mapped, true = fitted.apply(features, of=study.inputs.networks[source]), worlds[target]
        units = [x / np.linalg.norm(x, axis=1)[:, None] for x in (mapped, true["fit_features"])]
        assert told.steps == 3
        assert told.loss == pytest.approx(((units[0] - units[1]) ** 2).sum(axis=1).mean(), rel=0.05)


def test_the_commonest_class_of_the_eval_set_is_counted(npz_study: Study) -> None:
    results = npz_study.score()
    counts = np.bincount(make_worlds()["a"]["eval_labels"])
    assert counts.min() < counts.max()
    assert results.eval_data.commonest == counts.max()
    assert results.fit_data.commonest is None


def test_warnings_are_of_what_was_given_first(npz_study: Study) -> None:
    """Inputs, solvers, images, both sides, labels; each is handed what it speaks of."""
    scored = npz_study.score()
    left = (LeftOut(id="0", reason="empty"),)
    fits = (replace(scored.fits[0], note="rank 3 of 8"), *scored.fits[1:])
    found = replace(scored, fits=fits, fit_data=replace(scored.fit_data, left_out=left))
    inputs = replace(npz_study.inputs, notes=("first of all",))
    labels = np.zeros(7, np.int64)
    few = Scored(labels, ("a", "b", "c"), 7, {}, {}, {})
    first = found.fits[0]
    assert list(_warnings(found, inputs, few, 2)) == [
        "first of all",
        f"{first.method} from {first.source}: rank 3 of 8.",
        "1 image of the fit set could not be read and was left out for every network.",
        *shared_warnings(2, 7),
        *label_warnings(inputs.networks, {}, labels, 5),
    ]
    unknown = replace(few, labels=None)
    assert list(_warnings(scored, npz_study.inputs, unknown, 0)) == []
    bare = replace(inputs, networks={}, notes=())
    assert list(_warnings(scored, bare, few, 0)) == [], "without heads no class is expected"


def test_the_table_of_fewer_rows_goes_with_them(tmp_path: Path) -> None:
    """What an earlier study left in the folder is of that study."""
    path = tmp_path / "by_rows.csv"
    path.write_text("of an earlier study")
    _write_by_rows(None, {}, tmp_path)
    assert not path.exists()


@pytest.mark.parametrize("key", [["a", "b"], {}, "a", ("a",), ("a", 1), ("a", ["b"]), None, 3])
def test_what_is_no_pair_of_names_is_told_so(npz_study: Study, key: object) -> None:
    table = npz_study.score().table("ols")
    with pytest.raises(UnknownNameError, match="Give two names"):
        table[key]  # type: ignore[index]
