"""Only what is missing is fitted, and nothing is factorised for nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import samefeatures as sf
from npz_worlds import make_worlds, write_npz
from samefeatures.base.digests import digest
from samefeatures.joint.kept import moments_key
from samefeatures.maps import problem
from samefeatures.study import parts as parts_module
from samefeatures.study.config import parse_config
from samefeatures.study.study import Study


def test_one_missing_map_costs_one_factorisation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = [write_npz(tmp_path, name, world) for name, world in make_worlds().items()]
    config = parse_config({"networks": sources, "methods": ["ols", "naive"]})
    study = Study(config, out=tmp_path / "out", base=tmp_path)
    study.fit()
    lost = study.maps.path("ols", "b", "c")
    before, kept = lost.read_bytes(), study.maps.path("naive", "a", "c").stat().st_mtime_ns
    lost.unlink()
    plain, factorised = problem.pseudoinverse, []

    def noted(*given: object, **keys: object) -> object:
        factorised.append(1)
        return plain(*given, **keys)  # type: ignore[arg-type]

    monkeypatch.setattr(problem, "pseudoinverse", noted)
    Study(config, out=tmp_path / "out", base=tmp_path).fit()
    assert lost.read_bytes() == before
    assert study.maps.path("naive", "a", "c").stat().st_mtime_ns == kept
    assert factorised == [1]


def test_strengths_are_chosen_by_folds_of_the_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worlds = make_worlds(noise=2.0)
    sources = [write_npz(tmp_path, name, world) for name, world in worlds.items()]
    asked = [{"name": "ridge", "alpha": "auto"}, {"ridge": {"alpha": "auto", "folds": 3}}]
    asked[1]["ridge"]["label"] = "three"
    config = parse_config({"networks": sources, "methods": ["ols", *asked]})
    study = Study(config, out=tmp_path / "out", base=tmp_path)
    results = study.score()
    fits = {(fit.method, fit.source, fit.target): fit for fit in results.fits}
    for label, folds in (("ridge", 5), ("three", 3)):
        method = sf.Ridge(alpha="auto", folds=folds)
        x, y = (worlds[name]["fit_features"] for name in "ab")
        expected = sf.fit_map(x, y, method=method)
        found = study.map(label, "a", "b")
        np.testing.assert_allclose(found.weight, expected.weight, rtol=1e-7)
        np.testing.assert_allclose(found.fit.path, expected.fit.path, rtol=1e-7)
        fit = fits[label, "a", "b"]
        assert (fit.alpha, fit.path) == (found.fit.alpha, found.fit.path)
    assert fits["ols", "a", "b"].alpha is None
    assert results.methods[2].options == {"alpha": "auto", "folds": 3}
    # Nothing is summed again where no map is missing, nor folds where no method asks for them.
    monkeypatch.setattr(parts_module, "moments_by_fold", None)
    again = Study(config, out=tmp_path / "out", base=tmp_path).score()
    assert again.fits == results.fits
    Study(parse_config({"networks": sources}), out=tmp_path / "out", base=tmp_path).fit()


def test_keys_of_ridge_with_a_number_are_what_they_were(tmp_path: Path) -> None:
    sources = [write_npz(tmp_path, name, world) for name, world in make_worlds().items()]
    config = parse_config({"networks": sources, "methods": ["ridge"]})
    study = Study(config, out=tmp_path / "out", base=tmp_path)
    rows, networks = study.fit_features.rows, study.inputs.networks
    prints = [net.fingerprint for net in networks.values()]
    key = digest("1", "ridge", '{"alpha": 0.01}', moments_key(list(rows.values())), *prints)
    assert study.map_keys == {"ridge": key}
