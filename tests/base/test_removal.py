"""What is deleted: files of ours by their names, in the folder where they belong."""

from __future__ import annotations

from pathlib import Path

import pytest

from samefeatures.base.errors import StoreError
from samefeatures.base.removal import remove, remove_folder


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A folder beside the study, with a file of the very name that is removed."""
    folder = tmp_path / "victim"
    folder.mkdir()
    (folder / "x.npz").write_text("precious")
    (tmp_path / "out").mkdir()
    return folder


def leading_out(out: Path, victim: Path, how: str) -> Path:
    if how == "dots":
        return out / ".." / "victim"
    if how == "absolute":
        return out / victim.resolve()
    (out / "link").symlink_to(victim if how == "link" else Path("..") / "victim")
    return out / "link"


@pytest.mark.parametrize("how", ["dots", "absolute", "link", "relative link"])
@pytest.mark.parametrize("whole", [False, True])
def test_nothing_outside_is_deleted(tmp_path: Path, victim: Path, how: str, whole: bool) -> None:
    out = tmp_path / "out"
    folder = leading_out(out, victim, how)
    with pytest.raises(StoreError, match="nothing out there is deleted"):
        remove_folder(folder, ["x.npz"], within=out) if whole else remove(
            folder / "x.npz", within=out
        )
    assert (victim / "x.npz").read_text() == "precious"


def test_of_a_link_the_link_alone(tmp_path: Path, victim: Path) -> None:
    (tmp_path / "out" / "x.npz").symlink_to(victim / "x.npz")
    remove(tmp_path / "out" / "x.npz", within=tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
    assert (victim / "x.npz").exists()


def test_a_folder_with_something_of_others_stays(tmp_path: Path) -> None:
    for name, more in (("ours", []), ("theirs", ["notes.txt"])):
        (tmp_path / name).mkdir()
        for file in ["a.csv", *more]:
            (tmp_path / name / file).touch()
        remove_folder(tmp_path / name, ["a.csv", "b.csv"], within=tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["theirs", "notes.txt"]


def test_a_folder_in_a_files_place_is_not_deleted(tmp_path: Path) -> None:
    (tmp_path / "x.npz").mkdir()
    with pytest.raises(StoreError, match="is a folder where a file belongs"):
        remove(tmp_path / "x.npz", within=tmp_path)


def test_the_study_itself_may_lie_behind_a_link(tmp_path: Path, victim: Path) -> None:
    (tmp_path / "shortcut").symlink_to(victim)
    remove(tmp_path / "shortcut" / "x.npz", within=tmp_path / "shortcut")
    assert list(victim.iterdir()) == []
