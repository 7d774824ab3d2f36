"""Nothing of the training is left: shown by drawing from two networks that share none of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from onnx_nets import CLASSES, D, Net, gemm_net, known_head, save
from samefeatures.base.errors import NetworkError
from samefeatures.networks.load import load
from samefeatures.networks.onnx.random import randomise_onnx
from samefeatures.networks.random_weights import with_random_weights
from samefeatures.networks.record import ImageNetwork

IMAGES = np.random.default_rng(5).normal(size=(6, 3, 16, 16)).astype(np.float32)


def rich_net(rng: np.random.Generator) -> onnx.ModelProto:
    """Convolution, normalisation, matrix product with added bias, Gemm; weights from ``rng``."""
    net = Net()
    for tensor in net.weights:
        shape = tuple(tensor.dims)
        tensor.CopyFrom(
            numpy_helper.from_array(rng.normal(size=shape).astype(np.float32), tensor.name)
        )
    for name in ("scale", "shift", "mean", "var"):
        net.store(name, np.abs(rng.normal(size=D)).astype(np.float32))
    net.add("BatchNormalization", ["m", "scale", "shift", "mean", "var"], "n")
    net.add("GlobalAveragePool", ["n"], "q")
    net.add("Flatten", ["q"], "g", axis=1)
    net.store("w1", rng.normal(size=(D, 12)).astype(np.float32))
    net.add("MatMul", ["g", "w1"], "h1")
    net.add("Relu", ["h1"], "h2")
    net.add(
        "Gemm",
        [
            "h2",
            net.store("w2", rng.normal(size=(D, 12)).astype(np.float32)),
            net.store("b2", rng.normal(size=D).astype(np.float32)),
        ],
        "h3",
        transB=1,
    )
    net.add(
        "Gemm",
        [
            "h3",
            net.store("w", rng.normal(size=(CLASSES, D)).astype(np.float32)),
            net.store("b", rng.normal(size=CLASSES).astype(np.float32)),
        ],
        "logits",
        transB=1,
    )
    return net.model("logits")


def values(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    return {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}


def test_two_trainings_of_one_architecture_give_the_same_random_network(tmp_path: Path) -> None:
    found, trained = [], []
    for seed in (1, 2):
        path = save(rich_net(np.random.default_rng(seed)), tmp_path / str(seed))
        network = load(f"onnx:{path}")
        assert isinstance(network, ImageNetwork)
        trained.append(network.backend.features(IMAGES))
        random = with_random_weights(network, seed=7)
        found.append(random.backend.features(IMAGES))
        assert np.array_equal(network.backend.features(IMAGES), trained[-1])  # left alone
        assert random.name == f"{network.name}.random"
        assert random.fingerprint != network.fingerprint
    assert not np.allclose(trained[0], trained[1])
    assert np.array_equal(found[0], found[1])
    assert found[0].std() > 0
    other = with_random_weights(network, seed=8)
    assert not np.allclose(other.backend.features(IMAGES), found[0])
    assert other.fingerprint != random.fingerprint


def test_what_is_drawn_reset_and_shuffled() -> None:
    rng = np.random.default_rng(0)
    net = Net()
    wide = rng.normal(size=(D, 400)).astype(np.float32)
    bias = np.arange(400, dtype=np.float32)
    net.add("MatMul", ["f", net.store("wide", wide)], "a")
    net.add("Add", ["a", net.store("bias", bias)], "b")
    net.add("Mul", ["b", net.store("two", np.array(2.0, np.float32))], "h")
    net.add(
        "Gemm",
        ["h", net.store("w", rng.normal(size=(CLASSES, 400)).astype(np.float32))],
        "logits",
        transB=1,
    )
    model = net.model("h")
    before = model.SerializeToString()
    drawn = values(randomise_onnx(model, seed=0, source="net"))
    assert model.SerializeToString() == before
    assert drawn["k_random"].std() == pytest.approx(np.sqrt(2 / 27), rel=0.15)
    assert drawn["wide_random"].std() == pytest.approx(np.sqrt(2 / D), rel=0.05)
    assert abs(drawn["wide_random"].mean()) < 0.05
    assert not drawn["kb_random"].any()
    assert sorted(drawn["bias_random"]) == sorted(bias)
    assert not np.array_equal(drawn["bias_random"], bias)
    assert "two_random" not in drawn


def test_normalisations_are_reset() -> None:
    drawn = values(randomise_onnx(rich_net(np.random.default_rng(3)), seed=0, source="net"))
    for name, value in {"scale": 1, "shift": 0, "mean": 0, "var": 1, "b2": 0}.items():
        assert (drawn[f"{name}_random"] == value).all()


def test_weights_behind_other_operations_are_found() -> None:
    net = Net()
    net.add("Transpose", [net.store("turned", np.ones((3, D), np.float32))], "t", perm=[1, 0])
    net.add("MatMul", ["f", "t"], "h")
    drawn = values(randomise_onnx(net.model("h"), seed=0, source="net"))
    assert drawn["t_random"].shape == (D, 3)
    assert drawn["t_random"].std() > 0


def test_the_same_scale_through_a_deep_miniature() -> None:
    network = load("mini:pnasnet")
    assert isinstance(network, ImageNetwork)
    images = np.random.default_rng(0).normal(size=(32, 3, 28, 28)).astype(np.float32)
    features = with_random_weights(network, seed=0).backend.features(images)
    assert np.isfinite(features).all()
    assert 0.01 < features.std() < 1000
    assert (features.std(axis=0) > 0).mean() > 0.9


def test_quantised_activations_are_refused(tmp_path: Path) -> None:
    net = Net()
    net.store("s", np.array(0.1, np.float32))
    net.store("z", np.array(0, np.uint8))
    net.add("QuantizeLinear", ["f", "s", "z"], "q")
    net.add("DequantizeLinear", ["q", "s", "z"], "h")
    with pytest.raises(NetworkError, match="its activations are quantised"):
        randomise_onnx(net.model("h"), seed=0, source="net")


def test_a_graph_without_weights_is_refused() -> None:
    net = Net()
    net.nodes = [onnx.helper.make_node("GlobalAveragePool", ["x"], ["p"])]
    with pytest.raises(NetworkError, match="none were found in its graph"):
        randomise_onnx(net.model("p"), seed=0, source="net")


def test_the_exported_names_do_not_collide() -> None:
    model = gemm_net()
    once = randomise_onnx(model, seed=0, source="net")
    twice = randomise_onnx(once, seed=1, source="net")
    assert not np.array_equal(values(twice)["k_random_random"], values(once)["k_random"])


def test_features_from_a_file_have_no_weights(tmp_path: Path) -> None:
    weight, bias = known_head()
    arrays = {
        "fit_features": np.zeros((3, D)),
        "eval_features": np.zeros((2, D)),
        "eval_labels": np.zeros(2, int),
        "head_weight": weight,
        "head_bias": bias,
    }
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(NetworkError, match="known by its features alone"):
        with_random_weights(load(f"npz:{tmp_path / 'a.npz'}"), seed=0)


def make_module(seed: int):  # type: ignore[no-untyped-def]
    """A module with every kind of parameter; its trained values are made up from ``seed``."""
    torch = pytest.importorskip("torch")
    from torch import nn

    class Rich(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 8, 3)
            self.norm = nn.BatchNorm2d(8)
            self.mix = nn.Linear(8, 8)
            self.layer_norm = nn.LayerNorm(8)
            self.fc = nn.Linear(8, 4)

        def forward(self, x):  # type: ignore[no-untyped-def]
            z = self.norm(self.conv(x)).relu().mean((2, 3))
            return self.fc(self.layer_norm(self.mix(z).relu()))

    draw = torch.Generator().manual_seed(seed)
    module = Rich().eval()
    with torch.no_grad():
        for value in module.state_dict().values():
            if value.is_floating_point():
                value.copy_(torch.rand(value.shape, generator=draw) + 0.1)
    return module


def test_a_module_too_keeps_nothing_and_leaves_torch_alone() -> None:
    torch = pytest.importorskip("torch")
    from samefeatures.networks.torch.random import randomise_module

    one, two = make_module(1), make_module(2)
    kept = {name: value.clone() for name, value in one.state_dict().items()}
    before = torch.get_rng_state()
    x = torch.from_numpy(IMAGES)
    with torch.inference_mode():
        first, second = (randomise_module(module, seed=3)(x) for module in (one, two))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first, second)
    assert all(torch.equal(one.state_dict()[name], value) for name, value in kept.items())
    drawn = randomise_module(one, seed=3)
    assert drawn.conv.weight.std().item() == pytest.approx(np.sqrt(2 / 27), rel=0.15)
    assert not drawn.conv.bias.any()
    assert (drawn.norm.running_var == 1).all()


def test_a_torch_network_by_its_source(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    (tmp_path / "tiny_random_net.py").write_text(
        "import torch\nfrom torch import nn\nfrom samefeatures import Preprocessing\n"
        "def net():\n"
        "    torch.manual_seed(0)\n"
        "    return (nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1),\n"
        "            nn.Flatten(), nn.Linear(8, 4)), Preprocessing(\n"
        "                input_size=(3, 16, 16), mean=(0.5,) * 3, std=(0.2,) * 3))\n"
    )
    network = load("python:tiny_random_net:net", base=tmp_path)
    assert isinstance(network, ImageNetwork)
    random = with_random_weights(network, seed=0)
    again = with_random_weights(network, seed=0)
    features = random.backend.features(IMAGES)
    assert np.array_equal(features, again.backend.features(IMAGES))
    assert not np.allclose(features, network.backend.features(IMAGES))
    assert random.backend.runtime == network.backend.runtime
