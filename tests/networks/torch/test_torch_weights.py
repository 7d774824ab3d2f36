"""Weights come into networks as torch and the libraries put them there; misfits are said."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from torch import nn

from samefeatures.base.errors import CheckpointError, NetworkError
from samefeatures.networks.torch.weights import Recipe, load_weights

CLASSES = 6


class Net(nn.Module):
    """With counters, a table and an index in the state, and a mask that is not in it."""

    def __init__(self, classes: int = CLASSES) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 5, 1)
        self.norm = nn.BatchNorm2d(5)
        self.head = nn.Linear(5, classes)
        self.register_buffer("index", torch.arange(8))
        self.register_buffer("table", torch.linspace(0, 1, 8))
        self.register_buffer("noise", torch.randn(8))
        self.register_buffer("mask", torch.tril(torch.ones(4, 4)), persistent=False)


def build(classes: int | None = None) -> nn.Module:
    return Net() if classes is None else Net(classes)


def unchanged(weights, _model):
    return weights


def put(weights, rename=unchanged, wish: str | None = None):
    recipe = Recipe(build=build, rename=rename)
    return load_weights({"": weights}, recipe, wish=wish, path=Path("net.pt"), source="lib:net")


def state(classes: int = CLASSES):
    torch.manual_seed(5)
    return Net(classes).state_dict()


def equal(model: nn.Module, weights) -> bool:
    own = model.state_dict()
    return all(torch.equal(own[name], tensor) for name, tensor in weights.items())


def without(*names: str):
    return {name: tensor for name, tensor in state().items() if name not in names}


def test_a_file_of_the_same_network_needs_nothing_done() -> None:
    loaded = put(state())
    assert equal(loaded.model, state())
    assert loaded.said == {}


def test_counters_are_filled_in_and_said_whatever_version_a_file_says() -> None:
    plain, with_metadata = without("norm.num_batches_tracked"), state()
    del with_metadata["norm.num_batches_tracked"]
    for weights in (plain, with_metadata):
        loaded = put(weights)
        assert equal(loaded.model, weights)
        assert loaded.said["filled in"] == ("1 counter (num_batches_tracked), without effect")


def test_buffers_that_follow_from_the_sizes_are_computed() -> None:
    loaded = put(without("index", "table"))
    assert loaded.said["computed"] == "2 buffers, by the model itself: index, table"
    assert equal(loaded.model, {"index": torch.arange(8), "table": torch.linspace(0, 1, 8)})


@pytest.mark.parametrize(
    "name", ["noise", "norm.running_mean", "norm.running_var", "conv.weight", "head.bias"]
)
def test_what_training_made_may_not_be_missing(name: str) -> None:
    with pytest.raises(CheckpointError, match=f"1 tensors do not fit. {name} is missing. "):
        put(without(name))


def test_a_file_without_a_classifier_is_called_so() -> None:
    whole, bias = ("head.weight", "head.bias"), ("head.bias",)  # trained without one
    for gone, is_so in ((whole, True), (bias, False), (("conv.weight",), False)):
        with pytest.raises(CheckpointError) as caught:
            put(without(*gone))
        assert ("without one (num_classes=0)" in str(caught.value)) == is_so


def test_a_buffer_that_a_model_no_longer_keeps_must_be_what_it_computes() -> None:
    mask = torch.tril(torch.ones(4, 4))
    assert put({**state(), "mask": mask}).said["computed"].endswith("itself: mask")
    for other in (mask + 1, torch.ones(3, 3)):
        with pytest.raises(CheckpointError, match="mask is not what the model computes"):
            put({**state(), "mask": other})


@pytest.mark.parametrize("classes", [1, 3, 4000])
def test_the_number_of_classes_is_that_of_the_file(classes: int) -> None:
    assert equal(put(state(classes)).model, state(classes))


def test_shapes_of_more_than_the_head_are_a_misfit() -> None:
    weights = state(3) | {"conv.weight": torch.ones(5, 4, 1, 1), "extra": torch.ones(1)}
    del weights["norm.weight"]
    with pytest.raises(CheckpointError) as caught:
        put(weights)
    assert str(caught.value).startswith(
        "net.pt is not a checkpoint of lib:net: 3 tensors do not fit. norm.weight is missing; "
        "extra is not in the model; conv.weight is (5, 4, 1, 1), the model has (5, 3, 1, 1). Name"
    )


def test_quantised_values_are_not_taken_for_weights() -> None:
    weights = state() | {"conv.weight": torch.ones(5, 3, 1, 1, dtype=torch.int8)}
    with pytest.raises(CheckpointError, match=r"conv\.weight is int8, not floating-point"):
        put(weights)
    halves = {n: t.bfloat16() if t.is_floating_point() else t for n, t in state().items()}
    assert put(halves).model.conv.weight.dtype == torch.float32  # type: ignore[union-attr]


def test_renaming_is_the_librarys_and_is_said() -> None:
    old = {name.replace("head", "fc"): tensor for name, tensor in state(4).items()}
    loaded = put(old, lambda weights, _: {n.replace("fc", "head"): t for n, t in weights.items()})
    assert equal(loaded.model, state(4))
    assert loaded.said["renamed"] == (
        "2 tensors, from fc.weight, fc.bias to head.weight, head.bias"
    )
    gone = put(state() | {"old": torch.ones(1)}, lambda weights, _: without("old"))
    assert gone.said == {"passed over": "1 tensor, as the library does: old"}


def test_resampling_by_the_library_is_said() -> None:
    weights = state() | {"table": torch.linspace(0, 1, 15)}
    loaded = put(weights, lambda w, _: w | {"table": w["table"][::2]})
    assert loaded.said == {"resampled": "by the library: table (15,) to (8,)"}


def test_a_renaming_that_fails_leaves_the_misfit_to_be_told() -> None:
    with pytest.raises(CheckpointError, match=r"\d+ tensors do not fit.*is missing.*; …\."):
        put({"conv.weight": torch.ones(5, 3, 1, 1)}, lambda weights, _: weights["not there"])


class Versioned(Net):
    """Refuses files that do not say their version, as torchvision's MNASNet does."""

    _version = 2

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, *more) -> None:
        if local_metadata.get("version") not in (1, 2):
            raise ValueError("version should be set to 1 or 2")
        if local_metadata["version"] == 1:
            self.head.scale = 2.0
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *more)


def test_versions_are_those_of_the_file_or_else_the_current_ones() -> None:
    recipe = Recipe(build=lambda _: Versioned(), rename=unchanged)
    current = Versioned().state_dict()
    old = OrderedDict(current)
    old._metadata = {**current._metadata, "": {"version": 1}}  # type: ignore[attr-defined]
    for weights, is_old in ((current, False), (dict(current), False), (old, True)):
        loaded = load_weights({"": weights}, recipe, wish=None, path=Path(), source="s")
        assert equal(loaded.model, current)
        assert hasattr(loaded.model.head, "scale") == is_old


def test_metadata_that_are_none_are_left_aside() -> None:
    weights = OrderedDict(state())
    weights._metadata = {"norm": "version 2"}  # type: ignore[attr-defined]
    assert equal(put(weights).model, state())


def test_an_average_that_lacks_statistics_points_to_the_raw_weights() -> None:
    states = {"model": state(), "model_ema": without("norm.running_mean", "norm.running_var")}
    recipe = Recipe(build=build, rename=unchanged)

    def opened(wish: str | None) -> nn.Module:
        return load_weights(states, recipe, wish=wish, path=Path("net.pt"), source="lib:net").model

    with pytest.raises(CheckpointError) as caught:
        opened(None)
    assert "norm.running_mean is missing; norm.running_var is missing. " in str(caught.value)
    assert str(caught.value).endswith(
        "Taken was model_ema, a running average (EMA); ?weights=raw takes model."
    )
    assert equal(opened("raw"), state())


def test_an_unknown_wish() -> None:
    with pytest.raises(NetworkError, match=r"'lib:net': weights is 'last'; use 'ema' or 'raw'\."):
        put(state(), wish="last")
