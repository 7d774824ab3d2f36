"""Records that can be made again: read as written, made anew where damaged, and others removed."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import pytest

from samefeatures.base.errors import StoreError
from samefeatures.base.kept_records import keep_record, kept_record, let_others_go


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    names: tuple[str, ...]
    value: float | None


FOUND = Found(names=("a", "b"), value=0.1)


def test_it_is_read_as_it_was_written(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "deep" / "in" / "key.json"
    assert kept_record(Found, path) is None
    keep_record(FOUND, path)
    assert kept_record(Found, path) == FOUND
    assert not caplog.records


@pytest.mark.parametrize(
    ("old", "new"), [("0.1", "0.2"), ('"a"', '"c"'), ("names", "name"), ("}", "")]
)
def test_a_changed_file_is_none_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, old: str, new: str
) -> None:
    path = tmp_path / "key.json"
    keep_record(FOUND, path)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with caplog.at_level(logging.WARNING, "samefeatures"):
        assert kept_record(Found, path) is None
    assert "computed again" in caplog.text


def test_records_of_other_settings_go(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    paths = [folder / f"{key}.json" for key in "abc"]
    for path in paths:
        keep_record(FOUND, path)
    (folder / "notes.txt").write_text("somebody's")
    let_others_go(paths[1:], folder=folder, within=tmp_path)
    assert {path.name for path in folder.iterdir()} == {"b.json", "c.json", "notes.txt"}


def test_nothing_is_removed_out_of_the_study(tmp_path: Path) -> None:
    outside, study = tmp_path / "outside", tmp_path / "study"
    study.mkdir()
    keep_record(FOUND, outside / "a.json")
    (study / "kept").symlink_to(outside)
    with pytest.raises(StoreError, match="nothing out there is deleted"):
        let_others_go([], folder=study / "kept", within=study)
    assert (outside / "a.json").exists()


def test_a_file_where_the_folder_belongs(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("")
    with pytest.raises(StoreError, match="Can't write"):
        keep_record(FOUND, tmp_path / "kept" / "a.json")
