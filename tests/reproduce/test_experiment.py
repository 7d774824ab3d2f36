"""From options to a study: networks found and missing, crops, what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes import FakeCatalogue

from samefeatures.base.errors import ConfigError
from samefeatures.reproduce.document import document
from samefeatures.reproduce.experiment import (
    Options,
    check_ready,
    crops_of,
    names_of,
    plan_experiment,
    study_settings,
)
from samefeatures.study.config import parse_config


@pytest.fixture
def options(imagenet: Path, tmp_path: Path) -> Options:
    return Options(data=imagenet, out=tmp_path / "out")


def planned(options: Options, name: str = "thesis", **there: str) -> Any:
    return plan_experiment(name, options, FakeCatalogue(there=there))


def test_the_study_of_the_thesis(options: Options, imagenet: Path) -> None:
    folder = options.out.parent / "weights"
    changed = replace(options, weights_dir=folder, subset=20, device="cuda", batch_size=64)
    there = {"inception_v1": "a", "mobilenet_v2_140_224": "b"}
    experiment = planned(changed, **there)
    check_ready(experiment)
    settings = study_settings(experiment, None)
    assert [entry["load"] for entry in settings["networks"]] == [
        f"thesis:inception_v1?weights_dir={folder}&crop=331",
        f"thesis:mobilenet_v2_140_224?weights_dir={folder}&crop=224",
    ]
    assert [entry["name"] for entry in settings["networks"]] == list(there)
    assert settings["data"]["fit"] == {
        "source": str(imagenet / "train"), "name": "train", "per_class": 20,
    }  # fmt: skip
    assert settings["methods"] == ["ols", "logit", "naive"]
    assert (settings["device"], settings["batch_size"]) == ("cuda", 64)
    assert parse_config(settings).networks[0].name == "inception_v1"
    missing = experiment.missing
    assert len(missing) == 8
    assert "Download https://weights.example/nasnet_large.safetensors" in missing["nasnet_large"]


def test_the_paper_has_two_networks_and_its_own_crop(options: Options) -> None:
    there = {"inception_v4": "a", "resnet_v2_152": "b"}
    loads = [c.load["load"] for c in planned(options, "paper", **there).chosen]
    assert loads == ["thesis:inception_v4?crop=299", "thesis:resnet_v2_152?crop=299"]
    other = replace(options, crops={"resnet_v2_152": 320})
    loads = [c.load["load"] for c in planned(other, "paper", **there).chosen]
    assert loads == ["thesis:inception_v4?crop=299", "thesis:resnet_v2_152?crop=320"]
    assert document("paper").methods[-1] == "ols"


def test_missing_weights_are_loaded_only_where_downloads_are_wanted(options: Options) -> None:
    with pytest.raises(ConfigError, match=r"0 of 10 networks .* inception_v1: no weights\. Down"):
        check_ready(planned(options))
    experiment = planned(replace(options, download=True))
    check_ready(experiment)
    assert experiment.missing == {}
    assert all(c.load is not None and not c.found for c in experiment.chosen)


def test_strict_leaves_nothing_out(options: Options) -> None:
    there = {"inception_v1": "a", "inception_v2": "b"}
    check_ready(planned(options, **there))
    with pytest.raises(ConfigError, match=r"--strict leaves no network out"):
        check_ready(planned(replace(options, strict=True), **there))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"networks": ("inception_v9",)}, r"--networks: the thesis has no network .* Did you mean"),
        ({"crops": {"x": 3}}, "--crop: the thesis has no network 'x'"),
        ({"subset": 0}, "--subset is 0"),
        ({"networks_from": Path("/no.yaml")}, "no file at /no.yaml"),
    ],
)
def test_wrong_options(options: Options, change: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        planned(replace(options, **change))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[a]", "must hold 'name: source'"),
        ("a: [", "can't be read as YAML"),
        ("nasnet: onnx:a", "no network 'nasnet'. Did you mean 'nasnet_large'"),
        ("nasnet_large: 3", "must be a source, or a mapping with 'load'"),
    ],
)
def test_wrong_mappings(options: Options, tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=says):
        planned(replace(options, networks_from=path))


def test_a_mapping_brings_its_own_weights_and_crops(options: Options, tmp_path: Path) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(
        "inception_v1: onnx:a/model.onnx\n"
        "nasnet_large: {load: 'mini:nasnet', input_size: [3, 28, 28]}\n"
    )
    mapped = replace(options, networks_from=path)
    loads = [c.load for c in planned(mapped).chosen if c.load]
    assert loads == [
        {"load": f"onnx:{tmp_path / 'a/model.onnx'}", "name": "inception_v1"},
        {"load": "mini:nasnet", "input_size": [3, 28, 28], "name": "nasnet_large"},
    ]
    for change in ({"weights_dir": tmp_path}, {"crops": {"inception_v1": 8}}, {"download": True}):
        with pytest.raises(ConfigError, match="has no effect beside --networks-from"):
            planned(replace(mapped, **change))


def test_there_are_two_documents() -> None:
    with pytest.raises(ConfigError, match="There are: thesis, paper"):
        document("book")


@pytest.mark.parametrize(
    "given", [["a"], ["a="], ["a=0"], ["a=²"], ["a=٣"], ["a=-3"], ["a=1.5"], ["a=" + "9" * 9]]
)
def test_crops_that_are_no_numbers_are_refused(given: list[str]) -> None:
    with pytest.raises(ConfigError, match="write NAME=PIXELS"):
        crops_of(given)


def test_crops_are_read_once_for_a_network() -> None:
    assert crops_of(["a=299", "b=224"]) == {"a": 299, "b": 224}
    with pytest.raises(ConfigError, match="names a twice"):
        crops_of(["a=1", "b=2", "a=1"])


def test_names_stand_between_commas() -> None:
    assert names_of(" a, b,,c ,") == ("a", "b", "c")
    assert names_of("") == ()
