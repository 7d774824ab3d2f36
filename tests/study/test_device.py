"""A whole study through torch's algebra, here on the processor, against NumPy's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from npz_worlds import make_worlds, write_npz
from samefeatures.algebra.device import TorchDevice
from samefeatures.algebra.host import Host
from samefeatures.algebra.host_sums import HostSums
from samefeatures.algebra.protocol import Precision
from samefeatures.joint.record import Moments
from samefeatures.maps import AffineMap
from samefeatures.similarity import MEASURES
from samefeatures.study.config import parse_config
from samefeatures.study.study import Study


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_a_study_on_a_device_is_that_of_numpy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, precision: str
) -> None:
    sources = [write_npz(tmp_path, name, world) for name, world in make_worlds().items()]
    raw = {"networks": sources, "methods": ["ols", "ridge", "logit", "naive", "cosine"]}
    host = Study(parse_config(raw), out=tmp_path / "host", base=tmp_path)
    expected = host.score()
    asked: list[str] = []

    def pretend(device: str) -> TorchDevice:
        asked.append(device)
        return TorchDevice("cpu")

    monkeypatch.setattr("samefeatures.study.parts.open_algebra", pretend)
    monkeypatch.setattr("samefeatures.study.runner.open_algebra", pretend)
    raw |= {"algebra": {"device": "cuda:0", "precision": precision}, "controls": True}
    config = parse_config(raw)
    device = Study(config, out=tmp_path / "device", base=tmp_path)
    found = device.score()
    assert set(asked) == {"cuda:0"}
    assert found.controls is not None
    single = precision == "float32"
    for one, other in zip(expected.cells, found.cells, strict=True):
        assert (one.method, one.source, one.target) == (other.method, other.source, other.target)
        assert (other.correct, other.correct_top5) == (one.correct, one.correct_top5)
        assert other.agreement == one.agreement
        assert other.r2 == pytest.approx(one.r2, abs=1e-5 if single else 1e-9)
        assert other.measure("cosine") == pytest.approx(
            one.measure("cosine"), abs=1e-5 if single else 1e-9
        )
    for label in ("ols", "ridge"):
        one, other = (AffineMap.load(study.maps.path(label, "a", "b")) for study in (host, device))
        assert other.fit.rank == one.fit.rank
        assert other.fit.message == one.fit.message
    (path,) = (device.out / "moments").glob("fit-*.npz")
    assert Moments.load(path).precision == precision
    (twin,) = (host.out / "moments").glob("fit-*.npz")
    assert (path.name == twin.name) == (not single), "float64 keeps its key, whatever the device"


def _of_lengths(host: Host, dims: Sequence[int], precision: Precision) -> HostSums:
    """Lengths of rows are summed by the host: one number a row and network."""
    assert max(dims) == 1, "the host computed"
    return HostSums(dims, precision)


def test_on_a_device_no_stage_computes_on_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Moments, maps, scores, all controls, random weights among them, and whatever lies beyond."""
    raw = {
        "networks": ["mini:resnet_v1", "mini:mobilenet_v2"],
        "data": {
            "fit": {"source": "fashion-mnist:fit", "limit": 300},
            "eval": {"source": "fashion-mnist:eval", "limit": 100},
        },
        "methods": ["ols", {"name": "ridge", "alpha": "auto"}, "logit", "naive", "canonical"],
        "measures": list(MEASURES.names),
        "controls": True,
        "ranks": True,
        "spectra": True,
        "canonical": True,
        "curve": {"seeds": 1},
        "tasks": ["brightness"],
    }
    expected = Study(parse_config(raw), out=tmp_path / "host", base=tmp_path).score()
    alone = ("singular_values_alone", "_inverse_by_halves")
    for name in ("product", "inverse", "eigenvalues", "singular_values", "heads", *alone):
        monkeypatch.setattr(Host, name, lambda *_: pytest.fail("the host computed"))
    monkeypatch.setattr(Host, "sums", _of_lengths)
    for module in ("parts", "runner"):
        place = f"samefeatures.study.{module}.open_algebra"
        monkeypatch.setattr(place, lambda _: TorchDevice("cpu"))
    config = parse_config({**raw, "algebra": {"device": "cuda:0"}})
    study = Study(config, out=tmp_path / "device", base=tmp_path)
    found = study.score()
    assert study.similarity(measures=["cca", "procrustes"]).names == ("resnet_v1", "mobilenet_v2")
    assert found.controls is not None
    assert expected.controls is not None
    assert found.controls.left_out == expected.controls.left_out
    for one, other in zip(expected.controls.rows, found.controls.rows, strict=True):
        assert (other.control, other.target) == (one.control, one.target)
        assert other.agreement == pytest.approx(one.agreement, abs=1)


def test_the_studys_device_does_the_algebra_unless_told_otherwise() -> None:
    base = {"networks": ["npz:a.npz"]}
    assert parse_config(base).algebra_device == "cpu"
    assert parse_config({**base, "device": "cuda"}).algebra_device == "cuda"
    told = parse_config({**base, "device": "cuda", "algebra": {"device": "cpu"}})
    assert (told.algebra_device, told.device) == ("cpu", "cuda")
    record = json.loads(told.model_dump_json(exclude_none=True))
    assert record["algebra"] == {"device": "cpu", "precision": "float64"}
