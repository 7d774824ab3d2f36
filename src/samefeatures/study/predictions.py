"""``predictions.parquet``: what every network and hybrid says of every eval image.

The footer holds the digest of all bytes, with zeros in its place. It is checked before Arrow sees
them: of some damage Arrow makes other values, of some a panic, of some it ends the process. Files
of earlier versions have none, and are read in a process of their own.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from arro3.core import Table
from arro3.io import read_parquet, write_parquet

from samefeatures.base.apart import apart
from samefeatures.base.border import MEBIBYTE, border, bytes_of
from samefeatures.base.errors import FileError, NoFileError, StoreError
from samefeatures.study.tables import write_table

PARQUET = b"PAR1"
SEAL, BLANK = b"samefeatures.sha256", b"0" * 64
MOST = 4096 * MEBIBYTE
"""Bytes of predictions that are read: some 10 million images and 100 maps."""
SECONDS = 120.0
"""That reading a file without a checksum may take."""


def write_predictions(
    ids: Sequence[str] | None,
    labels: npt.NDArray[np.int64] | None,
    rows: int,
    predictions: Mapping[str, npt.NDArray[np.int32]],
    path: Path,
) -> Path:
    """Write one row per eval image: ``id``, ``label`` if known, and one column (n,) per cell."""
    names = list(ids) if ids is not None else [str(i) for i in range(rows)]
    known = {} if labels is None else {"label": labels}
    return write_table(_sealed, {"id": names, **known, **predictions}, path)


def _sealed(table: Table, packed: IO[bytes]) -> None:
    plain = io.BytesIO()
    write_parquet(table, plain, key_value_metadata={SEAL.decode(): BLANK.decode()})
    raw = plain.getvalue()
    at = raw.index(BLANK, raw.rindex(SEAL))
    packed.write(raw[:at] + _digest(raw) + raw[at + len(BLANK) :])


def _is_sealed(raw: bytes) -> bool:
    """Whether the file has a checksum, which is held against its bytes then."""
    at = raw.rfind(SEAL)
    if at < 0:
        return False
    found = re.compile(rb"[0-9a-f]{64}").search(raw, at)
    if found is None:
        raise FileError("its checksum is gone")
    blank = raw[: found.start()] + BLANK + raw[found.end() :]
    if found[0] != _digest(blank):
        raise FileError("it is not what was written: its checksum is another")
    return True


def _digest(raw: bytes) -> bytes:
    return hashlib.sha256(raw).hexdigest().encode()


def read_predictions(path: Path, names: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    """Columns (n,) of ``predictions.parquet``: ``id`` as objects, the others as integers.

    Raises:
        StoreError: when the file is missing, damaged, or has no such column.
    """
    try:
        with border():
            raw = bytes_of(path, most=MOST)
            # Arrow panics on a file that was cut short, instead of raising an error.
            if len(raw) < 12 or not raw.startswith(PARQUET) or not raw.endswith(PARQUET):
                raise FileError("it is cut short, or no Parquet file")
            columns = _columns(raw, names)
    except NoFileError:
        raise StoreError(
            f"There are no predictions at {path}. Run the study first: samefeatures run"
        ) from None
    except FileError as error:
        raise StoreError(
            f"{path} can't be read ({error}). Score the study again: samefeatures score"
        ) from None
    missing = [name for name in names if name not in columns]
    if missing:
        raise StoreError(
            f"{path} has no predictions of {', '.join(missing)}: it belongs to other settings. "
            "Score the study again: samefeatures score"
        )
    return columns


def _columns(raw: bytes, names: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    """Those that are there, (n,) each."""
    if _is_sealed(raw):
        table = read_parquet(io.BytesIO(raw)).read_all()
        there = [name for name in names if name in table.column_names]
        return {name: _checked(name, table[name]) for name in there}
    packed = apart("samefeatures.study.unsealed", *names, data=raw, seconds=SECONDS)
    arrays = np.load(io.BytesIO(packed), allow_pickle=False)
    return {name: _checked(name, arrays[name]) for name in arrays.files}


def _checked(name: str, column: Any) -> npt.NDArray[Any]:
    """(n,) of a column, or of what it was made into."""
    if name == "id":
        ids = column.tolist() if isinstance(column, np.ndarray) else column.to_pylist()
        if not all(isinstance(each, str) for each in ids):
            raise FileError("an id in it is no text")
        return np.array(ids, dtype=object)
    values: npt.NDArray[Any] = column if isinstance(column, np.ndarray) else column.to_numpy()
    if values.dtype.kind != "i":
        raise FileError(f"its column '{name}' is {values.dtype}, no whole numbers")
    return values
