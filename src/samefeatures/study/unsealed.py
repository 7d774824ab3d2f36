"""Parquet without a checksum, in a process of its own: of some damage Arrow ends the process.

python -m samefeatures.study.unsealed COLUMN … < predictions.parquet > columns.npz
"""

from __future__ import annotations

import io
import sys

import numpy as np
from arro3.io import read_parquet


def main() -> None:
    """Columns of the input as arrays; those that are not there are left out."""
    table = read_parquet(io.BytesIO(sys.stdin.buffer.read())).read_all()
    found = {}
    for name in sys.argv[1:]:
        if name in table.column_names:
            column = table[name]
            text = name == "id"
            found[name] = np.array(column.to_pylist(), str) if text else column.to_numpy()
    packed = io.BytesIO()
    np.savez(packed, allow_pickle=False, **found)
    sys.stdout.buffer.write(packed.getvalue())


if __name__ == "__main__":
    main()
