"""One way to make a key of many parts."""

from __future__ import annotations

import hashlib


def digest(*parts: str | bytes) -> str:
    """SHA-256 in hex over the parts, each preceded by its length so that boundaries count."""
    state = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        state.update(len(data).to_bytes(8, "little"))
        state.update(data)
    return state.hexdigest()
