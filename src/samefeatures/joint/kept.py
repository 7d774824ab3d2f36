"""Moments of stored features, checkpointed so that hours of work survive a kill."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from samefeatures.algebra import HOST, Algebra, Precision
from samefeatures.base.digests import digest
from samefeatures.base.errors import NoFileError
from samefeatures.base.files import writing
from samefeatures.base.partial import clear_leftovers
from samefeatures.base.progress import Progress
from samefeatures.base.removal import remove
from samefeatures.features.rows import FeatureRows, Identity, joint_chunks
from samefeatures.joint.record import Moments
from samefeatures.joint.sums import Accumulator

CHUNK_BYTES = 2**28
CHECKPOINT_SECONDS = 120.0


def moments_key(parts: Sequence[Identity], precision: Precision = "float64") -> str:
    """Changes whenever the moments of these features could change by more than float64 rounding."""
    said = [f"{part.name} {part.dim} {part.fingerprint}" for part in parts]
    return digest(*said, *([] if precision == "float64" else [f"products {precision}"]))


def chunk_rows(total_dim: int) -> int:
    """Rows per update: 256 MB of float64, at least 256 rows, so that products stay efficient."""
    return min(8192, max(256, CHUNK_BYTES // (8 * total_dim)))


def kept_moments(
    parts: Sequence[FeatureRows], folder: Path, *, kind: str, precision: Precision = "float64"
) -> Moments | None:
    """Finished moments of these rows, if they are there."""
    return load_moments(moments_path(parts, folder, kind, precision))


def keep_moments(
    moments: Moments,
    parts: Sequence[FeatureRows],
    folder: Path,
    *,
    kind: str,
    precision: Precision = "float64",
) -> None:
    """Save finished moments, and remove those of other features, and checkpoints."""
    finished = moments_path(parts, folder, kind, precision)
    with writing(finished):
        folder.mkdir(parents=True, exist_ok=True)
        moments.save(finished)
        clear_old(folder, kind, but=[finished])


def clear_old(folder: Path, kind: str, *, but: Sequence[Path]) -> None:
    """Remove moments of other features, checkpoints, and what killed processes left.

    What another process is writing now is left alone.
    """
    clear_leftovers(folder)
    for ending in ("npz", "json"):
        for old in folder.glob(f"{kind}-*.{ending}"):
            if old not in but:
                remove(old, within=folder.parent)


def load_moments(path: Path) -> Moments | None:
    """What was saved; None where nothing is."""
    try:
        return Moments.load(path)
    except NoFileError:  # not there, or another process has just removed it
        return None


def moments_path(
    parts: Sequence[FeatureRows], folder: Path, kind: str, precision: Precision
) -> Path:
    """Where the finished moments of these rows are kept."""
    return folder / f"{kind}-{moments_key(parts, precision)[:16]}.npz"


def accumulate(
    parts: Sequence[FeatureRows],
    folder: Path,
    *,
    kind: str,
    progress: Progress,
    precision: Precision = "float64",
    algebra: Algebra = HOST,
) -> Moments:
    """Moments of all rows, from ``folder/KIND-KEY.npz`` if they are there.

    A run that was stopped goes on from its last checkpoint, in the same chunks, so that the
    result is the same to the bit.
    """
    kept = kept_moments(parts, folder, kind=kind, precision=precision)
    if kept is not None:
        return kept
    checkpoint = moments_path(parts, folder, kind, precision).with_suffix(".checkpoint.npz")
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    start = load_moments(checkpoint) or Moments(
        [part.name for part in parts], [part.dim for part in parts]
    )
    sums = Accumulator(start, precision=precision, algebra=algebra)
    advance = progress.task(f"moments of the {kind} set", len(parts[0]))
    advance(sums.n)
    seen, saved_at = 0, time.monotonic()
    for blocks in joint_chunks(parts, chunk_rows(sum(start.dims))):
        seen += len(blocks[0])
        if seen <= sums.n:
            continue
        sums.update(*blocks)
        advance(len(blocks[0]))
        if time.monotonic() - saved_at > CHECKPOINT_SECONDS:
            with writing(checkpoint):
                sums.moments().save(checkpoint)
            saved_at = time.monotonic()
    moments = sums.moments()
    keep_moments(moments, parts, folder, kind=kind, precision=precision)
    return moments
