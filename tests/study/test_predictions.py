"""What networks and hybrids say of every image, on disk: what is no such file is refused."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from samefeatures.base.errors import FileError, StoreError
from samefeatures.study import predictions as module
from samefeatures.study.predictions import read_predictions, write_predictions
from samefeatures.study.tables import write_table

SAID = {"own/a": np.array([0, 1, 2], np.int32), "ols/a/b": np.array([2, 1, 0], np.int32)}


def write(path: Path, **columns: Any) -> Path:
    """With a checksum, whatever the columns are."""
    return write_table(module._sealed, columns, path)


def test_columns_stand_in_order_with_labels_where_they_are_known(tmp_path: Path) -> None:
    path = tmp_path / "predictions.parquet"
    write_predictions(None, np.array([5, 6, 7]), 3, SAID, path)
    table = pd.read_parquet(path)
    assert table.columns.tolist() == ["id", "label", "own/a", "ols/a/b"]
    assert table.to_numpy().tolist() == [["0", 5, 0, 2], ["1", 6, 1, 1], ["2", 7, 2, 0]]
    assert write_predictions(list("xyz"), None, 3, SAID, path) == path
    table = pd.read_parquet(path)
    assert table.columns.tolist() == ["id", "own/a", "ols/a/b"]
    assert table["id"].tolist() == list("xyz")


def test_all_that_is_missing_is_named(tmp_path: Path) -> None:
    path = write_predictions(None, None, 3, SAID, tmp_path / "predictions.parquet")
    with pytest.raises(StoreError, match="has no predictions of own/b, own/c: it belongs"):
        read_predictions(path, ["own/a", "own/b", "own/c"])
    found = read_predictions(path, ["ols/a/b"])
    assert {name: column.tolist() for name, column in found.items()} == {"ols/a/b": [2, 1, 0]}


@pytest.mark.parametrize("ids", [[1, 2, 3], ["x", None, "z"], [None, None, None]])
def test_ids_are_text(tmp_path: Path, ids: list[Any]) -> None:
    path = write(tmp_path / "predictions.parquet", id=ids)
    with pytest.raises(StoreError, match="an id in it is no text"):
        read_predictions(path, ["id"])


@pytest.mark.parametrize("said", [[0.0, 1.0], ["0", "1"], [0, None]])
def test_predictions_are_whole_numbers(tmp_path: Path, said: list[Any]) -> None:
    path = write(tmp_path / "predictions.parquet", x=said)
    with pytest.raises(StoreError, match="can't be read"):
        read_predictions(path, ["x"])


def test_a_file_that_is_altered_is_refused(tmp_path: Path) -> None:
    path = write_predictions(None, None, 3, SAID, tmp_path / "predictions.parquet")
    whole = path.read_bytes()
    path.write_bytes(whole[:5] + bytes([whole[5] ^ 1]) + whole[6:])
    with pytest.raises(StoreError, match="its checksum is another"):
        read_predictions(path, ["id"])
    at = whole.rindex(module.SEAL) + len(module.SEAL)
    path.write_bytes(whole[:at] + b"?" * (len(whole) - at - 4) + b"PAR1")
    with pytest.raises(StoreError, match="its checksum is gone"):
        read_predictions(path, ["id"])


def test_what_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_predictions(None, None, 3, SAID, tmp_path / "predictions.parquet")
    monkeypatch.setattr(module, "MOST", path.stat().st_size)
    read_predictions(path, ["id"])
    monkeypatch.setattr(module, "MOST", path.stat().st_size - 1)
    with pytest.raises(StoreError, match="it is larger than"):
        read_predictions(path, ["id"])


def test_a_file_without_a_checksum_is_read_apart_and_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "predictions.parquet"
    shortest = b"PAR1" + struct.pack("<I", 0) + b"PAR1"
    asked: list[tuple[Any, ...]] = []
    given = {"id": np.array(["x", "y"]), "own/a": np.array([1, 2])}

    def apart(*arguments: str, data: bytes, seconds: float) -> bytes:
        asked.append((*arguments, data, seconds))
        packed = io.BytesIO()
        np.savez(packed, allow_pickle=True, **given)
        return packed.getvalue()

    monkeypatch.setattr(module, "apart", apart)
    for raw in (b"PAR1", shortest[:7] + b"PAR1", b"PAR2" + shortest[4:], shortest[:-1] + b"2"):
        path.write_bytes(raw)
        with pytest.raises(StoreError, match="cut short, or no Parquet"):
            read_predictions(path, ["id", "own/a"])
    assert asked == []
    path.write_bytes(shortest)
    found = read_predictions(path, ["id", "own/a"])
    assert {name: column.tolist() for name, column in found.items()} == {
        "id": ["x", "y"],
        "own/a": [1, 2],
    }
    assert found["id"].dtype == object
    assert asked == [("samefeatures.study.unsealed", "id", "own/a", shortest, module.SECONDS)]
    given["id"] = np.array(["x", "y"], dtype=object)  # pickled
    with pytest.raises(StoreError, match="can't be read"):
        read_predictions(path, ["id", "own/a"])

    def dies(*_: str, **__: Any) -> bytes:
        raise FileError("reading it failed (-11)")

    monkeypatch.setattr(module, "apart", dies)
    with pytest.raises(StoreError, match=r"reading it failed \(-11\)"):
        read_predictions(path, ["id"])
