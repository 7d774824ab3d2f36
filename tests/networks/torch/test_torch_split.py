"""Modules are split at their last linear layer, and left as they were."""

from __future__ import annotations

import re
from collections import namedtuple
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from preps import imagenet
from samefeatures.base.errors import NetworkError, SplitError
from samefeatures.networks.proof import probe_images
from samefeatures.networks.torch.backend import TorchBackend
from samefeatures.networks.torch.fingerprint import fingerprint_module

PREP = imagenet(input_size=(3, 12, 12), crop_pct=1.0)
D, CLASSES = 6, 4


class Trunk(nn.Module):
    """(b, 3, h, w) to (b, D) features, or to (b, D, 1, 1)."""

    def __init__(self, *, flat: bool = True) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, D, 3, stride=2)
        self.norm = nn.BatchNorm2d(D)
        self.flat = flat

    def forward(self, x):
        x = self.norm(self.conv(x)).relu().mean((2, 3), keepdim=True)
        return x.flatten(1) if self.flat else x


class Net(nn.Module):
    """A trunk, a head, and what a subclass does with them."""

    def __init__(self, *, flat: bool = True, head: nn.Module | None = None) -> None:
        super().__init__()
        self.trunk = Trunk(flat=flat)
        self.head = head or nn.Linear(D, CLASSES)

    def forward(self, x):
        return self.head(self.trunk(x))


class ConvHead(Net):
    def __init__(self) -> None:
        super().__init__(flat=False, head=nn.Conv2d(D, CLASSES, 1))

    def forward(self, x):
        return self.head(self.trunk(x)).flatten(1)


class TwoLinear(Net):
    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(D, D)
        self.unused = nn.Linear(D, CLASSES)

    def forward(self, x):
        return self.head(self.hidden(self.trunk(x)).relu())


class TupleOutput(Net):
    def forward(self, x):
        features = self.trunk(x)
        return self.head(features), features


class LogitsAttribute(Net):
    def forward(self, x):
        return SimpleNamespace(loss=None, logits=self.head(self.trunk(x)))


class NamedTupleOutput(Net):
    def forward(self, x):
        return namedtuple("Out", ["first", "aux"])(self.head(self.trunk(x)), None)


class DictOutput(Net):
    def forward(self, x):
        features = self.trunk(x)
        return {"features": features, "logits": self.head(features)}


class LogSoftmax(Net):
    def forward(self, x):
        return super().forward(x).log_softmax(1)


class DropoutBehind(Net):
    def forward(self, x):
        return nn.functional.dropout(super().forward(x), 0.9, training=self.training)


class HeadUsedTwice(Net):
    """A square head: the first call makes features of features."""

    def __init__(self) -> None:
        super().__init__(head=nn.Linear(D, D))

    def forward(self, x):
        return self.head(self.head(self.trunk(x)).relu())


class NeedsItsHead(Net):
    """Reads a field of its head, which Identity has not."""

    def forward(self, x):
        return self.head(self.trunk(x)[:, : self.head.in_features])


class CantBeCopied(Net):
    def __deepcopy__(self, memo):
        raise RuntimeError("not me")


GOOD = (
    Net,
    ConvHead,
    TwoLinear,
    TupleOutput,
    LogitsAttribute,
    NamedTupleOutput,
    DictOutput,
    DropoutBehind,
    HeadUsedTwice,
    NeedsItsHead,
    CantBeCopied,
)
STOPPED = (HeadUsedTwice, NeedsItsHead, CantBeCopied, LogSoftmax)
"""Those whose head can't be replaced by Identity."""


def made(kind: type[nn.Module]) -> nn.Module:
    """With running statistics that are not the trivial ones."""
    torch.manual_seed(0)
    model = kind()
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.running_mean)
            nn.init.uniform_(layer.running_var, 0.5, 2.0)
    return model


def backend_of(model: nn.Module, **options) -> TorchBackend:
    settings = {"runtime": "torch", "threads": None, "device": "cpu", "source": "s", **options}
    return TorchBackend(model, PREP, **settings)


@pytest.mark.parametrize("kind", [*GOOD, LogSoftmax])
def test_head_and_features_are_those_of_the_model(kind) -> None:
    model = made(kind)
    backend = backend_of(model)
    proof = backend.prove()
    assert proof.error <= 1e-5
    assert proof.layer == "head"
    assert proof.after == ("logsoftmax" if kind is LogSoftmax else None)
    np.testing.assert_array_equal(
        backend.split.head.weight, model.head.weight.detach().flatten(1).numpy()
    )
    np.testing.assert_array_equal(backend.split.head.bias, model.head.bias.detach().numpy())
    images = probe_images(PREP, count=5, seed=7)
    with torch.inference_mode():
        expected = model.trunk(torch.from_numpy(images)).flatten(1)
        if kind is TwoLinear:
            expected = model.hidden(expected).relu()
        if kind is HeadUsedTwice:
            expected = model.head(expected).relu()
    features = backend.features(images)
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, expected.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", [*GOOD, LogSoftmax])
def test_the_head_is_not_computed(kind) -> None:
    model = made(kind)
    backend = backend_of(model)
    assert (backend.split.trunk is None) == (kind in STOPPED)
    calls = []
    handle = model.head.register_forward_hook(lambda *_: calls.append(1))
    backend.features(probe_images(PREP))
    handle.remove()
    assert len(calls) == (1 if kind is HeadUsedTwice else 0)


@pytest.mark.parametrize("kind", [*GOOD, LogSoftmax])
def test_the_model_is_left_as_it_was(kind) -> None:
    model = made(kind).eval()
    images = torch.from_numpy(probe_images(PREP))
    before, structure = fingerprint_module(model), str(model)
    with torch.inference_mode():
        out = model(images)
        backend_of(model).features(images.numpy())
        again = model(images)
    assert str(model) == structure
    assert fingerprint_module(model) == before
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
    if isinstance(out, torch.Tensor):
        torch.testing.assert_close(again, out)


def test_a_bare_linear_layer_is_all_head() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 12 * 12, CLASSES, bias=False))
    backend = backend_of(model)
    images = probe_images(PREP)
    np.testing.assert_array_equal(backend.features(images), images.reshape(3, -1))
    assert not backend.split.head.bias.any()


def test_weights_are_shared_not_copied() -> None:
    model = made(Net)
    trunk = backend_of(model).split.trunk
    assert trunk is not None
    shared = {p.data_ptr() for p in model.parameters()}
    assert {p.data_ptr() for p in trunk.parameters()} < shared


class EndsInRelu(Net):
    def forward(self, x):
        return super().forward(x).relu()


class Unpooled(ConvHead):
    def forward(self, x):
        x = self.trunk.conv(x)
        return self.head(x).flatten(1)


class FunctionalHead(Net):
    def forward(self, x):
        return nn.functional.linear(self.trunk(x), self.head.weight)


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (EndsInRelu, r"head Linear\(4, 6\) → \(3, 4\)"),
        (Unpooled, r"head Conv2d\(4, 6, 1, 1\) → \(3, 4, 5, 5\)"),
        (FunctionalHead, "the last one last: none"),
    ],
)
def test_what_does_not_end_in_a_linear_layer_is_refused(kind, found: str) -> None:
    with pytest.raises(SplitError, match=f"no linear layer makes its output.*{found}"):
        backend_of(made(kind))


def test_batch_norm_that_stays_in_training_is_refused() -> None:
    class Training(Net):
        def train(self, mode: bool = True):
            return super().train(True)

    with pytest.raises(SplitError, match="depends on the other images"):
        backend_of(made(Training)).prove()


def test_models_that_fail_or_return_nothing_useful() -> None:
    class Fails(Net):
        def forward(self, x):
            raise ValueError("wrong size")

    class Nothing(Net):
        def forward(self, x):
            return None

    with pytest.raises(NetworkError, match=r"fails on images \(3, 3, 12, 12\) \(ValueError: wrong"):
        backend_of(made(Fails))
    with pytest.raises(NetworkError, match="s: The model returns NoneType without logits"):
        backend_of(made(Nothing))

    class Named(Net):
        def forward(self, x):
            return {"loss": None, "out": super().forward(x)}

    with pytest.raises(NetworkError, match=r"dict of 'loss', 'out' without logits.*'logits'"):
        backend_of(made(Named))


class Returning(Net):
    """Hands on what a function makes of its features and logits."""

    def __init__(self, change) -> None:
        super().__init__()
        self.change = change

    def forward(self, x):
        x = self.trunk(x)
        return self.change(x, self.head(x))


@pytest.mark.parametrize(
    ("change", "came"),
    [
        (lambda _, y: y.argmax(1), r"\(3,\) of int64"),
        (lambda _, y: y[:, 0], r"\(3,\) of float32"),
        (lambda _, y: y.mean(), r"\(\) of float32"),
        (lambda _, y: y > 0, r"\(3, 4\) of bool"),
        (lambda _, y: y.T, r"\(4, 3\) of float32"),
    ],
)
def test_outputs_that_are_no_logits_are_said_with_what_came(change, came: str) -> None:
    with pytest.raises(NetworkError, match=rf"s returns {came} for 3 images; it must return log"):
        backend_of(Returning(change).eval())


def test_an_output_that_is_not_finite_is_said_before_its_layers_are_searched() -> None:
    model = made(Net)
    with torch.no_grad():
        model.head.weight[1, 2] = float("nan")
    with pytest.raises(SplitError, match=r"NaN or infinite\. Check its weights"):
        backend_of(model)


def test_a_network_that_casts_to_bfloat16_is_refused_in_a_line() -> None:
    with pytest.raises(SplitError, match="head"):
        backend_of(Returning(lambda _, y: y.bfloat16()).eval())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda x, y: (y, x), r"returns \(b, 4\), \(b, 6\), and the first is taken for the"),
        (lambda x, y: {"kind": y, "sex": x}, r"returns 'kind' \(b, 4\), 'sex' \(b, 6\), and"),
        (lambda x, y: {"x": x, "logits": y}, None),
        (lambda x, y: SimpleNamespace(logits=y, x=x), None),
        (lambda _, y: (y, None), None),
        (lambda _, y: (y, y.mean()), None),
        (lambda _, y: [y], None),
    ],
)
def test_which_of_several_tensors_is_taken_is_said(change, said: str | None) -> None:
    beside = backend_of(Returning(change).eval()).split.beside
    assert beside is None if said is None else re.match(said, beside)


def test_features_before_logits_are_refused_with_what_was_taken() -> None:
    with pytest.raises(SplitError, match=r"It returns \(b, 6\), \(b, 4\), and the first is taken"):
        backend_of(Returning(lambda x, y: (x, y)).eval())


def test_an_embedding_is_refused_with_where_it_goes() -> None:
    for change, is_so in ((lambda x, _: x, True), (lambda _, y: y.relu(), False)):
        with pytest.raises(SplitError) as caught:
            backend_of(Returning(change).eval())
        assert ("given as a file (npz:PATH)" in str(caught.value)) == is_so


def test_threads_are_put_back() -> None:
    seen = []

    class Spy(Net):
        def forward(self, x):
            seen.append(torch.get_num_threads())
            return super().forward(x)

    before = torch.get_num_threads()
    backend_of(made(Spy), threads=before + 1).features(probe_images(PREP))
    assert set(seen) == {before + 1}
    assert torch.get_num_threads() == before


def test_half_precision_models_run_in_float32() -> None:
    backend = backend_of(made(Net).half())
    assert backend.features(probe_images(PREP)).dtype == np.float32
    assert backend.prove().error <= 1e-5


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_device_that_is_not_there() -> None:
    with pytest.raises(NetworkError, match="'cuda:0' is not available"):
        backend_of(made(Net), device="cuda:0")


def test_the_fingerprint_knows_weights_structure_and_code(tmp_path) -> None:
    code = tmp_path / "code.py"
    code.write_text("a")
    first = fingerprint_module(made(Net), code)
    assert fingerprint_module(made(Net), code) == first
    assert fingerprint_module(made(Net)) != first
    code.write_text("b")
    assert fingerprint_module(made(Net), code) != first
    assert fingerprint_module(made(TwoLinear)) != fingerprint_module(made(Net))
    changed = made(Net)
    with torch.no_grad():
        changed.trunk.norm.running_var[0] += 1e-6
    assert fingerprint_module(changed) != fingerprint_module(made(Net))
    assert fingerprint_module(made(Net).bfloat16()) != fingerprint_module(made(Net))
