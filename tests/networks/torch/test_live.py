"""``load`` of a live ``nn.Module``: right, and nothing of it changes."""

from __future__ import annotations

import copy
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from samefeatures.base.errors import ConfigError, NetworkError, SamefeaturesError
from samefeatures.images.preprocess import Preprocessing
from samefeatures.networks.load import load
from samefeatures.networks.proof import probe_images
from samefeatures.networks.random_weights import with_random_weights
from samefeatures.networks.record import ImageNetwork

GIVEN = {"input_size": (3, 16, 16), "mean": (0.5,) * 3, "std": (0.2,) * 3}
PREP = Preprocessing(**GIVEN)  # type: ignore[arg-type]


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.bn = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)
        self.drop, self.fc = nn.Dropout(0.5), nn.Linear(8, 4)
        self.scale = 2.0
        nn.init.normal_(self.bn.running_mean)  # type: ignore[arg-type]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pooled = self.bn(self.conv(x)).relu().mean((2, 3))
        out: torch.Tensor = self.fc(self.drop(pooled) * self.scale)
        return out


def load_image(module: Any, **options: Any) -> ImageNetwork:
    network = load(module, threads=1, **{"preprocessing": GIVEN, **options})
    assert isinstance(network, ImageNetwork)
    return network


def test_it_is_the_module_in_evaluation_mode() -> None:
    module = Net()
    network = load_image(module, name="mine")
    assert (network.name, network.source) == ("mine", "module:mine")
    assert network.split is not None
    assert network.split.layer == "fc"
    images = probe_images(PREP, count=5, seed=3)
    with torch.no_grad():
        expected = copy.deepcopy(module).eval()(torch.from_numpy(images)).numpy()
    logits = network.head.logits(network.backend.features(images))
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-5)


def test_nothing_of_the_module_changes() -> None:
    module = Net().double()
    module.conv.weight.requires_grad_(False)
    module.bn.eval()
    module.conv.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    module(torch.randn(2, 3, 16, 16).double()).sum().backward()
    seen: list[object] = []
    module.fc.register_forward_pre_hook(lambda *_: seen.append(1))

    def state() -> list[object]:
        tensors = [*module.named_parameters(), *module.named_buffers()]
        parts = [(n, id(t), t._version, t.dtype, t.stride(), t.requires_grad) for n, t in tensors]
        grads = [
            (id(p.grad), None if p.grad is None else p.grad.sum()) for p in module.parameters()
        ]
        hooks = [list(m._forward_hooks) + list(m._forward_pre_hooks) for m in module.modules()]
        return [parts, grads, hooks, [m.training for m in module.modules()], dict(vars(module))]

    before, random = state(), torch.get_rng_state()
    network = load_image(module)
    network.backend.features(probe_images(PREP))
    assert state() == before
    assert torch.equal(torch.get_rng_state(), random)
    assert torch.is_grad_enabled()
    with torch.no_grad():
        module.fc.weight.zero_()
    assert network.head.weight.any(), "what was loaded is the module as it was"
    assert network.notes == ("its weights are float64; features are computed in float32",)


def test_a_network_says_which_of_several_tensors_it_took() -> None:
    class Two(Net):
        def forward(self, x):
            out = super().forward(x)
            return {"kind": out, "sex": out[:, :2]}

    (note,) = load_image(Two()).notes
    assert note.startswith("returns 'kind' (b, 4), 'sex' (b, 2), and the first is taken for")


def test_a_fingerprint_of_weights_and_code() -> None:
    first = load_image(Net()).fingerprint
    module = Net()
    assert load_image(module.eval()).fingerprint == first
    module.requires_grad_(False)
    assert load_image(module, name="other").fingerprint == first
    module.scale = 3.0
    assert load_image(module).fingerprint != first
    module.scale = 2.0
    with torch.no_grad():
        module.conv.bias[0] += 1e-3  # type: ignore[index]
    assert load_image(module).fingerprint != first


class Turned(Net):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.flip(1))


def compiled_inside() -> nn.Module:
    module = Net()
    module.conv = torch.compile(module.conv)  # type: ignore[assignment]
    return module


def compiled_in_place() -> nn.Module:
    module = Net()
    module.compile()
    return module


@pytest.mark.parametrize(
    "wrap",
    [
        lambda: torch.compile(Net()),
        lambda: nn.DataParallel(Net()),
        lambda: nn.DataParallel(torch.compile(Net())),  # type: ignore[arg-type]
        compiled_inside,
        compiled_in_place,
    ],
)
def test_what_is_put_around_a_module_is_taken_off(wrap: Callable[[], nn.Module]) -> None:
    network = load_image(wrap(), name="a")
    assert network.fingerprint == load_image(Net(), name="a").fingerprint
    assert load_image(wrap()).name == "Net"


def old_weight_norm() -> nn.Module:
    module = Net()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        module.fc = nn.utils.weight_norm(module.fc)
    module(torch.zeros(2, 3, 16, 16))
    return module


def old_spectral_norm() -> nn.Module:
    module = Net()
    module.conv = nn.utils.spectral_norm(module.conv)
    module(torch.zeros(2, 3, 16, 16))
    return module


def new_weight_norm() -> nn.Module:
    module = Net()
    nn.utils.parametrizations.weight_norm(module.conv)
    return module


@pytest.mark.parametrize("make", [old_weight_norm, old_spectral_norm, new_weight_norm, Turned])
def test_modules_whose_weights_are_computed(make: Callable[[], nn.Module]) -> None:
    module, image = make().eval(), torch.ones(1, 3, 16, 16)
    before = module(image)
    network = load_image(module)
    assert network.split is not None
    assert network.split.error < 1e-5
    random = with_random_weights(network, seed=0)
    images = probe_images(PREP)
    ours, theirs = (each.backend.features(images) for each in (random, network))
    assert not np.allclose(ours, theirs, atol=0.1)
    torch.testing.assert_close(module(image), before)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_weights_of_another_precision(kind: torch.dtype) -> None:
    network, single = load_image(Net().to(kind)), load_image(Net())
    images = probe_images(PREP)
    ours, theirs = (each.backend.features(images) for each in (network, single))
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs, atol=0.05)


def lazy() -> nn.Module:
    return nn.Sequential(nn.LazyConv2d(8, 3), nn.Flatten(), nn.LazyLinear(4))


def on_meta() -> nn.Module:
    with torch.device("meta"):
        return nn.Sequential(nn.Flatten(), nn.Linear(768, 4))


def with_a_lock() -> nn.Module:
    module = Net()
    module.lock = threading.Lock()  # type: ignore[assignment]
    return module


def of_one_channel() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 8, 16), nn.Flatten(), nn.Linear(8, 4))


def of_complex_numbers() -> nn.Module:
    module = Net()
    module.more = nn.Parameter(torch.zeros(3, dtype=torch.complex64))
    return module


def scripted() -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program: nn.Module = torch.jit.trace(Net().eval(), torch.zeros(1, 3, 16, 16))
    return program


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lazy, "'0.weight' is lazy and has no values yet"),
        (on_meta, "'1.weight' is on the meta device"),
        (with_a_lock, "can't be copied .*python:package"),
        (of_one_channel, r"fails on images \(3, 3, 16, 16\) .*Check that its input is \(b, 3"),
        (of_complex_numbers, "'more' is torch.complex64"),
        (scripted, "TorchScript program"),
        (lambda: nn.Sequential(Net(), nn.ReLU()), "no linear layer makes its output"),
        (lambda: Net, r"given the class Net, not a module of it. Write Net\(\.\.\.\)"),
        (
            lambda: Net().state_dict(),
            r"given OrderedDict, which may hold weights .*load_state_dict",
        ),
        (lambda: {"model": {}}, "given dict, which may hold weights but no network"),
        (lambda: lambda: 3, "given function; it takes a source string"),
        (lambda: 3, "given int"),
        (lambda: Path("net.onnx"), "'onnx:net.onnx' for a file"),
        (lambda: "module:Net", "can't be loaded by its name"),
    ],
)
def test_what_can_not_be_taken_is_refused_in_one_line(make: Any, says: str) -> None:
    with pytest.raises(NetworkError, match=says) as caught:
        load_image(make())
    assert "\n" not in str(caught.value)


def test_names() -> None:
    with pytest.raises(ConfigError, match="the name 'a/b' can't be part of a file name"):
        load_image(Net(), name="a/b")


@pytest.mark.parametrize("given", [None, {}, {"input_size": (3, 16, 16)}, {"mean": (0.5,) * 3}])
def test_what_is_missing_is_one_error_with_the_lines(given: dict[str, object] | None) -> None:
    missing = [key for key in GIVEN if key not in (given or {})]
    line = r"samefeatures\.load\(module, preprocessing=\{\"input_size\": \(3, .*\"std\": \(R, G, B"
    with pytest.raises(NetworkError, match=f"{', '.join(missing)} missing.*{line}"):
        load_image(Net(), preprocessing=given)


def test_preprocessing_may_be_a_whole_one_or_an_attribute() -> None:
    assert load_image(Net(), preprocessing=PREP).preprocessing == PREP
    module = Net()
    module.preprocessing = PREP  # type: ignore[assignment]
    assert load_image(module, preprocessing=None).preprocessing == PREP
    with pytest.raises(ConfigError, match="preprocessing is list"):
        load_image(Net(), preprocessing=[1])


def test_timms_configuration_is_that_of_its_own_weights() -> None:
    timm = pytest.importorskip("timm")
    own = timm.create_model("resnet10t", pretrained=False)
    assert load_image(own, preprocessing=None).preprocessing.input_size == (3, 176, 176)
    trained_anew = timm.create_model("resnet10t", pretrained=False, num_classes=10)
    with pytest.raises(SamefeaturesError, match="input_size, mean, std missing"):
        load_image(trained_anew, preprocessing=None)
