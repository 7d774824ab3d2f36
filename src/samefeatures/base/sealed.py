"""JSON records of ours on disk: sealed with a checksum over all that they say.

The key ``sha256`` holds the digest of the other keys, in sorted order, as JSON. Records of earlier
versions have none and are checked by their fields alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from samefeatures.base.border import border
from samefeatures.base.digests import digest
from samefeatures.base.documents import read_json
from samefeatures.base.errors import FileError
from samefeatures.base.files import write_whole

SEAL = "sha256"


def sealed(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record with its seal, the last key."""
    return {**record, SEAL: _digest(record)}


def unsealed(found: Any) -> dict[str, Any]:
    """The record without its seal, which is checked where there is one.

    Raises:
        FileError: when it is no object, or not what was written.
    """
    if not isinstance(found, dict):
        raise FileError(f"it holds {type(found).__name__}, not keys")
    record = {key: value for key, value in found.items() if key != SEAL}
    if SEAL in found and found[SEAL] != _digest(record):
        raise FileError("it is not what was written: its checksum is another")
    return record


def write_sealed(path: Path, record: Mapping[str, Any]) -> None:
    """Write a record of plain values whole or not at all.

    Raises:
        OSError: as the system says; see ``writing``.
    """
    write_whole(path, (json.dumps(sealed(record), indent=1) + "\n").encode())


def read_sealed(path: Path) -> dict[str, Any]:
    """What ``write_sealed`` wrote.

    Raises:
        NoFileError: when there is none.
        FileError: when it is not what was written.
    """
    with border():
        return unsealed(read_json(path, finite=False))


def _digest(record: Mapping[str, Any]) -> str:
    # As it comes back: tuples are lists then, keys are text.
    return digest(json.dumps(json.loads(json.dumps(record)), sort_keys=True))
