"""Columns of Parquet files without a checksum, as the process of its own hands them on."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from arro3.io import write_parquet

from samefeatures.study import unsealed
from samefeatures.study.tables import write_table

COLUMNS: dict[str, Any] = {
    "id": ["a.png", "bé.png"],
    "label": np.array([1, 2]),
    "own/x": np.array([3, 4], np.int32),
    "said": ["p", "q"],
}
HandedOn = Callable[..., dict[str, Any]]


@pytest.fixture
def handed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HandedOn:
    """Runs the module here, between a file as its input and what it writes."""
    raw = write_table(write_parquet, COLUMNS, tmp_path / "plain.parquet").read_bytes()

    def run(*names: str) -> dict[str, Any]:
        packed = io.BytesIO()
        monkeypatch.setattr(sys, "argv", ["label", *names])  # the program's name asks for nothing
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(raw)))
        monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=packed))
        unsealed.main()
        with np.load(io.BytesIO(packed.getvalue()), allow_pickle=False) as file:
            return dict(file)

    return run


def test_columns_that_are_asked_for_and_there_come_as_arrays(handed_on: HandedOn) -> None:
    found = handed_on("own/x", "id", "gone")
    assert list(found) == ["own/x", "id"]
    assert found["id"].tolist() == ["a.png", "bé.png"]
    assert found["id"].dtype.kind == "U"
    assert found["own/x"].tolist() == [3, 4]
    assert found["own/x"].dtype == np.int32
    assert handed_on("label")["label"].tolist() == [1, 2]
    assert handed_on("gone") == {}


def test_text_where_numbers_belong_is_never_pickled(handed_on: HandedOn) -> None:
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        handed_on("said")
