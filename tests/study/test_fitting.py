"""Only what is missing is fitted, and nothing is factorised for nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from npz_worlds import make_worlds, write_npz
from samefeatures.maps import problem
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
