"""Checkpoints are read without running code of theirs."""

from __future__ import annotations

import argparse
import datetime
import os
import pickle
import sys
from collections import defaultdict, deque
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from samefeatures.base.errors import CheckpointError
from samefeatures.networks.torch.checkpoints import DICTS, read_checkpoint


def state(seed: int = 0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(50, 40), nn.BatchNorm1d(40)).state_dict()


@pytest.mark.parametrize(
    "keys", ["", "state_dict", "model", "model_state_dict", "net", "teacher", "training.ema.module"]
)
def test_state_dicts_are_found_where_they_stand(tmp_path: Path, keys: str) -> None:
    weights, content = state(), {}
    for key in reversed(keys.split(".")):
        content = {key: content or weights, "epoch": 3}
    path = tmp_path / "weights.pt"
    optimizer = {"state": {0: {"exp_avg": torch.ones(1)}}, "param_groups": []}
    torch.save({**content, "optimizer": optimizer} if keys else weights, path)
    ((where, read),) = read_checkpoint(path).items()
    assert (where, list(read)) == (keys, list(weights))
    assert all(torch.equal(read[name], value) for name, value in weights.items())
    assert read._metadata["1"] == {"version": 2}  # type: ignore[attr-defined]


@pytest.mark.parametrize("form", ["old", "safetensors"])
def test_other_forms_of_a_file(tmp_path: Path, form: str) -> None:
    path, weights = tmp_path / f"weights.{form}", state()
    if form == "old":
        torch.save(weights, path, _use_new_zipfile_serialization=False)
    else:
        save_file(weights, path)
    (read,) = read_checkpoint(path).values()
    assert all(torch.equal(read[name], value) for name, value in weights.items())


def made_in(module: str, name: str, monkeypatch: pytest.MonkeyPatch) -> type:
    """A dictionary that is filled, with attributes of its own, in a module that is there."""
    kind = type(name, (dict,), {"__module__": module})
    for part in {module.partition(".")[0], module}:
        monkeypatch.setitem(sys.modules, part, ModuleType(part))
    monkeypatch.setattr(sys.modules[module], name, kind, raising=False)
    return kind


BESIDE = {
    "settings": argparse.Namespace(lr=0.1, out=Path("runs"), seen={"a": (1, None)}),
    "a namespace": SimpleNamespace(lr=0.1),
    "a scalar": np.float64(76.3),
    "a small scalar": np.float16(76.3),
    "a count": np.int64(90),
    "a flag": np.bool_(True),
    "a word": np.str_("acc"),
    "an array": np.arange(5),
    "a moment": datetime.datetime(2026, 1, 2),
    "a while": datetime.timedelta(hours=3),
    "the library": torch.__version__,
    "counts": defaultdict(int, {"a": 3, "b": 4}),
    "the last losses": deque([0.3, 0.2], maxlen=2),
}


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("name", BESIDE)
def test_what_training_scripts_write_beside_is_passed_over(
    tmp_path: Path, name: str, zipped: bool
) -> None:
    path = tmp_path / "best.pth.tar"
    content = {"epoch": 3, "value": BESIDE[name], "state_dict": state()}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    assert list(read_checkpoint(path)) == ["state_dict"]


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("named", DICTS[1:])
def test_settings_that_are_dictionaries_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str, zipped: bool
) -> None:
    kind = made_in(*named.rsplit(".", 1), monkeypatch=monkeypatch)
    inner = kind(B=2)
    inner.immutable = True  # pickled as a state
    path = tmp_path / "best.pth"
    content = {"config": kind(A=1, B=inner), "model": state()}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    assert list(read_checkpoint(path)) == ["model"]


@pytest.mark.parametrize("name", BESIDE)
def test_the_same_in_torch_2_4(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """It knows classes by their own names alone, and has no block in which some are allowed."""

    def allowed() -> dict[str, type]:
        found = torch.serialization.get_safe_globals()
        return {f"{each.__module__}.{each.__name__}": each for each in found}

    monkeypatch.delattr(torch.serialization, "safe_globals", raising=False)
    monkeypatch.setattr(torch._weights_only_unpickler, "_get_user_allowed_globals", allowed)
    torch.save({"value": BESIDE[name], "model": state()}, tmp_path / "best.pth")
    assert list(read_checkpoint(tmp_path / "best.pth")) == ["model"]


def test_what_the_user_allows_is_left_alone(tmp_path: Path) -> None:
    before = set(torch.serialization.get_safe_globals())
    torch.save(state(), tmp_path / "good.pt")
    (tmp_path / "bad.pt").write_bytes(b"no checkpoint")
    with torch.serialization.safe_globals([Evil]):
        read_checkpoint(tmp_path / "good.pt")
        with pytest.raises(CheckpointError):
            read_checkpoint(tmp_path / "bad.pt")
        assert set(torch.serialization.get_safe_globals()) == {*before, Evil}


def test_names_of_earlier_numpy_are_passed_over_too(tmp_path: Path) -> None:
    path = tmp_path / "best.pth.tar"
    torch.save({"state_dict": {"a": torch.ones(2)}, "best": np.float64(76.3)}, path,
               _use_new_zipfile_serialization=False)  # fmt: skip
    data = path.read_bytes()
    assert b"numpy._core.multiarray" in data
    path.write_bytes(data.replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))
    assert list(read_checkpoint(path)) == ["state_dict"]


class Evil:
    """Leaves a trace if it is ever unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return (os.mkdir, (str(self.trace),))


def test_code_is_refused_and_not_run(tmp_path: Path) -> None:
    trace, path = tmp_path / "ran", tmp_path / "evil.pt"
    torch.save({"a": torch.ones(1), "b": Evil(trace)}, path)
    with pytest.raises(CheckpointError, match=r"\(posix\.mkdir\): loading it would run code"):
        read_checkpoint(path)
    path.write_bytes(pickle.dumps(Evil(trace)))
    with pytest.raises(CheckpointError, match=r"evil\.pt"):
        read_checkpoint(path)
    torch.save(nn.Linear(2, 2), path)  # a whole module is code, too
    with pytest.raises(CheckpointError, match="would run code"):
        read_checkpoint(path)
    assert not trace.exists()


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_damaged_files(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"weights{suffix}"
    with pytest.raises(CheckpointError, match="no checkpoint at"):
        read_checkpoint(path)
    save_file(state(), path) if suffix == ".safetensors" else torch.save(state(), path)
    data = path.read_bytes()
    for part in (data[: len(data) // 2], b"", b"weights of mine"):
        path.write_bytes(part)
        with pytest.raises(CheckpointError, match="cut short or is not a checkpoint") as caught:
            read_checkpoint(path)
        assert "Re-running" not in str(caught.value), "how to run a file's code is no advice"
    path.write_bytes(b"<html>not found</html>")
    with pytest.raises(CheckpointError, match="is a web page, not a checkpoint"):
        read_checkpoint(path)


def test_other_contents(tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    for content, message in (
        ([1, 2], "holds list, not a state dict"),
        ({}, "holds dict, not a state dict"),
        ({"epoch": 3, "best": 1.0}, "holds dict of epoch, best, not a state dict"),
        ({"a": torch.ones(1), "epoch": 3}, "more than weights: epoch"),
    ):
        torch.save(content, path)
        with pytest.raises(CheckpointError, match=message):
            read_checkpoint(path)
