"""Preprocessing from what a source says (``meta.json``, timm, torchvision) and from overrides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from samefeatures.base.documents import read_json as read_document
from samefeatures.base.errors import ConfigError, FileError, NetworkError
from samefeatures.base.options import check_known
from samefeatures.images.input_values import (
    LARGEST,
    REQUIRED,
    checked_number,
    three_numbers,
    to_write,
)
from samefeatures.images.preprocess import Preprocessing

FIELDS: tuple[str, ...] = tuple(field.name for field in fields(Preprocessing))


def check_overrides(overrides: Mapping[str, object] | Preprocessing | None) -> Mapping[str, object]:
    """The overrides, if all of their keys are fields of ``Preprocessing``; those of a whole one.

    Raises:
        ConfigError: naming the nearest field.
    """
    if isinstance(overrides, Preprocessing):
        return overrides.as_dict()
    if overrides is not None and not isinstance(overrides, Mapping):
        raise ConfigError(
            f"preprocessing is {type(overrides).__name__}; it must be a mapping of fields, e.g. "
            f"{{{to_write({}, form=PAIR)}}}."
        )
    for key in overrides or {}:
        check_known(key, FIELDS, "Preprocessing has no", ConfigError)
    return overrides or {}


def build_preprocessing(
    found: Mapping[str, object], overrides: Mapping[str, object], *, source: str
) -> Preprocessing:
    """Preprocessing from fields that the source gave, replaced by those of the study.

    Raises:
        NetworkError: when size, mean or std is missing, which are never guessed.
        ConfigError: when a value makes no sense.
    """
    values = {**found, **check_overrides(overrides)}
    given = {key: values[key] for key in REQUIRED if values.get(key) is not None}
    if len(given) < len(REQUIRED):
        raise lacks_preprocessing(given, source=source)
    try:
        if "crop_pct" in values:
            checked_number("crop_pct", values["crop_pct"])
        return Preprocessing(**values)  # type: ignore[arg-type]
    except ConfigError as error:
        raise ConfigError(f"{source}: {error}") from None


PAIR = '"{}": {}'
"""A field in a dictionary of Python."""


def lacks_preprocessing(
    given: Mapping[str, object], *, source: str, live: bool = False
) -> NetworkError:
    """What to say where required fields are missing, with the lines to write.

    Args:
        given: Fields that are known.
        source: For the message and for the lines.
        live: Whether it is a module of this process, which no study file can name.
    """
    missing = ", ".join(key for key in REQUIRED if key not in given)
    call = f"preprocessing={{{to_write(given, form=PAIR)}}})"
    if live:
        write = f"Write samefeatures.load(module, {call}"
    else:
        entry = to_write(given, form="{}: {}", brackets="[]")
        write = (
            f'In a study file write - {{load: "{source}", {entry}}}, in Python '
            f'samefeatures.load("{source}", {call}'
        )
    beside = "; or a meta.json beside the file" if source.startswith("onnx:") else ""
    return NetworkError(
        f"{source} does not say how its input is made: {missing} missing, and never guessed. "
        f"{write}{beside}. Mean and std are those of the training, for pixels from 0 to 1."
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
            out[key] = [round(v / scale, 12) for v in three_numbers(key, out[key])]
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
            "[0, 255], or divide them by 255."
        )
    return 1


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
