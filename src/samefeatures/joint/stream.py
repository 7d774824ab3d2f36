"""Moments of rows that are computed once, and not kept."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import accumulate, pairwise
from pathlib import Path

from samefeatures.algebra import Algebra, Precision
from samefeatures.base.arrays import Float32
from samefeatures.base.border import kept_or_none
from samefeatures.base.files import writing
from samefeatures.base.npz import load_npz
from samefeatures.base.progress import Advance, Progress
from samefeatures.features.agreement import unreadable
from samefeatures.features.direct import DirectRows
from samefeatures.features.prints import directions, load_prints, save_prints
from samefeatures.features.rates import keep_rates
from samefeatures.features.rows import regroup
from samefeatures.joint.journal import Journal, Position
from samefeatures.joint.kept import chunk_rows, clear_old, load_moments, moments_key
from samefeatures.joint.record import Moments
from samefeatures.joint.streamed import Streamed, StreamedRows
from samefeatures.joint.sums import Accumulator

CHECKPOINT_SECONDS = 120.0


class Stream:
    """Features that go straight from extraction into moments.

    Chunks, their order and the rows of an update are those of features that are stored first, so
    that the moments are the same to the bit. A run that was stopped goes on from its last
    checkpoint: moments of the first n rows, and a journal of how many rows each chunk of images
    gave, from which the place of row n follows.

    Args:
        source: The rows.
        precision: Of the products.
        folder: For moments, checkpoint and journal; rates go beside it.
        algebra: Where products run.
        progress: Shows how far it is.
    """

    def __init__(
        self,
        source: DirectRows,
        *,
        precision: Precision,
        folder: Path,
        algebra: Algebra,
        progress: Progress,
    ) -> None:
        self._source = source
        self._precision = precision
        self._algebra = algebra
        self._progress = progress
        self._folder = folder
        key = moments_key(self._identities(Journal.empty(source.layout)), precision)[:16]
        self._finished = folder / f"fit-{key}.npz"
        self._checkpoint = folder / f"fit-{key}.checkpoint.npz"
        self._journal = folder / f"fit-{key}.journal.json"
        self._prints = folder / f"prints-{key}.npz"

    def streamed(self) -> Streamed:
        """What is known of the rows, after all of them have gone into moments."""
        journal = self._complete()
        rows = {each.name: each for each in self._identities(journal)}
        return Streamed(rows, journal.left_out, load_prints(self._prints))

    def done(self) -> float:
        """The share of the rows that the next run need not compute; nothing is computed."""
        kept = Journal.read(self._journal, self._source.layout)
        if kept is None:
            return 0.0
        if self._finished.exists() and kept.is_whole:
            return 1.0
        n = _rows_in(self._checkpoint)
        return n / self._source.total if kept.position(n) else 0.0

    def moments(self) -> Moments:
        """Of all rows, taken if need be."""
        while True:
            self._complete()
            found = load_moments(self._finished)
            if found is not None:  # else another process, of other features, has just removed them
                return found

    def _identities(self, journal: Journal) -> list[StreamedRows]:
        """What the rows of every network would be known by, had they been stored."""
        source = self._source
        fingerprints = source.fingerprints(journal.left_out)
        return [
            StreamedRows(name=name, dim=dim, fingerprint=fingerprint, rows=journal.rows)
            for name, dim, fingerprint in zip(source.names, source.dims, fingerprints, strict=True)
        ]

    def _complete(self) -> Journal:
        """The journal of a finished pass; the pass itself when there is none."""
        kept = Journal.read(self._journal, self._source.layout)
        if kept is None or not (self._finished.exists() and kept.is_whole):
            kept = self._run(kept)
        if self._source.strict:
            for reasons in kept.left_out:
                for name, reason in reasons.items():
                    raise unreadable(name, reason)
        return kept

    def _run(self, kept: Journal | None) -> Journal:
        with writing(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
        source = self._source
        start, place = Moments(source.names, source.dims), Position(0, 0, 0)
        journal = kept or Journal.empty(source.layout)
        found = load_moments(self._checkpoint)
        at = journal.position(found.n) if found else None
        if found and at:
            start, place = found, at
        journal.forget_after(place)
        sums = Accumulator(start, precision=self._precision, algebra=self._algebra)
        title = "fit: moments, features not kept"
        advance = self._progress.task(title, source.total, rate=source.rate)
        advance(sums.n)
        prints = self._sum(sums, journal, place, advance)
        keep_rates(source.meter, self._folder.parent)
        with writing(self._finished):
            journal.save(self._journal)
            save_prints(prints, self._prints)
            sums.moments().save(self._finished)
            clear_old(self._folder, "fit", but=[self._finished, self._journal])
            clear_old(self._folder, "prints", but=[self._prints])
        return journal

    def _sum(
        self, sums: Accumulator, journal: Journal, place: Position, advance: Advance
    ) -> list[Float32]:
        """All rows from ``place`` on; a checkpoint every two minutes. Returns the prints of all."""
        dims = self._source.dims
        edges = [0, *accumulate(dims)]
        least = dims.index(min(dims))
        weights, prints = directions(dims[least]), [load_prints(self._prints)[: sums.n]]
        saved_at = time.monotonic()
        for joint in regroup(self._joint_rows(journal, place), chunk_rows(sum(dims))):
            sums.update(*(joint[:, low:high] for low, high in pairwise(edges)))
            prints.append(joint[:, edges[least] : edges[least + 1]] @ weights)
            advance(len(joint))
            if time.monotonic() - saved_at > CHECKPOINT_SECONDS:
                with writing(self._checkpoint):
                    journal.save(self._journal)  # first: it may know more rows than the moments
                    save_prints(prints, self._prints)
                    sums.moments().save(self._checkpoint)
                saved_at = time.monotonic()
        return prints

    def _joint_rows(self, journal: Journal, place: Position) -> Iterator[Float32]:
        """(r, D) readable rows of all networks side by side, chunk by chunk of images."""
        for part, (count, _) in enumerate(self._source.layout):
            first = place.chunk if part == place.part else 0
            if part < place.part or first >= count:
                continue
            for chunk in self._source.chunks(part, first):
                journal.note(part, chunk.number, len(chunk.rows), chunk.left_out)
                here = (part, chunk.number) == (place.part, place.chunk)
                yield chunk.rows[place.skip if here else 0 :]


def _rows_in(checkpoint: Path) -> int:
    """Of saved moments, without reading the rest of them; 0 where there are none."""
    found = kept_or_none(lambda path: int(load_npz(path, ["n"])["n"]), checkpoint)
    return 0 if found is None else found
