"""Devices by the names that others give them: refused, with ours."""

from __future__ import annotations

import pytest

import samefeatures as sf
from samefeatures.base.devices import check_device
from samefeatures.base.errors import ConfigError


@pytest.mark.parametrize("device", ["cpu", "cuda", "cuda:0", "cuda:12"])
def test_names(device: str) -> None:
    assert check_device(device) == device


@pytest.mark.parametrize(
    ("device", "meant"),
    [
        ("gpu", "cuda"), ("GPU", "cuda"), ("gpu:1", "cuda:1"), ("gpu1", "cuda:1"), ("0", "cuda:0"),
        ("cuda0", "cuda:0"), ("CUDA:3", "cuda:3"), ("/device:GPU:0", "cuda:0"), ("nvidia", "cuda"),
        ("rocm", "cuda"), ("CPU", "cpu"), ("cpu:0", "cpu"), ("host", "cpu"),
    ],
)  # fmt: skip
def test_other_names_are_refused_with_ours(device: str, meant: str) -> None:
    with pytest.raises(ConfigError, match=f"device is '{device}'. Did you mean 'device: {meant}'?"):
        check_device(device)


@pytest.mark.parametrize("device", ["mps", "tpu", "", "cuda:x", "meta", "cuda:-1"])
def test_what_is_no_device_here_is_refused_without_a_guess(device: str) -> None:
    with pytest.raises(ConfigError, match="Give cpu, cuda or cuda:N") as raised:
        check_device(device)
    assert "Did you mean" not in str(raised.value)


class Device:
    """As torch has them."""

    def __repr__(self) -> str:
        return "device(type='cuda', index=1)"

    def __str__(self) -> str:
        return "cuda:1"


@pytest.mark.parametrize(
    ("device", "says"),
    [
        (Device(), "device is device(type='cuda', index=1), not a text. Did you mean 'device: cu"),
        (1, "device is 1, not a text. Did you mean 'device: cuda:1'?"),
        (None, "device is None, not a text. Did you mean 'device: cpu'?"),
        ([], "device is [], not a text. Give cpu, cuda"),
    ],
)
def test_what_is_no_text_is_refused_with_the_text(device: object, says: str) -> None:
    with pytest.raises(ConfigError) as raised:
        sf.load("mini:lenet", device=device)
    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"device": "gpu"}, "study: device: 'gpu'. Did you mean 'device: cuda'? Give cpu, cuda or"),
        ({"device": "mps"}, "study: device: 'mps'. Give cpu, cuda or cuda:N"),
        ({"algebra": {"device": "gpu:0"}}, "algebra.device: 'gpu:0'. Did you mean 'device: c"),
        ({"gpu": True}, "unknown key 'gpu'. Did you mean 'device: cuda'?"),
        ({"gpus": 2}, "unknown key 'gpus'. Did you mean 'device: cuda'?"),
        ({"cuda": 0}, "unknown key 'cuda'. Did you mean 'device: cuda'?"),
    ],
)  # fmt: skip
def test_a_study_names_the_right_key(more: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError) as raised:
        sf.parse_config({"networks": ["mini:lenet"], **more})
    assert says in str(raised.value)
