"""Preprocessing from meta.json and overrides."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from samefeatures.base.errors import ConfigError, NetworkError
from samefeatures.networks.settings import (
    build_preprocessing,
    check_overrides,
    fields_of_meta,
    read_json,
)

OURS = {"input_size": [3, 28, 28], "mean": [0.5, 0.5, 0.5], "std": [0.2, 0.2, 0.2]}
BYTES = {"size": 224, "mean": [127.5, 127.5, 127.5], "std": [51, 51, 51]}


def test_our_form_is_taken_as_it_is() -> None:
    meta = {**OURS, "crop_pct": 0.9, "interpolation": "lanczos", "crop_mode": "squash", "name": "x"}
    prep = build_preprocessing(fields_of_meta(meta, source="s"), {}, source="s")
    assert prep.as_dict() == {
        "input_size": (3, 28, 28),
        "crop_pct": 0.9,
        "interpolation": "lanczos",
        "mean": (0.5, 0.5, 0.5),
        "std": (0.2, 0.2, 0.2),
        "crop_mode": "squash",
    }


@pytest.mark.parametrize(
    "unit", [{"pixel_range": 255}, {"input": "NCHW float32 RGB, (pixel0..255 - mean)/std"}]
)
def test_the_form_for_pixels_up_to_255_is_scaled(unit: dict[str, object]) -> None:
    prep = build_preprocessing(fields_of_meta({**BYTES, **unit}, source="s"), {}, source="s")
    assert prep.input_size == (3, 224, 224)
    assert prep.mean == (0.5, 0.5, 0.5)
    assert prep.std == (0.2, 0.2, 0.2)


def test_units_are_never_guessed() -> None:
    with pytest.raises(NetworkError, match=r'do not look like pixels in .*"pixel_range": 255'):
        fields_of_meta(BYTES, source="s")
    with pytest.raises(NetworkError, match="pixel_range 128"):
        fields_of_meta({**BYTES, "pixel_range": 128}, source="s")
    with pytest.raises(ConfigError, match=r"mean is .* write mean: \[0\.5, 0\.5, 0\.5\]"):
        build_preprocessing(fields_of_meta({**BYTES, "pixel_range": 1}, source="s"), {}, source="s")


@pytest.mark.parametrize(("side", "crop"), [(32, 1.0), (95, 1.0), (96, 0.875), (224, 0.875)])
def test_defaults_depend_on_the_size_alone(side: int, crop: float) -> None:
    prep = build_preprocessing({**OURS, "input_size": (3, side, side)}, {}, source="s")
    assert (prep.crop_pct, prep.interpolation) == (crop, "bicubic")


def test_overrides_win() -> None:
    prep = build_preprocessing(OURS, {"crop_pct": 0.5, "std": (1, 1, 1)}, source="s")
    assert (prep.crop_pct, prep.std, prep.mean) == (0.5, (1, 1, 1), (0.5, 0.5, 0.5))


def test_missing_fields_are_named() -> None:
    with pytest.raises(NetworkError, match=r"onnx:a\.onnx.*input_size, std missing.*meta\.json"):
        build_preprocessing({"mean": [0, 0, 0]}, {}, source="onnx:a.onnx")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("mean", [0.5]),
        ("mean", "abc"),
        ("std", [1, 1, None]),
        ("std", [0, 1, 1]),
        ("input_size", 224),
        ("input_size", [1, 28, 28]),
        ("crop_pct", "all"),
        ("crop_pct", 1.5),
        ("interpolation", "cubic"),
    ],
)
def test_values_without_sense_are_refused(key: str, value: object) -> None:
    with pytest.raises(ConfigError, match=key):
        build_preprocessing({**OURS, key: value}, {}, source="s")


def test_unknown_override_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"no 'crop_pc'\. Did you mean 'crop_pct'"):
        check_overrides({"crop_pc": 1})


def test_reading_meta(tmp_path: Path) -> None:
    path = tmp_path / "meta.json"
    path.write_text(json.dumps(OURS))
    assert read_json(path, remedy="Mend it") == OURS
    for text in ("{", "[1]"):
        path.write_text(text)
        with pytest.raises(NetworkError, match=r"meta\.json.*JSON.*Mend it\."):
            read_json(path, remedy="Mend it")
    with pytest.raises(NetworkError, match="size 'big'"):
        fields_of_meta({"size": "big"}, source="s")


@pytest.mark.parametrize(
    ("key", "values", "meant"),
    [
        ("mean", [123.675, 116.28, 103.53], r"\[0\.485, 0\.456, 0\.406\]"),
        ("std", [58.395, 57.12, 57.375], r"\[0\.229, 0\.224, 0\.225\]"),
        ("mean", [127.5, 0, 0], r"\[0\.5, 0, 0\]"),
    ],
)
def test_numbers_for_bytes_are_refused_with_what_to_write(
    key: str, values: list[float], meant: str
) -> None:
    with pytest.raises(ConfigError, match=f"pixels from 0 to 255.* write {key}: {meant}"):
        build_preprocessing(OURS, {key: values}, source="timm:a")


@pytest.mark.parametrize("key", ["mean", "std", "crop_pct", "input_size"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, 10**400, None, {}])
def test_what_is_no_number(key: str, value: object) -> None:
    given = value if key == "crop_pct" else [value, 1, 1]
    with pytest.raises(ConfigError, match=f"{key} is "):
        build_preprocessing({**OURS, key: given}, {}, source="onnx:a.onnx")
