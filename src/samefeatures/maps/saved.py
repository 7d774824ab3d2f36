"""The file of a map: safetensors that say what they are, sealed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from samefeatures.base.arrays import Float64
from samefeatures.base.border import border, open_regular
from samefeatures.base.digests import digest
from samefeatures.base.documents import parse_json
from samefeatures.base.errors import FileError, MapError, NoFileError
from samefeatures.base.files import write_whole
from samefeatures.base.records import record
from samefeatures.maps.note import FitNote


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a file says of the map in it; ``shape`` is of the weight."""

    source: str
    target: str
    method: str
    source_fingerprint: str
    target_fingerprint: str
    fit: FitNote
    sha256: str
    shape: tuple[int, ...] | None = None


def check_said(weight: Any, bias: Any, fit: object) -> None:
    """Refuse what could be saved and not be loaded: these are arrays of float64, and a note.

    Args:
        weight: (d_B, d_A).
        bias: (d_B,).
        fit: What the solver says.

    Raises:
        MapError: naming the one that is something else, or the shapes.
    """
    for what, given in (("weight", weight), ("bias", bias)):
        plain = isinstance(given, np.ndarray) and not isinstance(given, OTHERS)
        if not plain or given.dtype != np.float64:
            raise MapError(
                f"The {what} of a map is {given.dtype if plain else type(given).__name__}; it must "
                "be an array of float64: numpy.asarray(…, dtype='float64')."
            )
    shapes = np.shape(weight), np.shape(bias)
    if len(shapes[0]) != 2 or shapes[1] != shapes[0][:1]:
        raise MapError(
            f"A map has weight {shapes[0]} and bias {shapes[1]}; they must be (d_target, d_source) "
            "and (d_target,)."
        )
    if not isinstance(fit, FitNote):
        raise MapError(f"The fit of a map is {type(fit).__name__}; it must be a FitNote.")


OTHERS = (np.matrix, np.ma.MaskedArray)
"""Arrays that compute otherwise."""


def write_map(path: Path, said: Mapping[str, Any], weight: Float64, bias: Float64) -> None:
    """Write weight (d_B, d_A) and bias (d_B,) with what is said of them.

    Raises:
        MapError: when what is said could not be read again.
        OSError: as the system says.
    """
    from safetensors.numpy import save

    whole = {**said, "sha256": _digest(weight, bias), "shape": list(weight.shape)}
    try:
        record(Said, whole)
    except (FileError, TypeError) as error:
        raise MapError(f"The map can't be written: {error}. Mend what is said of it.") from None
    tensors = {"weight": np.ascontiguousarray(weight), "bias": np.ascontiguousarray(bias)}
    # One entry: safetensors writes several in any order, and the same map is the same bytes.
    metadata = {"samefeatures.map": json.dumps({**whole, "seal": _seal(whole)})}
    write_whole(path, save(tensors, metadata=metadata))


def read_map(path: Path) -> tuple[Said, Float64, Float64]:
    """What ``write_map`` wrote: weight (d_B, d_A) and bias (d_B,).

    Raises:
        MapError: when the file is missing, damaged, or not a map.
    """
    try:
        with border():
            return _read(path)
    except NoFileError:
        raise MapError(f"There is no map at {path}. Fit it first: samefeatures fit") from None
    except FileError as error:
        raise MapError(f"{path} is not a saved map ({error}). Delete it and fit again.") from None


def _read(path: Path) -> tuple[Said, Float64, Float64]:
    from safetensors import safe_open

    open_regular(path).close()
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata() or {}
        raw = parse_json(metadata["samefeatures.map"], finite=False)
        weight, bias = file.get_tensor("weight"), file.get_tensor("bias")
    seal = raw.pop("seal", None)  # maps of earlier versions have none
    said = record(Said, raw)
    if seal is not None and (seal != _seal(raw) or said.shape != weight.shape):
        raise FileError("what it says of itself is not what was written")
    if said.sha256 != _digest(weight, bias) or weight.dtype != np.float64:
        raise FileError("its numbers are not those that were written")
    return said, weight, bias


def _seal(said: Mapping[str, Any]) -> str:
    return digest(json.dumps(said, sort_keys=True))


def _digest(weight: Float64, bias: Float64) -> str:
    state = hashlib.sha256(np.ascontiguousarray(weight).tobytes())
    state.update(np.ascontiguousarray(bias).tobytes())
    return state.hexdigest()
