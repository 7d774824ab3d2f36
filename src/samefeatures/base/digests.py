"""One way to make a key of many parts."""

from __future__ import annotations

import hashlib
from pathlib import Path


def digest(*parts: str | bytes | Path) -> str:
    """SHA-256 in hex over the parts, each preceded by its length so that boundaries count.

    A path stands for the bytes of its file.
    """
    state = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            state.update(part.stat().st_size.to_bytes(8, "little"))
            with part.open("rb") as file:
                while piece := file.read(2**24):
                    state.update(piece)
            continue
        data = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        state.update(len(data).to_bytes(8, "little"))
        state.update(data)
    return state.hexdigest()
