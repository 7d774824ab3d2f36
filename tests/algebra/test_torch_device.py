"""torch's algebra against NumPy's: the code that runs on a GPU, run on the processor."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from samefeatures.algebra import HOST, Algebra, open_algebra
from samefeatures.algebra.device import TorchDevice
from samefeatures.base.errors import ConfigError, MapError, MissingExtraError
from samefeatures.networks.record import Head
from samefeatures.scores.heads import score_heads

CPU = TorchDevice("cpu")


def test_products_and_factorisations_agree() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(20, 30)), rng.normal(size=(30, 10))
    s = a @ a.T + np.eye(20)
    np.testing.assert_allclose(CPU.product(a, b), HOST.product(a, b), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(CPU.inverse(s), HOST.inverse(s), rtol=1e-10, atol=1e-13)
    for ours, theirs in zip(CPU.eigenvalues(s), HOST.eigenvalues(s), strict=True):
        np.testing.assert_allclose(abs(ours), abs(theirs), rtol=1e-9, atol=1e-10)
    u, sizes, vt = CPU.singular_values(a)
    np.testing.assert_allclose((u * sizes) @ vt, a, atol=1e-12)
    np.testing.assert_allclose(sizes, HOST.singular_values(a)[1], rtol=1e-12)
    np.testing.assert_allclose(CPU.singular_values_alone(a), sizes, rtol=1e-12)
    np.testing.assert_allclose(HOST.singular_values_alone(a), sizes, rtol=1e-12)


@pytest.mark.parametrize("place", [HOST, CPU], ids=["numpy", "torch"])
def test_what_is_not_definite_has_no_inverse(place: Algebra) -> None:
    np.testing.assert_allclose(place.inverse(np.diag([2.0, 1.0])), np.diag([0.5, 1.0]))
    for matrix in (np.diag([2.0, -1.0]), np.diag([1.0, 0.0]), np.zeros((2, 2))):
        assert place.inverse(matrix) is None


def test_read_only_and_transposed_arrays_are_taken() -> None:
    a = np.arange(6.0).reshape(2, 3)
    a.flags.writeable = False
    np.testing.assert_array_equal(CPU.product(a, a.T), a @ a.T)


def heads_with_ties(rng: np.random.Generator, classes: int) -> list[Head]:
    """Whole numbers, so that sums are exact and many logits are equal."""
    return [
        Head(
            rng.integers(-1, 2, (classes, 3)).astype(np.float32),
            rng.integers(-1, 2, classes).astype(np.float32),
        )
        for _ in range(3)
    ]


@pytest.mark.parametrize("classes", [3, 6, 40])
def test_predictions_and_ties_are_numpys(classes: int) -> None:
    rng = np.random.default_rng(classes)
    x = rng.integers(-2, 3, (500, 3)).astype(np.float32)
    labels = rng.integers(0, classes, 500)
    heads = heads_with_ties(rng, classes)
    rows = [(x[:300], labels[:300]), (x[300:], labels[300:])]
    for head, host, device in zip(
        heads, score_heads(rows, heads), score_heads(rows, heads, algebra=CPU), strict=True
    ):
        assert np.array_equal(device.predictions, host.predictions)
        assert device.predictions.dtype == np.int32
        assert (device.correct, device.correct_top5) == (host.correct, host.correct_top5)
        logits = x @ head.weight.T + head.bias
        order = np.argsort(-logits, axis=1, kind="stable")
        assert device.correct == (order[:, 0] == labels).sum()
        assert device.correct_top5 == (order[:, :5] == labels[:, None]).any(1).sum()
        assert len(np.unique(logits)) < logits.size, "there should be ties"


def test_heads_of_different_classes_on_real_numbers() -> None:
    rng = np.random.default_rng(1)
    x, labels = rng.normal(size=(2000, 30)).astype(np.float32), rng.integers(0, 7, 2000)
    heads = [
        Head(rng.normal(size=(c, 30)).astype(np.float32), rng.normal(size=c).astype(np.float32))
        for c in (7, 11)
    ]
    host = score_heads([(x, labels)], heads)
    device = score_heads([(x, labels)], heads, algebra=CPU)
    for one, other in zip(host, device, strict=True):
        assert (one.predictions != other.predictions).mean() <= 1e-3
        assert abs(one.correct_top5 - other.correct_top5) <= 2


def test_nothing_of_torchs_settings_is_left_changed() -> None:
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        CPU.product(np.eye(2), np.eye(2))
        with pytest.raises(RuntimeError):
            CPU.product(np.eye(2), np.eye(3))
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision(before)


def test_settings_made_through_torchs_newer_names_are_put_back() -> None:
    """In a process of its own: torch can't forget that it was told by both names."""
    code = """
import torch
if not hasattr(torch.backends.cuda.matmul, "fp32_precision"):
    raise SystemExit
import numpy as np
from samefeatures.algebra.device import TorchDevice
seen = []
torch.backends.cuda.matmul.fp32_precision = "tf32"
place = TorchDevice("cpu")
with place._running("a test"):
    seen.append(torch.backends.cuda.matmul.fp32_precision)
seen.append(torch.backends.cuda.matmul.fp32_precision)
assert seen == ["ieee", "tf32"], seen
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_device_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    assert open_algebra("cpu") is HOST
    for wrong in ("cuda:x", "cuda:-1", "cuda:", "", "cpu:0"):
        with pytest.raises(ConfigError, match=f"algebra: device is '{wrong}'"):
            open_algebra(wrong)
    with pytest.raises(ConfigError, match="algebra: device is 'mps'"):
        open_algebra("mps")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match="'cuda' is not available: torch finds 0 CUDA devices"):
        open_algebra("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(ConfigError, match="'cuda:1' is not available: torch finds 1 CUDA devices"):
        open_algebra("cuda:1")
    assert open_algebra("cuda:0").device == "cuda:0"


def test_without_torch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"samefeatures\[torch\]"):
        open_algebra("cuda")


def test_torchs_refusals_are_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 3.42 GiB")

    monkeypatch.setattr(torch.linalg, "cholesky_ex", full)
    with pytest.raises(ConfigError, match=r"no room for an inverse .*Tried to allocate"):
        CPU.inverse(np.eye(2))
    bad = np.full((3, 3), np.nan)
    with pytest.raises(MapError, match="can't compute eigenvalues"):
        CPU.eigenvalues(bad)
