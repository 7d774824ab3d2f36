"""Preprocessing from what a source says (``meta.json``, timm, torchvision) and from overrides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from samefeatures.base.documents import read_json as read_document
from samefeatures.base.errors import ConfigError, FileError, NetworkError
from samefeatures.base.options import check_known
from samefeatures.images.preprocess import Preprocessing

FIELDS: tuple[str, ...] = tuple(field.name for field in fields(Preprocessing))
REQUIRED = ("input_size", "mean", "std")
LARGEST = 2
"""Above this, mean and std are not those of pixels in [0, 1]."""
SMALL = 96
"""Below this many pixels an image is resized to the input size and not cropped."""


def check_overrides(overrides: Mapping[str, object] | None) -> Mapping[str, object]:
    """The overrides, if all of their keys are fields of ``Preprocessing``.

    Raises:
        ConfigError: naming the nearest field.
    """
    for key in overrides or {}:
        check_known(key, FIELDS, "Preprocessing has no", ConfigError)
    return overrides or {}


def build_preprocessing(
    found: Mapping[str, object], overrides: Mapping[str, object], *, source: str
) -> Preprocessing:
    """Preprocessing from fields that the source gave, replaced by those of the study.

    Where neither says otherwise, ``crop_pct`` is 0.875 for inputs of 96 pixels or more and 1.0
    below, and ``interpolation`` is bicubic, as timm has it. Size, mean and std are never guessed.

    Raises:
        NetworkError: when size, mean or std is missing.
        ConfigError: when a value makes no sense.
    """
    values = {**found, **check_overrides(overrides)}
    missing = [key for key in REQUIRED if key not in values]
    if missing:
        raise NetworkError(
            f"{source} does not say how its input is made: {', '.join(missing)} missing. Give "
            f"{' and '.join(missing)} with the network in the study file, or in a meta.json beside "
            "an ONNX file (input_size: [3, height, width]; mean and std for pixels in [0, 1])."
        )
    size = values["input_size"] = input_size_of(values["input_size"], source=source)
    for key in ("mean", "std"):
        numbers = values[key] = tuple(_numbers(values[key], key, source))
        if key in overrides:
            _refuse_bytes(numbers, key, source)
    values.setdefault("crop_pct", 0.875 if min(size[1:]) >= SMALL else 1.0)
    values.setdefault("interpolation", "bicubic")
    if not _is_number(values["crop_pct"]):
        raise ConfigError(f"{source}: crop_pct is {values['crop_pct']!r}; it must be a number.")
    return Preprocessing(**values)  # type: ignore[arg-type]


def input_size_of(value: object, *, source: str) -> tuple[int, ...]:
    """(3, height, width) of an ``input_size`` that was given.

    Raises:
        ConfigError: when it is something else.
    """
    size = tuple(int(n) for n in _numbers(value, "input_size", source))
    if size[0] != 3 or min(size) < 1:
        raise ConfigError(
            f"{source}: input_size is {value!r}; it must be [3, height, width]: images are turned "
            "into RGB."
        )
    return size


def _numbers(value: object, key: str, source: str) -> Sequence[float]:
    if (
        not isinstance(value, Sequence)
        or isinstance(value, str)
        or len(value) != 3
        or not all(map(_is_number, value))
    ):
        shape = "[3, height, width]" if key == "input_size" else "three numbers, one per channel"
        raise ConfigError(f"{source}: {key} is {value!r}; it must be {shape}.")
    return value


def _is_number(value: object) -> bool:
    """Whether it is one, finite, and no larger than a float can be."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def _refuse_bytes(values: Sequence[float], key: str, source: str) -> None:
    """Mean or std of pixels from 0 to 255, where those from 0 to 1 are meant."""
    if max(values) > LARGEST:
        by_255 = [value / 255 for value in values]
        said, meant = (", ".join(f"{v:.6g}" for v in each) for each in (values, by_255))
        raise ConfigError(
            f"{source}: {key} is [{said}], which looks like that of pixels from 0 to 255. Here "
            f"pixels run from 0 to 1: write {key}: [{meant}]."
        )


def read_json(path: Path, *, remedy: str) -> dict[str, Any]:
    """The JSON object in a file beside a network.

    Raises:
        NetworkError: when it holds none, with what to do.
    """
    try:
        found = read_document(path, finite=False)
    except FileError as error:
        raise NetworkError(f"{path} can't be read as JSON ({error}). {remedy}.") from None
    if not isinstance(found, dict):
        raise NetworkError(f"{path} holds a {type(found).__name__}, not a JSON object. {remedy}.")
    return found


def fields_of_meta(meta: Mapping[str, object], *, source: str) -> dict[str, object]:
    """Fields of ``Preprocessing`` from a ``meta.json``.

    Either timm's names (``input_size``, …, mean and std for pixels in [0, 1]), or ``size`` with
    mean and std for pixels in [0, 255]. Which of the two units holds is said by ``pixel_range``
    (1 or 255) or by an ``input`` text with "0..255"; it is never guessed.

    Raises:
        NetworkError: when the unit is not said, though the numbers leave it open.
    """
    out = {key: meta[key] for key in FIELDS if key in meta}
    if "input_size" not in out and "size" in meta:
        out["input_size"] = _input_size(meta["size"], source)
    scale = _pixel_range(meta, source)
    for key in ("mean", "std"):
        if key in out and scale != 1:
            out[key] = [round(v / scale, 12) for v in _numbers(out[key], key, source)]
    return out


def class_names_of_meta(meta: Mapping[str, object], *, source: str) -> tuple[str, ...]:
    """``class_names`` of a ``meta.json``: a list, class after class; empty without it.

    Raises:
        NetworkError: when it is something else.
    """
    names = meta.get("class_names", [])
    if not isinstance(names, list) or not all(isinstance(n, str) and n.strip() for n in names):
        raise NetworkError(
            f"{source}: class_names in its meta.json must be a list of names, one per class."
        )
    return tuple(names)


def _input_size(size: object, source: str) -> list[int]:
    sides = size if isinstance(size, list) else [size, size]
    if len(sides) != 2 or not all(isinstance(s, int) for s in sides):
        raise NetworkError(
            f"{source}: meta.json has size {size!r}; it must be one number or [height, width]."
        )
    return [3, *sides]


def _pixel_range(meta: Mapping[str, object], source: str) -> float:
    said = meta.get("pixel_range")
    if said is not None:
        if said not in (1, 255):
            raise NetworkError(
                f"{source}: meta.json has pixel_range {said!r}; it must be 1 or 255."
            )
        return 255 if said == 255 else 1
    if "0..255" in str(meta.get("input", "")):
        return 255
    values = [v for key in ("mean", "std") for v in _as_list(meta.get(key))]
    if any(isinstance(v, int | float) and v > LARGEST for v in values):
        raise NetworkError(
            f"{source}: meta.json has mean {meta.get('mean')} and std {meta.get('std')}, which do "
            'not look like pixels in [0, 1]. Add "pixel_range": 255 if they are for pixels in '
            '[0, 255], or "pixel_range": 1.'
        )
    return 1


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
