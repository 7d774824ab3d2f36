"""Of what a file holds, the weights of a network are found by its names."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from samefeatures.base.errors import CheckpointError
from samefeatures.networks.torch.choosing import choose


def network(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.Sequential(nn.Linear(4, 3)))


OWN = network().state_dict()


def prefixed(prefix: str, weights=OWN):
    return {prefix + name: tensor for name, tensor in weights.items()}


def chosen(states, wish: str | None = None, model: nn.Module | None = None):
    return choose(states, model or network(1), wish=wish, path=Path("net.pt"))


def same(weights, other=OWN) -> bool:
    return list(weights) == list(other) and all(torch.equal(weights[n], other[n]) for n in other)


@pytest.mark.parametrize(
    ("prefix", "said"),
    [
        ("module.", "module."),
        ("_orig_mod.", "_orig_mod."),
        ("module._orig_mod.", "module., _orig_mod."),
        ("_orig_mod.module.", "module., _orig_mod."),
        ("module.module.", "module."),
        ("model.", "model."),
        ("model._orig_mod.", "_orig_mod., model."),
        ("model.module.", "module., model."),
        ("model.model.", "model.model."),
        ("timm_model.", "timm_model."),
        ("whatever.they.called.it.", "whatever.they.called.it."),
    ],
)
def test_any_prefix_of_all_names_is_taken_off_and_said(prefix: str, said: str) -> None:
    found = chosen({"": prefixed(prefix)})
    assert same(found.weights)
    assert found.said == {"prefix": f"{said} taken off the names"}


def test_wrappers_are_taken_out_of_the_middle() -> None:
    names = {name.replace("2.", "2.module.", 1): tensor for name, tensor in OWN.items()}
    assert same(chosen({"": names}).weights)
    some = {(f"_orig_mod.{n}" if n.startswith("0") else n): t for n, t in OWN.items()}
    assert same(chosen({"": some}).weights)


class NamedLikeAWrapper(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.module = nn.Linear(2, 2)


def test_names_of_the_model_itself_stay() -> None:
    model = NamedLikeAWrapper()
    state = model.state_dict()
    for prefix in ("", "module.", "model."):
        assert same(chosen({"": prefixed(prefix, state)}, model=model).weights, state)


def test_metadata_go_with_their_modules() -> None:
    wrapped = nn.ModuleDict({"module": nn.ModuleDict({"model": network()})}).state_dict()
    expected = network().state_dict()._metadata
    assert chosen({"": wrapped}).weights._metadata == expected  # type: ignore[attr-defined]


def test_what_stands_beside_the_prefix_is_left_out_and_said() -> None:
    state = prefixed("model.") | {"loss.weight": torch.ones(3), "n_averaged": torch.tensor(4)}
    found = chosen({"state_dict": state})
    assert same(found.weights)
    assert found.said["beside"] == (
        "2 tensors beside the network, left out: loss.weight, n_averaged"
    )
    assert found.said["weights"] == "state_dict"
    average = prefixed("module.") | {"n_averaged": torch.tensor(4)}
    assert chosen({"": average}).said["beside"].endswith("left out: n_averaged")
    assert same(chosen({"": average}).weights)


EMA = network(7).state_dict()
PAIRS = {
    "timm": {"state_dict": OWN, "state_dict_ema": EMA},
    "torchvision": {"model": OWN, "model_ema": prefixed("module.", EMA)},
    "keys": {"net": OWN, "ema": EMA},
    "dino": {"student": prefixed("backbone.", OWN), "teacher": prefixed("backbone.", EMA)},
    "lightning": {"state_dict": prefixed("model.") | prefixed("ema_model.", EMA)},
    "deep": {"training.model": OWN, "training.ema.module": EMA},
}


@pytest.mark.parametrize("name", PAIRS)
def test_the_average_is_taken_unless_raw_weights_are_wished(name: str) -> None:
    by_default, averaged, raw = (chosen(PAIRS[name], wish) for wish in (None, "ema", "raw"))
    assert same(by_default.weights, EMA)
    assert same(averaged.weights, EMA)
    assert same(raw.weights, OWN)
    assert ", a running average (EMA); ?weights=raw takes " in by_default.said["weights"]
    assert "; ?weights=ema takes " in raw.said["weights"]


def test_a_wish_that_a_file_does_not_fulfil() -> None:
    with pytest.raises(
        CheckpointError, match=r"net\.pt holds no running average.*only model\. Lea"
    ):
        chosen({"model": OWN}, "ema")
    with pytest.raises(CheckpointError, match="holds no weights but a running average, only ema"):
        chosen({"ema": OWN}, "raw")
    assert chosen({"ema": OWN}).said["weights"] == "ema, a running average (EMA)"
    assert "scheme" in chosen({"scheme": OWN}, "raw").said["weights"]


def test_several_that_fit_are_not_guessed_between() -> None:
    with pytest.raises(CheckpointError, match=r"several weights that fit: last, best\. Save one"):
        chosen({"last": OWN, "best": EMA})
    assert same(chosen({"best": EMA, "model": OWN}).weights)  # one has the usual name
    twice = prefixed("model.") | prefixed("attacker.model.")
    assert same(chosen({"model": twice}).weights)  # they are the same


def test_a_part_that_happens_to_have_such_names_is_not_taken() -> None:
    head = {"0.weight": torch.ones(4, 5), "0.bias": torch.ones(4)}
    assert same(chosen({"state_dict": OWN, "projector": head}).weights)


def test_names_of_another_library_keep_all_but_the_words_for_a_whole() -> None:
    other = {"stem.weight": torch.ones(2), "head.weight": torch.ones(2)}
    assert same(chosen({"model": prefixed("module.backbone.", other)}).weights, other)
