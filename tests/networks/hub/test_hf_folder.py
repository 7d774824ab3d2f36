"""Which folder ``hf:`` reads, and what must be in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from samefeatures.base.errors import NetworkError
from samefeatures.networks.hub.folder import find_folder, label_zero
from samefeatures.networks.source import parse_source


def refused(text: str, base: Path) -> str:
    with pytest.raises(NetworkError) as caught:
        find_folder(parse_source(text), base)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "owner" / "name"
    path.mkdir(parents=True)
    (path / "config.json").write_text('{"model_type": "vit"}')
    (path / "pytorch_model.bin").write_bytes(b"x")
    return path


def test_a_folder_is_taken_before_the_hub(folder: Path, tmp_path: Path) -> None:
    found = find_folder(parse_source("hf:owner/name"), tmp_path)
    assert found.path == folder
    assert found.config == {"model_type": "vit"}
    assert found.weights == (folder / "pytorch_model.bin",)
    (folder / "model.safetensors").write_bytes(b"x")
    found = find_folder(parse_source(f"hf:{folder}"), None)
    assert found.weights == (folder / "model.safetensors",)


def test_a_revision_of_a_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    assert "'revision' has no effect" in refused("hf:owner/name?revision=v1", tmp_path)


@pytest.mark.parametrize("text", ["hf:./gone", "hf:/gone/far", "hf:a/b/c", "hf:~/gone"])
def test_what_must_be_a_folder_is_not_sought_on_the_hub(text: str, tmp_path: Path) -> None:
    assert "There is no folder at" in refused(text, tmp_path)


def test_what_is_missing_is_named(folder: Path, tmp_path: Path) -> None:
    (folder / "pytorch_model.bin").unlink()
    assert "has no PyTorch weights" in refused("hf:owner/name", tmp_path)
    (folder / "config.json").unlink()
    assert "has no config.json" in refused("hf:owner/name", tmp_path)


@pytest.mark.parametrize(("text", "said"), [("{", "can't be read as JSON"), ("[]", "holds a list")])
def test_a_damaged_config(folder: Path, tmp_path: Path, text: str, said: str) -> None:
    (folder / "config.json").write_text(text)
    assert said in refused("hf:owner/name", tmp_path)


def test_an_index_without_parts(folder: Path, tmp_path: Path) -> None:
    (folder / "pytorch_model.bin").unlink()
    (folder / "model.safetensors.index.json").write_text("{}")
    assert "lists no parts" in refused("hf:owner/name", tmp_path)


@pytest.mark.parametrize(
    "listed",
    [
        *([], {}, "a.bin", {"a": 1}, {"a": None}, {"a": ["b"]}, {"a": "b.bin", "c": 2}),
        *({"a": name} for name in ("../b.bin", "/etc/passwd", "", ".", "c/b.bin", "b" * 300)),
    ],
)
def test_an_index_whose_parts_are_no_names_of_files(
    folder: Path, tmp_path: Path, listed: object
) -> None:
    """A name is part of a path, or of an address on the Hub."""
    (folder / "pytorch_model.bin").unlink()
    (folder.parent / "b.bin").touch()
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": listed}))
    assert "lists no parts" in refused("hf:owner/name", tmp_path)


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        ({0: "background"}, "background"),
        ({"0": "tench"}, "tench"),
        ({0: "LABEL_0"}, None),
        ({0: "0"}, None),
        ({}, None),
    ],
)
def test_the_name_of_class_0(labels: dict, name: str | None) -> None:
    assert label_zero(labels) == name
