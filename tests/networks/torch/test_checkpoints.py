"""Checkpoints are read without running code of theirs, and must fit."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from samefeatures.base.errors import CheckpointError
from samefeatures.networks.torch.checkpoints import load_into, read_checkpoint


def state(seed: int = 0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(50, 40), nn.BatchNorm1d(40)).state_dict()


@pytest.mark.parametrize("form", ["plain", "state_dict", "model", "module", "old", "safetensors"])
def test_every_form_of_a_state_dict(tmp_path: Path, form: str) -> None:
    path, weights = tmp_path / "weights.pt", state()
    if form == "safetensors":
        path = tmp_path / "weights.safetensors"
        save_file(weights, path)
    elif form == "module":
        torch.save({"state_dict": {f"module.{k}": v for k, v in weights.items()}, "epoch": 3}, path)
    elif form == "old":
        torch.save(weights, path, _use_new_zipfile_serialization=False)
    else:
        torch.save(weights if form == "plain" else {form: weights, "epoch": 3}, path)
    read = read_checkpoint(path)
    assert list(read) == list(weights) or form == "safetensors"
    assert all(torch.equal(read[name], value) for name, value in weights.items())


class Evil:
    """Leaves a trace if it is ever unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return (os.mkdir, (str(self.trace),))


def test_code_is_refused_and_not_run(tmp_path: Path) -> None:
    trace, path = tmp_path / "ran", tmp_path / "evil.pt"
    torch.save({"a": torch.ones(1), "b": Evil(trace)}, path)
    with pytest.raises(CheckpointError, match="would run code from the file"):
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
    for part in (data[: len(data) // 2], b"", b"<html>not found</html>"):
        path.write_bytes(part)
        with pytest.raises(CheckpointError, match="cut short or is not a checkpoint"):
            read_checkpoint(path)


def test_other_contents(tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    for content, message in (
        ([1, 2], "holds list"),
        ({}, "holds dict"),
        ({"a": torch.ones(1), "epoch": 3}, "more than weights: epoch"),
    ):
        torch.save(content, path)
        with pytest.raises(CheckpointError, match=message):
            read_checkpoint(path)


def test_tensors_that_do_not_fit_are_counted(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(50, 40), nn.BatchNorm1d(40))
    weights = state(seed=1)
    load_into(model, weights, path=tmp_path, source="s")
    assert torch.equal(model[0].weight, weights["0.weight"])
    weights["0.weight"] = torch.ones(3, 3)
    weights["extra"] = weights.pop("0.bias")
    with pytest.raises(
        CheckpointError,
        match=r"(?s)not a checkpoint of s: 3 tensors.*0\.bias is missing; extra is not in the "
        r"model; 0\.weight is \(3, 3\), the model has \(40, 50\)\.",
    ):
        load_into(model, weights, path=tmp_path, source="s")
    many = {f"x{i}": torch.ones(1) for i in range(9)}
    with pytest.raises(CheckpointError, match=r"16 tensors do not fit.*; …\."):
        load_into(model, many, path=tmp_path, source="s")
