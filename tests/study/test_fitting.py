"""Only what is missing is fitted, and nothing is factorised for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import samefeatures as sf
from npz_worlds import feature_file, make_worlds, write_npz
from samefeatures.base.digests import digest
from samefeatures.features.rows import ArrayRows
from samefeatures.joint.by_fold import whole_of
from samefeatures.joint.kept import moments_key
from samefeatures.joint.record import Moments
from samefeatures.maps import problem
from samefeatures.networks.record import Head
from samefeatures.study import parts as parts_module
from samefeatures.study.config import parse_config
from samefeatures.study.fitting import fit_maps
from samefeatures.study.map_files import MapFiles
from samefeatures.study.study import Study
from watching import Told, noted_place


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


class Fits:
    """Three networks, and what fitting asks for."""

    def __init__(self, out: Path, *methods: Any) -> None:
        self.progress = Told()
        self.place, self.asked = noted_place()
        self.taken: list[object] = []
        self.networks, self.rows = {}, {}
        for name, world in make_worlds(n=60).items():
            values = world["fit_features"]
            head = Head(world["head_weight"].astype("f4"), world["head_bias"].astype("f4"))
            self.rows[name] = ArrayRows(name=name, values=values, fingerprint=name)
            self.networks[name] = feature_file(name, values, head)
        raw = {"networks": ["npz:a.npz", "npz:b.npz"], "methods": list(methods)}
        self.methods = parse_config(raw).methods
        self.files = MapFiles(out / "maps", [entry.label for entry in self.methods], list("abc"))

    def folds(self, count: int) -> Sequence[Moments]:
        self.taken.append(count)
        found = []
        for k in range(count):
            fold = Moments(list("abc"), [8, 11, 7])
            fold.update(*(part.values[k::count] for part in self.rows.values()))
            found.append(fold)
        return found

    def moments(self) -> Moments:
        self.taken.append("all")
        return whole_of(self.folds(1))

    def run(self) -> None:
        fit_maps(
            self.methods,
            {entry.label: "key" for entry in self.methods},
            self.files,
            networks=self.networks,
            rows=self.rows,
            moments=self.moments,
            folds=self.folds,
            algebra=self.place,
            progress=self.progress,
        )


def test_folds_are_taken_once_a_number_and_before_all_rows(tmp_path: Path) -> None:
    auto = [{"name": "ridge", "label": f"r{k}", "alpha": "auto", "folds": k} for k in (4, 2)]
    fits = Fits(tmp_path, *auto, {**auto[0], "label": "again"}, "ols")
    fits.run()
    assert fits.taken == [2, 4, "all", 1]
    assert fits.progress.tasks["fit maps"] == (24, [1] * 24)
    again = Fits(tmp_path, *auto, {**auto[0], "label": "again"}, "ols")
    again.run()
    assert (again.taken, again.asked, again.progress.tasks) == ([], [], {})
    again.files.path("ols", "b", "a").unlink()
    again.run()
    assert (again.taken, again.progress.tasks) == (["all", 1], {"fit maps": (1, [1])})


def test_sources_share_what_does_not_depend_on_them(tmp_path: Path) -> None:
    """Each head is decomposed once, and each canonical space made once, at the place given."""
    heads = Fits(tmp_path / "heads", "logit")
    heads.run()
    assert heads.asked.count("singular values") == 3
    canonical = Fits(tmp_path / "canonical", {"name": "canonical", "k": 3})
    canonical.run()
    assert canonical.asked.count("eigenvalues") == 3 + 1  # of each network, and of all of them
    plain = Fits(tmp_path / "ols", "ols")
    plain.run()
    assert (plain.asked.count("inverse"), plain.asked.count("product")) == (3, 6)


def test_long_fits_read_rows_show_how_far_they_are_and_leave_no_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    states: list[Path] = []
    keeping = problem.SourceProblem.keeping

    def noted(self: problem.SourceProblem, checkpoint: Path) -> problem.SourceProblem:
        states.append(checkpoint)
        return keeping(self, checkpoint)

    monkeypatch.setattr(problem.SourceProblem, "keeping", noted)
    fits = Fits(tmp_path, {"name": "cosine", "passes": 2})
    fits.run()
    assert states == [tmp_path / "maps" / "cosine" / f"{name}.checkpoint.npz" for name in "abc"]
    assert len(fits.progress.tasks) == 1 + 3
    places = {fits.files.path("cosine", a, b) for a in "abc" for b in "abc" if a != b}
    assert all(path.exists() for path in places)
    assert not list(fits.files.folder.rglob("*checkpoint*"))
