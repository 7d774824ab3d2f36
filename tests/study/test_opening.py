"""A study from its file, and what wins over the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from npz_worlds import make_worlds, write_npz
from samefeatures.base.errors import ConfigError
from samefeatures.base.told import ProgressStep
from samefeatures.study.curve_config import CurveConfig
from samefeatures.study.opening import open_study

TEXT = "networks: [npz:a.npz, npz:b.npz]\nmethods: [ols]\nout: there\n"


def written(folder: Path, text: str = TEXT) -> Path:
    (folder / "study.yaml").write_text(text)
    return folder / "study.yaml"


def test_the_file_alone(tmp_path: Path) -> None:
    study = open_study(written(tmp_path))
    assert study.out == tmp_path / "there"
    assert (study.config.strict, study.config.curve) == (False, False)
    assert not study.progress.visible


def test_what_is_asked_wins(tmp_path: Path) -> None:
    path = written(tmp_path)
    study = open_study(path, out=tmp_path / "else", strict=True, curve=True)
    assert study.out == tmp_path / "else"
    assert study.config.strict
    assert study.config.chosen_curve == CurveConfig()
    assert [entry.load for entry in study.config.networks] == ["npz:a.npz", "npz:b.npz"]


def test_what_the_file_says_stays(tmp_path: Path) -> None:
    path = written(tmp_path, f"{TEXT}strict: true\ncurve: {{seeds: 7}}\n")
    for curve in (True, False):
        study = open_study(path, curve=curve)
        assert study.config.strict
        assert study.config.chosen_curve == CurveConfig(seeds=7)


def test_a_curve_that_can_not_be_is_refused_with_the_place(tmp_path: Path) -> None:
    path = written(tmp_path, "networks: [npz:a.npz]\nout: there\n")
    with pytest.raises(ConfigError, match=r"study\.yaml: .*the curve is of maps"):
        open_study(path, curve=True)


def test_paths_start_at_the_file_and_progress_is_told(tmp_path: Path) -> None:
    for name in "ab":
        write_npz(tmp_path, name, make_worlds()[name])
    told: list[ProgressStep] = []
    study = open_study(written(tmp_path), progress=told.append)
    with study.progress:
        assert list(study.inputs.networks) == ["a", "b"]
    assert [(step.stage, step.done) for step in told][-1] == ("load networks", 2)
