"""Messages about files of weights that do not fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from samefeatures.networks.misfits import differences, misfit, unreadable


def test_what_does_not_fit() -> None:
    ours = {"a": (1, 2), "b": (3,), "c": ()}
    theirs = {"c": (), "b": (4,), "d": (5,)}
    assert differences(ours, theirs) == [
        "a is missing",
        "d is not in the model",
        "b is (4,), the model has (3,)",
    ]
    assert differences(ours, ours) == []


def test_five_are_named_and_all_are_counted() -> None:
    said = str(misfit([f"p{i}" for i in range(6)], Path("x.pth"), source="timm:a", remedy="Do."))
    assert said == (
        "x.pth is not a checkpoint of timm:a: 6 tensors do not fit. p0; p1; p2; p3; p4; …. Do."
    )
    assert "p0. Name the model" in str(misfit(["p0"], Path("x.pth"), source="timm:a"))


def test_missing_and_damaged_files(tmp_path: Path) -> None:
    gone = unreadable(tmp_path / "a.h5", "Keras file", OSError("errno 2"))
    assert str(gone) == f"There is no Keras file at {tmp_path / 'a.h5'}. Check the path."
    (tmp_path / "a.h5").touch()
    cut = str(unreadable(tmp_path / "a.h5", "Keras file", ValueError("odd bytes\nmore")))
    assert "cut short or is not a Keras file (ValueError: odd bytes). Copy or" in cut


@pytest.mark.parametrize(
    ("begins", "says"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "pointer of git-lfs"),
        (b"\n<!DOCTYPE html><html>", "web page"),
        (b"<html><body>404", "web page"),
    ],
)
def test_what_downloads_leave_in_a_files_place_is_named(
    begins: bytes, says: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.h5"
    path.write_bytes(begins)
    said = str(unreadable(path, "Keras file", ValueError("odd bytes")))
    assert f"{path} is a {says}, not a Keras file." in said
    assert "odd bytes" not in said


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    said = str(unreadable(tmp_path, "checkpoint", IsADirectoryError("errno 21")))
    assert said == f"{tmp_path} is a folder, not a checkpoint. Name the file in it."
