"""Spectra of a study: the record, its files, the report, and what is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import samefeatures as sf
from npz_worlds import make_worlds, write_npz
from samefeatures.base.errors import ConfigError
from samefeatures.maps import AffineMap
from samefeatures.report.write import write_report
from samefeatures.study import spectra as stage
from samefeatures.study.config import parse_config
from samefeatures.study.results import StudyResults
from samefeatures.study.spectra import thinned
from samefeatures.study.study import Study


def study_of(folder: Path, **keys: object) -> Study:
    sources = [write_npz(folder, name, world) for name, world in make_worlds().items()]
    raw = {"networks": sources, "methods": ["ols", "naive"], **keys}
    return Study(parse_config(raw), out=folder / "out", base=folder)


def test_every_network_and_every_map_has_one(tmp_path: Path) -> None:
    study = study_of(tmp_path, spectra=True)
    found = study.score().spectra
    assert found is not None
    fit = sf.moments({k: np.load(tmp_path / f"{k}.npz")["fit_features"] for k in "abc"})
    for space in found.spaces:
        values = fit.spectrum(space.network)
        assert space.rank == len(values) <= space.dim
        expected = fit.effective_dimension(space.network)
        assert space.effective_dimension == pytest.approx(expected, rel=1e-9)
        np.testing.assert_allclose(space.shares, values / values.sum(), rtol=1e-5)
        held = np.cumsum(values) / values.sum()
        assert held[space.ninety - 1] >= 0.9 > held[space.ninety - 2]
        assert space.half <= space.ninety <= space.ninety_nine <= space.rank
    assert len(found.maps) == 2 * 6
    for row in found.maps:
        path = study.out / "maps" / row.method / f"{row.source}--{row.target}.safetensors"
        fitted = AffineMap.load(path)
        expected = fit.effective_dimension(fitted)
        assert row.effective_dimension == pytest.approx(expected, rel=1e-8)
        values = np.linalg.svd(fitted.weight, compute_uv=False) ** 2
        ratio = values.sum() ** 2 / (values**2).sum()
        assert row.effective_rank == pytest.approx(ratio, rel=1e-8)
    medians = {}
    for method in ("ols", "naive"):
        known = [row.effective_dimension for row in found.maps if row.method == method]
        medians[method] = found.median(method)
        assert medians[method] == pytest.approx(np.median(known), rel=1e-12)
    assert medians["ols"] != medians["naive"]
    assert found.median("ridge") is None
    table = pd.read_csv(study.out / "spectra.csv")
    assert list(table["network"]) == ["a", "b", "c"]
    assert list(table["effective_dimension"]) == [s.effective_dimension for s in found.spaces]
    assert len(pd.read_csv(study.out / "map_spectra.csv")) == 12
    assert StudyResults.load(study.results_path).spectra == found


def test_a_network_that_does_not_vary_fills_no_dimension(tmp_path: Path) -> None:
    worlds = make_worlds()
    worlds["c"]["fit_features"][:] = 2.5
    sources = [write_npz(tmp_path, name, world) for name, world in worlds.items()]
    config = parse_config({"networks": sources, "methods": ["ols"], "spectra": True})
    study = Study(config, out=tmp_path / "out", base=tmp_path)
    found = study.score().spectra
    assert found is not None
    flat = {space.network: space for space in found.spaces}["c"]
    assert (flat.rank, flat.effective_dimension, flat.shares) == (0, None, ())
    known = {(row.source, row.target): row for row in found.maps}
    for pair in (("c", "a"), ("a", "c")):
        assert (known[pair].effective_dimension, known[pair].effective_rank) == (None, None)
    assert known["a", "b"].effective_dimension is not None
    assert found.median("ols") == pytest.approx(
        np.mean([known[pair].effective_dimension for pair in (("a", "b"), ("b", "a"))])
    )
    assert StudyResults.load(study.results_path).spectra == found


def test_they_are_kept_until_maps_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = study_of(tmp_path, spectra=True).score()
    taken: list[str] = []
    whole = stage.space_spectrum

    def counted(*args: object) -> object:
        taken.append("space")
        return whole(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(stage, "space_spectrum", counted)
    assert study_of(tmp_path, spectra=True).score().spectra == first.spectra
    assert not taken
    (kept,) = (tmp_path / "out" / "spectra").glob("*.json")
    kept.write_text("{")
    assert study_of(tmp_path, spectra=True).score().spectra == first.spectra
    assert taken == ["space"] * 3
    again = study_of(tmp_path, spectra=True, methods=["ols"]).score().spectra
    assert again is not None
    assert {row.method for row in again.maps} == {"ols"}
    assert len(list((tmp_path / "out" / "spectra").glob("*.json"))) == 1


def test_without_the_key_nothing_is_there(tmp_path: Path) -> None:
    assert study_of(tmp_path, spectra=True).score().spectra is not None
    results = study_of(tmp_path).score()
    assert results.spectra is None
    assert "spectra" not in results.settings
    assert not list((tmp_path / "out").glob("*spectra.csv"))
    names = [path.name for path in write_report(results, tmp_path / "report")]
    assert not [name for name in names if "spectra" in name]
    with pytest.raises(ConfigError, match="spectra"):
        study_of(tmp_path, spectra=[1])


def test_the_report_shows_them(tmp_path: Path) -> None:
    results = study_of(tmp_path, spectra=True).score()
    paths = {path.name: path for path in write_report(results, tmp_path / "report")}
    assert {"spectra.png", "spectra.svg", "spectra.pdf"} <= set(paths)
    assert ">c</text>" in paths["spectra.svg"].read_text()
    for text in (paths["report.html"].read_text(), paths["tables.md"].read_text()):
        assert "How many dimensions a space fills" in text
        assert results.spectra is not None
        assert f"{results.spectra.spaces[0].effective_dimension:.1f}" in text
    assert "ols: what the maps make" in paths["tables.md"].read_text()
    again = {path.name: path for path in write_report(results, tmp_path / "again")}
    assert again["spectra.png"].read_bytes() == paths["spectra.png"].read_bytes()


def test_one_network_has_no_map(tmp_path: Path) -> None:
    sources = [write_npz(tmp_path, "a", make_worlds()["a"])]
    config = parse_config({"networks": sources, "methods": ["ols"], "spectra": True})
    found = Study(config, out=tmp_path / "out", base=tmp_path).score().spectra
    assert found is not None
    assert len(found.spaces) == 1
    assert found.maps == ()
    assert not (tmp_path / "out" / "map_spectra.csv").exists()


def test_few_points_of_many_directions() -> None:
    assert list(thinned(0)) == []
    assert list(thinned(100)) == list(range(1, 101))
    many = list(thinned(2048))
    assert (many[0], many[-1]) == (1, 2048)
    assert len(many) <= 100
    assert many == sorted(set(many))
