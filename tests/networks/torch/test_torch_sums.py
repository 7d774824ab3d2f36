"""Heads that are added up are one linear layer on what they see."""

from __future__ import annotations

import numpy as np
import pytest
import timm
import torch
from torch import nn

from preps import imagenet
from samefeatures.base.errors import SplitError
from samefeatures.networks.proof import probe_images
from samefeatures.networks.record import Head
from samefeatures.networks.torch.backend import TorchBackend

PREP = imagenet(input_size=(3, 12, 12), crop_pct=1.0)
D, E, CLASSES = 6, 5, 9


class Trunk(nn.Module):
    """(b, 3, h, w) to two vectors, (b, D) and (b, E)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, D + E, 3, stride=2)

    def forward(self, x):
        x = self.conv(x).relu().mean((2, 3))
        return x[:, :D], x[:, D:]


class Heads(nn.Module):
    def __init__(self, *heads: nn.Module) -> None:
        super().__init__()
        self.trunk = Trunk()
        self.heads = nn.ModuleList(heads)


def linear(width: int = D) -> nn.Linear:
    return nn.Linear(width, CLASSES)


def normed(width: int = D) -> nn.Sequential:
    norm = nn.BatchNorm1d(width)
    for value in (norm.weight, norm.running_var):
        nn.init.uniform_(value, 0.5, 2)
    for value in (norm.bias, norm.running_mean):
        nn.init.normal_(value)
    return nn.Sequential(norm, nn.Dropout(), linear(width))


class MeanOfOne(Heads):
    def __init__(self) -> None:
        super().__init__(linear(), linear())

    def forward(self, x):
        x, _ = self.trunk(x)
        return (self.heads[0](x) + self.heads[1](x)) / 2


class MeanBehindNorms(MeanOfOne):
    def __init__(self) -> None:
        Heads.__init__(self, normed(), normed())


class MeanOfPlainNorms(MeanOfOne):
    def __init__(self) -> None:
        norms = [nn.BatchNorm1d(D, affine=False) for _ in range(2)]
        Heads.__init__(self, *(nn.Sequential(norm, linear()) for norm in norms))


class MeanOfTwo(Heads):
    def __init__(self) -> None:
        super().__init__(linear(D), linear(E))

    def forward(self, x):
        x, y = self.trunk(x)
        return torch.stack([self.heads[0](x), self.heads[1](y)]).mean(0)


class Learned(Heads):
    """As EfficientViM: factors of training, some heads with a norm, two on one vector."""

    def __init__(self) -> None:
        super().__init__(normed(D), linear(E), nn.Linear(E, CLASSES, bias=False))
        self.weights = nn.Parameter(torch.tensor([0.7, -1.3, 0.219]))

    def forward(self, x):
        x, y = self.trunk(x)
        parts = [head(each) for head, each in zip(self.heads, (x, y, y), strict=True)]
        return (self.weights[:, None, None] * torch.stack(parts)).sum(0)


class Scaled(Heads):
    """One head, with a temperature behind it."""

    def __init__(self) -> None:
        super().__init__(linear())

    def forward(self, x):
        return self.heads[0](self.trunk(x)[0]) / 8


class Convolutions(Heads):
    def __init__(self) -> None:
        super().__init__(nn.Conv2d(D, CLASSES, 1), nn.Conv2d(E, CLASSES, 1))

    def forward(self, x):
        x, y = (each[:, :, None, None] for each in self.trunk(x))
        return (self.heads[0](x) * 2 - self.heads[1](y)).flatten(1)


class OneCalledTwice(Heads):
    """One layer on two vectors: it can't be replaced by one for both."""

    def __init__(self) -> None:
        super().__init__(linear(E))

    def forward(self, x):
        x, y = self.trunk(x)
        return self.heads[0](x[:, :E]) + self.heads[0](y)


class Alike(Heads):
    """A hidden layer of the head's shape is none of its parts."""

    def __init__(self) -> None:
        super().__init__(linear(), nn.Linear(CLASSES, D + 1), nn.Linear(D + 1, CLASSES), linear(E))

    def forward(self, x):
        x, y = self.trunk(x)
        x = self.heads[1](self.heads[0](x).relu()).relu()
        return (self.heads[2](x) + self.heads[3](y)) / 2


# Whose features are taken, and of what width they are.
GOOD = {
    MeanOfOne: D, MeanBehindNorms: D, MeanOfPlainNorms: D, MeanOfTwo: D + E, Learned: D + E,
    Scaled: D, Convolutions: D + E, OneCalledTwice: 2 * E, Alike: D + 1 + E,
}  # fmt: skip


def opened(model: nn.Module) -> TorchBackend:
    return TorchBackend(
        model, PREP, runtime="torch", threads=1, device="cpu", source="python:m:net"
    )


@pytest.mark.parametrize("classes", [CLASSES, 2])
@pytest.mark.parametrize("kind", GOOD)
def test_one_layer_on_the_vectors_gives_the_sum(
    kind: type[Heads], classes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "CLASSES", classes)
    torch.manual_seed(1)
    model = kind().eval()
    backend = opened(model)
    proof = backend.prove()
    assert proof.error < 1e-5
    assert backend.split.head.weight.shape == (classes, GOOD[kind])
    images = probe_images(PREP, count=5, seed=9)
    ours = backend.split.head.logits(backend.features(images))
    with torch.inference_mode():
        theirs = model(torch.from_numpy(images)).numpy()
    np.testing.assert_allclose(ours, theirs, atol=1e-5 * abs(theirs).max())
    assert (backend.split.trunk is None) == (kind is OneCalledTwice)


def test_the_mean_of_heads_has_the_mean_of_their_weights() -> None:
    torch.manual_seed(1)
    model = MeanOfOne().eval()
    split = opened(model).split
    one, two = (head.weight.detach().numpy() for head in model.heads)
    np.testing.assert_allclose(split.head.weight, (one + two) / 2, rtol=1e-6, atol=1e-7)
    assert split.layer == "0.5 heads.0 + 0.5 heads.1"


def test_features_are_what_the_heads_see() -> None:
    torch.manual_seed(1)
    model = MeanOfTwo().eval()
    images = probe_images(PREP, count=4, seed=9)
    with torch.inference_mode():
        x, y = model.trunk(torch.from_numpy(images))
    np.testing.assert_allclose(
        opened(model).features(images), torch.cat([x, y], dim=1).numpy(), rtol=1e-6
    )


@pytest.mark.parametrize("kind", [MeanBehindNorms, Learned, Convolutions])
def test_hybrids_and_random_weights_of_them(kind: type[Heads]) -> None:
    torch.manual_seed(1)
    backend = opened(kind().eval())
    images = probe_images(PREP, count=4, seed=9)
    rng = np.random.default_rng(0)
    head = Head(rng.normal(size=(3, GOOD[kind])).astype(np.float32), np.ones(3, np.float32))
    with torch.inference_mode():
        logits = backend.hybrid_module(head)(torch.from_numpy(images)).numpy()
    np.testing.assert_allclose(logits, head.logits(backend.features(images)), rtol=1e-4)
    assert backend.with_random_weights(seed=3).prove().error < 1e-5


class LargestToken(Heads):
    """As VOLO: a maximum over positions is no linear part."""

    def __init__(self) -> None:
        super().__init__(linear(), linear())

    def forward(self, x):
        tokens = self.trunk.conv(x).relu()[:, :D].flatten(2).transpose(1, 2)  # (b, n, D)
        return self.heads[0](tokens.mean(1)) + 0.5 * self.heads[1](tokens).max(1)[0]


class Gated(Heads):
    """Factors that depend on the image."""

    def __init__(self) -> None:
        super().__init__(linear(D), linear(E))

    def forward(self, x):
        x, y = self.trunk(x)
        gate = x.mean(1, keepdim=True)
        return gate * self.heads[0](x) + self.heads[1](y)


class Product(Heads):
    def __init__(self) -> None:
        super().__init__(linear(D), linear(E))

    def forward(self, x):
        x, y = self.trunk(x)
        return self.heads[0](x) * self.heads[1](y)


class NoClasses(Heads):
    """Two classes and more layers than the output has numbers: any sum would fit."""

    def __init__(self) -> None:
        super().__init__(*(nn.Linear(D, 2) for _ in range(12)))

    def forward(self, x):
        x, _ = self.trunk(x)
        return torch.stack([head(x).sin() for head in self.heads]).sum(0)


@pytest.mark.parametrize("kind", [LargestToken, Gated, Product, NoClasses])
def test_other_ends_are_refused(kind: type[Heads]) -> None:
    torch.manual_seed(1)
    with pytest.raises(SplitError, match="nor does a sum of them"):
        opened(kind().eval())


@pytest.mark.parametrize(
    ("name", "options", "dim"),
    [
        ("deit_tiny_distilled_patch16_224", {"depth": 2}, 384),
        ("crossvit_tiny_240", {}, 288),
        ("repvit_m0_9", {}, 384),
        ("levit_128s", {}, 384),
        ("efficientformer_l1", {}, 448),
        ("iformer_t", {}, 256),
        ("efficientvim_m1", {}, 960),
    ],
)
def test_timms_models_of_several_heads(name: str, options: dict, dim: int) -> None:
    torch.manual_seed(0)
    model = timm.create_model(name, num_classes=20, **options).eval()
    for key, value in model.state_dict().items():  # as they come, norms do nothing
        if "running_var" in key:
            value.uniform_(0.5, 1.5)
        elif value.ndim == 1 and key.endswith("bias"):
            value.add_(0.1 * torch.randn_like(value))
    config = model.pretrained_cfg
    prep = imagenet(input_size=config["input_size"], crop_pct=0.9)
    backend = TorchBackend(model, prep, runtime="", threads=1, device="cpu", source=name)
    assert backend.prove().error < 1e-5
    assert backend.split.head.weight.shape == (20, dim)
    assert backend.split.trunk is not None
