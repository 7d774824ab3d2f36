"""Moments of stored features, checkpointed so that hours of work survive a kill."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from samefeatures.data.imageset import digest
from samefeatures.features.rows import FeatureRows, joint_chunks
from samefeatures.files import writing
from samefeatures.moments import Moments
from samefeatures.progress import Progress

CHUNK_BYTES = 2**28
CHECKPOINT_SECONDS = 120.0


def moments_key(parts: Sequence[FeatureRows]) -> str:
    """Changes whenever the moments of these features could change."""
    return digest(*(f"{part.name} {part.dim} {part.fingerprint}" for part in parts))


def chunk_rows(total_dim: int) -> int:
    """Rows per update: 256 MB of float64, at least 256 rows, so that products stay efficient."""
    return min(8192, max(256, CHUNK_BYTES // (8 * total_dim)))


def kept_moments(parts: Sequence[FeatureRows], folder: Path, *, kind: str) -> Moments | None:
    """Finished moments of these rows, if they are there."""
    finished = _finished(parts, folder, kind)
    return Moments.load(finished) if finished.exists() else None


def keep_moments(
    moments: Moments, parts: Sequence[FeatureRows], folder: Path, *, kind: str
) -> None:
    """Save finished moments, and remove those of other features, and checkpoints."""
    finished = _finished(parts, folder, kind)
    with writing(finished):
        folder.mkdir(parents=True, exist_ok=True)
        moments.save(finished)
        for stale in folder.glob(f"{kind}-*"):
            if stale != finished:
                stale.unlink(missing_ok=True)


def _finished(parts: Sequence[FeatureRows], folder: Path, kind: str) -> Path:
    return folder / f"{kind}-{moments_key(parts)[:16]}.npz"


def accumulate(
    parts: Sequence[FeatureRows], folder: Path, *, kind: str, progress: Progress
) -> Moments:
    """Moments of all rows, from ``folder/KIND-KEY.npz`` if they are there.

    A run that was stopped goes on from its last checkpoint, in the same chunks, so that the
    result is the same to the bit.
    """
    kept = kept_moments(parts, folder, kind=kind)
    if kept is not None:
        return kept
    checkpoint = _finished(parts, folder, kind).with_suffix(".checkpoint.npz")
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    if checkpoint.exists():
        moments = Moments.load(checkpoint)
    else:
        moments = Moments([part.name for part in parts], [part.dim for part in parts])
    advance = progress.task(f"moments of the {kind} set", len(parts[0]))
    advance(moments.n)
    seen, saved_at = 0, time.monotonic()
    for blocks in joint_chunks(parts, chunk_rows(sum(moments.dims))):
        seen += len(blocks[0])
        if seen <= moments.n:
            continue
        moments.update(*blocks)
        advance(len(blocks[0]))
        if time.monotonic() - saved_at > CHECKPOINT_SECONDS:
            with writing(checkpoint):
                moments.save(checkpoint)
            saved_at = time.monotonic()
    keep_moments(moments, parts, folder, kind=kind)
    return moments
