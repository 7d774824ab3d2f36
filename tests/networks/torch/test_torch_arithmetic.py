"""Mixed precision, torch.compile and memory of torch networks."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from preps import imagenet
from samefeatures.base.errors import ConfigError, NetworkError, OutOfMemoryError
from samefeatures.networks.arithmetic import PLAIN, Arithmetic
from samefeatures.networks.load import check_arithmetic, load
from samefeatures.networks.memory import Movable, is_out_of_memory
from samefeatures.networks.source import parse_source
from samefeatures.networks.torch.arithmetic import Feed
from samefeatures.networks.torch.backend import TorchBackend

PREP = imagenet(input_size=(3, 16, 16), crop_pct=1.0)
PIXELS = np.random.default_rng(3).integers(0, 256, (7, 16, 16, 3), dtype=np.uint8)


class Tiny(nn.Module):
    def __init__(self, most: int = 10_000) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.bn, self.fc = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Linear(8, 4)
        self.most = most

    def trunk(self, x: Tensor) -> Tensor:
        return self.bn(self.conv(x)).relu().mean((2, 3))

    def forward(self, x: Tensor) -> Tensor:
        if len(x) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return self.fc(self.trunk(x))


def backend(arithmetic: Arithmetic = PLAIN, model: nn.Module | None = None) -> TorchBackend:
    return TorchBackend(
        model or Tiny(),
        PREP,
        runtime="torch test",
        threads=None,
        device="cpu",
        source="python:tiny",
        arithmetic=arithmetic,
    )


def test_plain_features_are_the_modules_own_to_the_bit_and_so_is_the_key() -> None:
    ours = backend()
    model = Tiny().to(memory_format=torch.channels_last).eval()
    x = torch.from_numpy(PREP.normalise(PIXELS)).to(memory_format=torch.channels_last)
    with torch.inference_mode():
        expected = np.concatenate([model.trunk(x[i : i + 3]).numpy() for i in (0, 3, 6)])
    assert np.array_equal(ours.features_of_pixels(PIXELS, batch_size=3), expected)
    assert ours.runtime == "torch test"
    assert ours.effect() is None


@pytest.mark.parametrize(("precision", "eps"), [("bfloat16", 2**-8), ("float16", 2**-11)])
def test_effect_of_a_precision_is_measured_and_in_the_runtime(precision: str, eps: float) -> None:
    ours = backend(Arithmetic(precision=precision))
    assert ours.runtime == f"torch test, autocast {precision}"
    effect = ours.effect()
    assert effect is not None
    assert 0 < effect.features_mean < effect.features_max < 8 * eps
    assert 0 < effect.logits_mean < effect.logits_max < 8 * eps
    assert effect.probes == 16
    assert effect.agreement > 0.8
    assert ours.prove().error < 1e-5, "the split is proved in float32"
    # The same by hand, with torch's own autocast.
    images = PREP.normalise(PIXELS)
    with torch.inference_mode(), torch.autocast("cpu", dtype=getattr(torch, precision)):
        x = torch.from_numpy(images).to(memory_format=torch.channels_last)
        expected = Tiny().eval().to(memory_format=torch.channels_last).trunk(x).float().numpy()
    assert np.array_equal(ours.features(images), expected)


def test_float16_that_overflows_is_refused() -> None:
    model = Tiny()
    with torch.no_grad():
        model.conv.weight *= 1e6
    with pytest.raises(NetworkError, match=r"infinite features in float16.*bfloat16"):
        backend(Arithmetic(precision="float16"), model).effect()


def test_a_compiled_network_gives_the_same_or_says_what_the_compiler_lacks() -> None:
    ours = backend(Arithmetic(compile=True))
    assert ours.runtime == "torch test, torch.compile"
    if shutil.which("g++") or shutil.which("clang++"):
        effect = ours.effect()
        assert effect is not None
        assert effect.features_max < 1e-5
        plain = backend().features_of_pixels(PIXELS, batch_size=7)
        assert np.allclose(ours.features_of_pixels(PIXELS, batch_size=3), plain, rtol=1e-4)
    else:
        with pytest.raises(NetworkError, match="can't be compiled"):
            ours.effect()


def test_a_compiler_that_fails_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_graph: object, _inputs: object) -> object:
        raise RuntimeError("no C++ compiler")

    own = torch.compile
    monkeypatch.setattr(torch, "compile", lambda call: own(call, backend=broken))
    with pytest.raises(NetworkError, match=r"python:tiny can't be compiled.*Leave 'compile' out"):
        backend(Arithmetic(compile=True)).effect()


def test_out_of_memory_is_one_error_of_ours() -> None:
    ours = backend(model=Tiny(most=4))
    assert len(ours.features_of_pixels(PIXELS, batch_size=4)) == 7
    with pytest.raises(OutOfMemoryError, match=r"python:tiny ran out of memory on images \(5"):
        ours.features_of_pixels(PIXELS, batch_size=5)
    assert is_out_of_memory(
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")
    )
    assert is_out_of_memory(MemoryError())
    assert not is_out_of_memory(RuntimeError("shapes differ"))


def test_bytes_normalised_on_the_device_are_normalise_to_the_bit() -> None:
    fed = Feed(PREP, torch.device("cpu"))(PIXELS)
    assert np.array_equal(fed.numpy(), PREP.normalise(PIXELS))
    assert fed.is_contiguous(memory_format=torch.channels_last)


def test_weights_and_activations_are_counted() -> None:
    ours = backend()
    assert isinstance(ours, Movable)
    assert ours.weights == 4 * (8 * 27 + 8 + 4 * 8 + 8 * 4 + 4) + 8  # batches seen are an int64
    assert ours.activations(5) >= 5 * 4 * (8 * 14 * 14 * 2), "in and out of the norm"
    ours.rest()
    ours.wake()
    assert ours.resident


def test_precision_is_refused_where_torch_does_not_run() -> None:
    with pytest.raises(ConfigError, match=r"precision bfloat16 needs.*mini:nasnet does not"):
        load("mini:nasnet", precision="bfloat16")
    with pytest.raises(ConfigError, match="Did you mean 'bfloat16'"):
        load("mini:nasnet", precision="bfloat")
    both = [parse_source(text) for text in ("mini:a", "timm:b", "onnx:c", "npz:d")]
    with pytest.raises(ConfigError, match=r"compile needs.*mini:a, onnx:c do not"):
        check_arithmetic(both, Arithmetic(compile=True))
    check_arithmetic(both, PLAIN)


@pytest.mark.parametrize("source", ["mini:nasnet", "python:nets:plain"])
def test_no_gpu_is_an_error_and_so_is_a_typo(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="device is 'gpu'"):
        load(source, device="gpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(NetworkError, match="'cuda'"):
        load("mini:nasnet", device="cuda") if source[0] == "m" else TorchBackend(
            Tiny(), PREP, runtime="", threads=None, device="cuda", source=""
        )


def test_notes_and_effect_come_with_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "from test_torch_arithmetic import Tiny, PREP\ndef net():\n    return Tiny(), PREP\n"
    (tmp_path / "arith_nets.py").write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    plain = load("python:arith_nets:net")
    mixed = load("python:arith_nets:net", precision="bfloat16")
    assert plain.notes == ()  # type: ignore[union-attr]
    assert mixed.effect.note in mixed.notes  # type: ignore[union-attr]
    assert plain.fingerprint == mixed.fingerprint
    assert plain.backend.runtime + ", autocast bfloat16" == mixed.backend.runtime  # type: ignore[union-attr]
