"""Read the IDX files in which MNIST and its successors are published."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import numpy.typing as npt

from samefeatures.base.errors import DataError


def read_idx(path: Path) -> npt.NDArray[np.uint8]:
    """An array from a gzipped IDX file of unsigned bytes: images (n, h, w), or labels (n,).

    Raises:
        DataError: when the file is missing or is not such a file.
    """
    try:
        raw = gzip.decompress(path.read_bytes())
        if raw[:3] != b"\0\0\x08":
            raise ValueError("it does not start as an IDX file of unsigned bytes does")
        rank = raw[3]
        shape = np.frombuffer(raw, ">u4", count=rank, offset=4)
        return np.frombuffer(raw, np.uint8, offset=4 + 4 * rank).reshape(shape)
    except FileNotFoundError:
        raise DataError(
            f"There is no file {path}. Fashion-MNIST's four .gz files belong in that folder; "
            "Debian's package dataset-fashion-mnist brings them."
        ) from None
    except (OSError, EOFError, ValueError) as error:
        raise DataError(
            f"{path} can't be read ({error}). Fetch the file again: it may be cut short."
        ) from None
