"""Spectra of a study: the record, its files, the report, and what is kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import samefeatures as sf
from npz_worlds import make_worlds, write_npz
from samefeatures.algebra import HOST
from samefeatures.base.errors import ConfigError
from samefeatures.base.progress import Silent
from samefeatures.features.rows import ArrayRows
from samefeatures.joint.record import Moments
from samefeatures.maps import AffineMap
from samefeatures.report.write import write_report
from samefeatures.similarity.spectra import Spectra
from samefeatures.study import spectra as stage
from samefeatures.study.config import parse_config
from samefeatures.study.map_files import MapFiles
from samefeatures.study.results import SpectraSummary, StudyResults
from samefeatures.study.spectra import SpectraInputs, kept_spectra, space_spectrum, thinned
from samefeatures.study.study import Study
from watching import Told, not_on_the_host


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


RNG = np.random.default_rng(3)
ROWS = {
    name: (RNG.normal(size=(300, dim)) * np.geomspace(9, 0.5, dim)).astype(np.float32)
    for name, dim in {"a": 9, "b": 5}.items()
}


def moments() -> Moments:
    out = Moments(list(ROWS), [rows.shape[1] for rows in ROWS.values()])
    out.update(*ROWS.values())
    return out


def inputs_of(folder: Path, **changes: object) -> SpectraInputs:
    """Two networks and two methods whose maps are no projections of each other."""
    maps = MapFiles(folder / "maps", ["ols", "other"], list(ROWS))
    rng = np.random.default_rng(4)
    for label in maps.labels:
        for source, target in ("ab", "ba"):
            shape = ROWS[target].shape[1], ROWS[source].shape[1]
            fitted = AffineMap(
                weight=rng.normal(size=shape), bias=rng.normal(size=shape[0]), source=source,
                target=target, method=label, source_fingerprint=source, target_fingerprint=target,
            )  # fmt: skip
            maps.path(label, source, target).parent.mkdir(parents=True, exist_ok=True)
            maps.keep(label, fitted)
    plain = SpectraInputs(
        fit={n: ArrayRows(name=n, values=rows, fingerprint=n) for n, rows in ROWS.items()},
        moments=moments,
        precision="float64",
        maps=maps,
        keys={label: f"key of {label}" for label in maps.labels},
        folder=folder,
        algebra=HOST,
        progress=Silent(),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def ratio(values: np.ndarray) -> float:
    """The participation ratio."""
    return float(values.sum() ** 2 / (values**2).sum())


def test_spectra_by_hand_elsewhere_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Told()
    inputs = inputs_of(tmp_path, algebra=not_on_the_host(monkeypatch), progress=told)
    found = kept_spectra(inputs)
    assert told.tasks == {"spectra": (2 + 4, [1] * 6)}
    assert [space.network for space in found.spaces] == ["a", "b"]
    for space in found.spaces:
        rows = ROWS[space.network].astype(np.float64)
        rows -= rows.mean(axis=0)
        values = np.linalg.svd(rows, compute_uv=False) ** 2
        shares, dim = values / values.sum(), len(values)
        assert (space.dim, space.rank, space.at) == (dim, dim, tuple(range(1, dim + 1)))
        assert space.shares == pytest.approx(shares, rel=1e-5)
        assert all(float(f"{share:.6g}") == share for share in space.shares)
        held = [int((np.cumsum(shares) < share).sum()) + 1 for share in (0.5, 0.9, 0.99)]
        assert [space.half, space.ninety, space.ninety_nine] == held
        assert len({*held, dim}) == 4 or space.network == "b"
        assert space.effective_dimension == pytest.approx(ratio(values))
    pairs = [(label, a, b) for label in ("ols", "other") for a, b in ("ab", "ba")]
    assert [(row.method, row.source, row.target) for row in found.maps] == pairs
    for row in found.maps:
        fitted = inputs.maps.load(row.method, row.source, row.target)
        rows = ROWS[row.source].astype(np.float64)
        mapped = (rows - rows.mean(axis=0)) @ fitted.weight.T
        variances = np.linalg.svd(mapped, compute_uv=False) ** 2
        assert row.effective_dimension == pytest.approx(ratio(variances))
        alone = np.linalg.svd(fitted.weight, compute_uv=False) ** 2
        assert row.effective_rank == pytest.approx(ratio(alone))


@pytest.mark.parametrize(
    "changes",
    [
        {"keys": {"ols": "key of ols", "other": "another key"}},
        {"keys": {"ols": "key of ols", "others": "key of other"}},
        {"precision": "float32"},
        {"fit": {n: ArrayRows(name=n, values=v, fingerprint="other") for n, v in ROWS.items()}},
    ],
)
def test_what_could_change_a_spectrum_takes_all_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object]
) -> None:
    taken: list[SpectraInputs] = []
    inputs = inputs_of(tmp_path)
    none = SpectraSummary(spaces=())
    monkeypatch.setattr(stage, "_taken", lambda given: taken.append(given) or none)
    for given, count in ((inputs, 1), (inputs, 1), (replace(inputs, **changes), 2)):
        assert kept_spectra(given) == none
        assert len(taken) == count
        (path,) = (tmp_path / "spectra").iterdir()  # those of before are gone
        assert (len(path.stem), path.suffix) == (16, ".json")
    monkeypatch.setattr(stage, "SPECTRA_VERSION", 99)
    kept_spectra(taken[-1])
    assert len(taken) == 3


def test_points_lie_in_even_steps_on_a_logarithmic_axis() -> None:
    assert list(thinned(101))[-1] == 101
    assert len(list(thinned(101))) <= 100
    steps = np.diff(np.log(thinned(10**6)[-40:]))
    np.testing.assert_allclose(steps, np.log(10**6) / 99, rtol=1e-2)
    assert list(thinned(10**6))[:3] == [1, 2, 3]


def test_shares_are_those_of_the_directions_that_are_kept() -> None:
    """120 directions: not all of them have a point."""
    rng = np.random.default_rng(5)
    rows = (rng.normal(size=(500, 120)) * np.geomspace(5, 1, 120)).astype(np.float32)
    wide = Moments(["w"], [120])
    wide.update(rows)
    space = space_spectrum(Spectra(wide), "w", 120)
    values = np.linalg.svd(rows - rows.mean(axis=0, dtype="f8"), compute_uv=False) ** 2
    assert space.rank == 120 > len(space.at) == len(space.shares)
    expected = (values / values.sum())[np.array(space.at) - 1]
    np.testing.assert_allclose(space.shares, expected, rtol=1e-4)
