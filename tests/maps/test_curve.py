"""Files of curves and checkpoints: what was written, or a message."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from samefeatures.base.errors import StoreDamagedError
from samefeatures.maps import LossCurve
from samefeatures.maps.checkpoint import Checkpoint


@pytest.mark.parametrize("unit", ["batch", "pass"])
def test_a_curve_comes_back(tmp_path: Path, unit: Literal["batch", "pass"]) -> None:
    path = tmp_path / "a--b.curve.npz"
    LossCurve(unit=unit, loss=np.array([0.5, 0.25])).save(path)
    again = LossCurve.load(path)
    assert again.unit == unit
    np.testing.assert_array_equal(again.loss, [0.5, 0.25])
    assert [p.name for p in tmp_path.iterdir()] == ["a--b.curve.npz"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(path.read_bytes()[:100]),
        lambda path: path.write_bytes(b""),
        lambda path: np.savez(path, unit=np.array("mile"), loss=np.zeros(3)),
        lambda path: np.savez(path, unit=np.array("pass")),
    ],
)
def test_a_damaged_curve_says_what_to_do(tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "a--b.curve.npz"
    LossCurve(unit="pass", loss=np.array([0.5, 0.25])).save(path)
    damage(path)
    with pytest.raises(StoreDamagedError, match=r"does not hold a loss curve .*fit again"):
        LossCurve.load(path)


def test_a_checkpoint_belongs_to_its_key(tmp_path: Path) -> None:
    path = tmp_path / "a.checkpoint.npz"
    Checkpoint(path, "one").save({"x": np.arange(3)})
    found = Checkpoint(path, "one").load()
    assert found is not None
    assert found.keys() == {"x"}
    assert Checkpoint(path, "two").load() is None
    path.write_bytes(b"PK")
    with pytest.raises(StoreDamagedError, match=r"state of a fit .*starts that fit anew"):
        Checkpoint(path, "one").load()
    Checkpoint(path, "one").discard()
    assert Checkpoint(path, "one").load() is None


def test_without_a_path_nothing_is_kept() -> None:
    nowhere = Checkpoint(None, "key")
    nowhere.save({"x": np.arange(3)})
    assert nowhere.load() is None
    assert not nowhere.due
    nowhere.discard()
