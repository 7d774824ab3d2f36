"""What is taken for a study file, and where its study lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from samefeatures.base.errors import ConfigError
from samefeatures.study.place import is_study_file, study_folder


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("study.yaml", True),
        ("Study.YML", True),
        ("nowhere/study.yaml", True),
        ("timm:resnet18", False),
        ("npz:study.yaml", False),
        ("out", False),
        ("study.json", False),
        ("folder.yaml", False),
        ("10:30.yaml", True),
        ("10:31.yaml", False),
    ],
)
def test_what_is_a_study_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, is_one: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder.yaml").mkdir()
    Path("10:30.yaml").write_text("")
    assert is_study_file(name) is is_one
    assert is_study_file(Path(name)) is is_one


def test_the_folder_is_named_once(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text("networks: [npz:a.npz]\nout: there\n")
    assert study_folder(path, None) == tmp_path / "there"
    assert study_folder(path, tmp_path / "else") == tmp_path / "else"
    assert study_folder(tmp_path, None) == tmp_path
    with pytest.raises(ConfigError, match="leave --out out"):
        study_folder(tmp_path, tmp_path / "else")
    path.write_text("networks: [npz:a.npz]\n")
    assert study_folder(path, tmp_path / "else") == tmp_path / "else"
    with pytest.raises(ConfigError, match=r"study\.yaml names no folder .* Give --out DIR"):
        study_folder(path, None)
    (tmp_path / "study.json").write_text("")
    with pytest.raises(ConfigError, match="is a file"):
        study_folder(tmp_path / "study.json", None)
