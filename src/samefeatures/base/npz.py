"""NumPy files of plain arrays: written whole, read without trust; nothing in them is unpickled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from samefeatures.base.errors import SamefeaturesError, did_you_mean, first_line
from samefeatures.base.partial import whole_file


def read_npz(
    path: Path,
    required: Sequence[str],
    *,
    optional: Sequence[str] = (),
    refused: type[SamefeaturesError],
    damaged: type[SamefeaturesError],
) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a ``.npz``, of any shapes (…), by name.

    Args:
        path: The file.
        required: Names that it must have.
        optional: Names that it may have; others are refused.
        refused: Raised when there is no such file, or its arrays are not those.
        damaged: Raised when it is cut short, something else, or holds pickled objects.
    """
    known, place = (*required, *optional), ""
    try:
        with path.open("rb") as raw:
            file = np.load(raw, allow_pickle=False)
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise ValueError("it holds a single array, as numpy.save writes it")
            unknown = [key for key in file.files if key not in known]
            if unknown:
                raise refused(
                    f"{path} holds the unknown array '{unknown[0]}'. "
                    f"{did_you_mean(unknown[0], known)}Known: {', '.join(known)}."
                )
            arrays = {}
            for key in file.files:
                place = f"'{key}': "
                arrays[key] = file[key]
                if not isinstance(arrays[key], np.ndarray):  # NumPy gives other files as bytes
                    raise ValueError("no array")
    except FileNotFoundError:
        raise refused(f"There is no file at {path}. Check the path.") from None
    except (SamefeaturesError, MemoryError):
        raise
    except Exception as error:  # of NumPy, zipfile, zlib and tokenize
        raise damaged(
            f"{path} is cut short or is no .npz of plain arrays ({place}{error}). Write it with "
            "numpy.savez; pickled objects are not loaded, since they can run any code."
        ) from None
    missing = [key for key in required if key not in arrays]
    if missing:
        raise refused(
            f"{path} lacks {', '.join(missing)}; it has {', '.join(arrays) or 'nothing'}. It needs "
            f"{', '.join(required)}."
        )
    return arrays


def write_npz(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write arrays of any shapes (…) uncompressed, whole or not at all.

    Raises:
        OSError: as the system says; see ``writing``.
    """
    with whole_file(path) as file:
        np.savez(file, allow_pickle=False, **arrays)


def load_npz(path: Path, names: Sequence[str] | None = None) -> dict[str, npt.NDArray[Any]]:
    """The arrays, of any shapes (…), of a file that ``write_npz`` wrote.

    Args:
        path: The file.
        names: Of the arrays that are read; all of them if left out.

    Raises:
        OSError: as the system says.
        ValueError: when it is cut short, altered, or something else; whatever else can go wrong
            inside NumPy and zipfile becomes this.
    """
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            return {name: file[name] for name in (file.files if names is None else names)}
    except (OSError, MemoryError):
        raise
    except Exception as error:  # of NumPy, zipfile, zlib and tokenize
        raise ValueError(first_line(error)) from None
