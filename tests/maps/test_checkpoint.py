"""The state of a fit on disk: due, kept, of another fit, and gone."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from samefeatures.base.errors import StoreDamagedError
from samefeatures.maps import checkpoint
from samefeatures.maps.checkpoint import Checkpoint


def test_what_is_kept_is_found_by_the_same_fit_alone(tmp_path: Path) -> None:
    kept = Checkpoint(tmp_path / "fit.npz", "mine")
    assert kept.load() is None
    kept.save({"weight": np.arange(6.0).reshape(2, 3)})
    found = Checkpoint(tmp_path / "fit.npz", "mine").load()
    assert found is not None
    np.testing.assert_array_equal(found["weight"], np.arange(6.0).reshape(2, 3))
    assert list(found) == ["weight"]
    assert Checkpoint(tmp_path / "fit.npz", "another").load() is None


def test_it_is_discarded_also_where_it_is_gone_already(tmp_path: Path) -> None:
    kept = Checkpoint(tmp_path / "fit.npz", "mine")
    kept.save({"weight": np.ones(1)})
    for _ in range(2):  # another process may have finished the same fit
        kept.discard()
        assert not list(tmp_path.iterdir())


def test_it_is_due_after_a_while_and_without_a_file_never(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, nowhere = Checkpoint(tmp_path / "fit.npz", "mine"), Checkpoint(None, "mine")
    now = [time.monotonic()]
    monkeypatch.setattr(checkpoint.time, "monotonic", lambda: now[0])
    assert not kept.due
    now[0] += checkpoint.SECONDS
    assert kept.due
    assert not nowhere.due
    kept.save({})
    assert not kept.due
    nowhere.save({"weight": np.ones(1)})
    nowhere.discard()
    assert nowhere.load() is None


@pytest.mark.parametrize("damage", [b"", b"PK", None])
def test_what_can_not_be_read_is_said(tmp_path: Path, damage: bytes | None) -> None:
    path = tmp_path / "fit.npz"
    if damage is None:
        np.savez(path, weight=np.ones(1))  # no key
    else:
        path.write_bytes(damage)
    with pytest.raises(StoreDamagedError, match="does not hold the state of a fit"):
        Checkpoint(path, "mine").load()
