"""Versions beside the results, and on a cluster: one list, of what the study uses."""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path

import pytest

import samefeatures
from fake_package import install
from npz_worlds import make_worlds, write_npz
from samefeatures.cluster.order import order_of
from samefeatures.study import versions as module
from samefeatures.study.config import StudyConfig, parse_config
from samefeatures.study.study import Study

DATA = {kind: {"source": f"fashion-mnist:{kind}"} for kind in ("fit", "eval")}
CORE = ["numpy", "scipy", "onnxruntime", "pillow", "zarr"]


def versions(config: StudyConfig, folder: Path) -> dict[str, str]:
    """As every machine of a cluster is told."""
    return dict(order_of(config, base=folder, root=folder).versions)


@pytest.mark.parametrize(
    ("networks", "more"),
    [
        (["mini:nasnet", "onnx:a.onnx"], []),
        (["timm:resnet18"], ["torch", "timm"]),
        (["hf:owner/name", "slim:a?checkpoint=b"], ["torch", "transformers", "timm"]),
        (["keras:ResNet50"], ["keras", "torch", "jax", "tensorflow"]),
        (["savedmodel:net"], ["tensorflow"]),
    ],
)
def test_all_that_a_study_uses_is_listed(networks: list[str], more: list[str], tmp_path) -> None:
    found = versions(parse_config({"networks": networks, "data": DATA}), tmp_path)
    assert list(found) == ["python", "samefeatures", *CORE, *more]
    assert found["samefeatures"] == samefeatures.__version__
    assert found["numpy"] == version("numpy")


def test_image_sets_and_devices_count(tmp_path: Path) -> None:
    data = {"fit": "hf:owner/images", "eval": "torchvision:CIFAR10"}
    config = parse_config({"networks": ["mini:nasnet"], "data": data, "device": "cuda"})
    assert list(versions(config, tmp_path))[7:] == ["datasets", "torchvision", "torch"]


def test_methods_say_what_they_import(tmp_path: Path) -> None:
    values = {"networks": ["mini:nasnet"], "data": DATA, "methods": ["ols", {"adam": {"seed": 1}}]}
    assert list(versions(parse_config(values), tmp_path))[7:] == ["torch"]


def test_what_is_installed_under_another_name_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As tensorflow-cpu brings ``tensorflow``."""
    kind = "from samefeatures.networks.kinds import Kind\nKIND = Kind(name='toy', loader='', "
    points = {"samefeatures.networks": {"toy": "toy_kind:KIND"}}
    code = f"{kind} runtime='x', packages=('toy_library', 'toy_absent'))"
    install(tmp_path, "toy_library_cpu", {"toy_library": "", "toy_kind": code}, points)
    monkeypatch.syspath_prepend(tmp_path)
    found = versions(parse_config({"networks": ["toy:a"], "data": DATA}), tmp_path)
    assert (found["toy_library"], found["toy_absent"]) == ("1.0", "missing")


def test_what_is_not_there_is_not_sought_among_all_packages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """To list these takes a second or more."""

    def sought() -> dict[str, list[str]]:
        raise AssertionError

    monkeypatch.setattr(module, "packages_distributions", sought)
    assert module.installed("toy_absent") == "missing"
    assert module.installed("numpy") == version("numpy")
    with pytest.raises(AssertionError):
        module.installed("npz_worlds")  # a module here, of no package
    monkeypatch.setattr(module, "packages_distributions", dict)
    assert module.installed("npz_worlds") == "missing"


def test_where_several_packages_bring_one_the_first_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"npz_worlds": ["numpy", "scipy", "pillow"]}
    monkeypatch.setattr(module, "packages_distributions", lambda: names)
    assert module.installed("npz_worlds") == version("numpy")


def test_our_own_is_that_of_the_code_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a working tree, whatever is installed beside it."""
    monkeypatch.setattr(module, "__version__", "9.9.dev1")
    assert module.installed("samefeatures") == "9.9.dev1"


def test_what_is_missing_stands_beside_no_results() -> None:
    found = module.here({"toy": "missing", "numpy": "1.0"})
    assert found == {"platform": platform.platform(), "numpy": "1.0"}


def test_features_from_files_need_the_core_alone() -> None:
    config = parse_config({"networks": ["npz:a.npz"], "methods": ["ols"]})
    found = module.versions_of(config)
    assert list(found) == ["python", "samefeatures", *CORE]
    assert found["python"] == platform.python_version()
    cuda = parse_config({"networks": ["npz:a.npz"], "algebra": {"device": "cuda"}})
    assert list(module.versions_of(cuda))[-1] == "torch"


def test_results_keep_those_that_are_installed(tmp_path: Path) -> None:
    networks = [write_npz(tmp_path, name, world) for name, world in make_worlds().items()]
    config = parse_config({"networks": networks, "methods": ["ols"]})
    kept = Study(config, out=tmp_path / "out", base=tmp_path).score().versions
    told = versions(config, tmp_path)
    assert kept["platform"]
    assert {k: v for k, v in kept.items() if k != "platform"} == {
        k: v for k, v in told.items() if v != "missing"
    }
    assert kept["scipy"] == version("scipy")


def test_keras_and_tensorflow_are_kept(tmp_path: Path) -> None:
    """The fault: neither stood beside results that they made."""
    found = versions(parse_config({"networks": ["keras:ResNet50"], "data": DATA}), tmp_path)
    assert found["keras"] == version("keras")
    assert found["tensorflow"][0].isdigit(), "it is there as tensorflow-cpu"
