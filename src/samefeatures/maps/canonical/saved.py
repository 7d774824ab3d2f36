"""The file of a canonical space: safetensors that say what they are, sealed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from samefeatures.base.border import border, open_regular
from samefeatures.base.digests import digest
from samefeatures.base.documents import parse_json
from samefeatures.base.errors import FileError, MapError, NoFileError
from samefeatures.base.files import write_whole
from samefeatures.base.records import record

VERSION = 1
Tensors = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidMember:
    """What a file says of a network in the space."""

    name: str
    fingerprint: str
    dim: int
    rank: int
    condition: float
    spread: float
    attached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidSpace:
    """What a file says of the space in it.

    Attributes:
        version: Of the file's form.
        members: In order.
        k: Directions.
        chance: As in the record.
        alpha: Of the ridge.
        rows: n.
        anchored: Whether points of the fit rows are in it.
        identified: Whether their ids are, too.
        sha256: Of all numbers, in the order of their names.
    """

    version: int
    members: tuple[SaidMember, ...]
    k: int
    chance: float
    alpha: float
    rows: int
    anchored: bool
    identified: bool
    sha256: str = ""


def write_space(path: Path, said: SaidSpace, tensors: Tensors) -> None:
    """Write what is said of a space with its tensors; the same space is the same bytes.

    Args:
        path: Of the file.
        said: What is said.
        tensors: ``shared`` (k,); of member i ``i.mean`` (d,), ``i.encoder`` (k, d), ``i.decoder``
            (d, k), and ``points`` (n, k) with ``ids`` where they are known.

    Raises:
        OSError: as the system says.
    """
    from safetensors.numpy import save

    laid = {name: np.ascontiguousarray(tensors[name]) for name in sorted(tensors)}
    whole = {**asdict(said), "sha256": _digest(laid)}
    whole = json.loads(json.dumps(whole))
    metadata = {"samefeatures.space": json.dumps({**whole, "seal": _seal(whole)})}
    write_whole(path, save(laid, metadata=metadata))


def read_space(path: Path) -> tuple[SaidSpace, dict[str, npt.NDArray[Any]]]:
    """What ``write_space`` wrote: what is said, and tensors such as ``shared`` (k,).

    Raises:
        MapError: when the file is missing, damaged, of a later version, or not a space.
    """
    try:
        with border():
            return _read(path)
    except NoFileError:
        raise MapError(
            f"There is no canonical space at {path}. A study with 'canonical: true' makes one."
        ) from None
    except FileError as error:
        raise MapError(
            f"{path} is not a canonical space of this version ({error}). Make it again."
        ) from None


def _read(path: Path) -> tuple[SaidSpace, dict[str, npt.NDArray[Any]]]:
    from safetensors import safe_open

    open_regular(path).close()
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata() or {}
        if "samefeatures.space" not in metadata:
            raise FileError("it holds something else")
        raw = parse_json(metadata["samefeatures.space"], finite=False)
        tensors = {name: file.get_tensor(name) for name in sorted(file.keys())}
    seal = raw.pop("seal", None)
    if seal != _seal(raw):
        raise FileError("what it says of itself is not what was written")
    if raw.get("version") != VERSION:
        raise FileError(f"it is of version {raw.get('version')}, not {VERSION}")
    said = record(SaidSpace, raw)
    if said.sha256 != _digest(tensors):
        raise FileError("its numbers are not those that were written")
    shapes = {name: values.shape for name, values in tensors.items() if name != "ids"}
    if shapes != _shapes(said):
        raise FileError("its arrays are not those that it names")
    return said, tensors


def _shapes(said: SaidSpace) -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {"shared": (said.k,)}
    for place, member in enumerate(said.members):
        found[f"{place}.mean"] = (member.dim,)
        found[f"{place}.encoder"] = (said.k, member.dim)
        found[f"{place}.decoder"] = (member.dim, said.k)
    if said.anchored:
        found["points"] = (said.rows, said.k)
    return found


def _seal(said: Mapping[str, Any]) -> str:
    return digest(json.dumps(said, sort_keys=True))


def _digest(tensors: Tensors) -> str:
    state = hashlib.sha256()
    for name, values in tensors.items():
        state.update(f"{name} {values.dtype} {values.shape}".encode())
        state.update(values.tobytes())
    return state.hexdigest()
