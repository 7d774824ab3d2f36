"""Moments straight from extraction: with ``store: false`` no feature of the fit side is kept."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import accumulate, pairwise
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from samefeatures.algebra import Algebra
from samefeatures.base.arrays import Bool, Float32
from samefeatures.base.digests import digest
from samefeatures.base.errors import ConfigError
from samefeatures.base.files import writing
from samefeatures.base.progress import Advance, Progress
from samefeatures.features.agreement import unreadable
from samefeatures.features.crops import Work
from samefeatures.features.extract import Computed, computed_chunks
from samefeatures.features.key import feature_key, rows_fingerprint
from samefeatures.features.rates import Meter
from samefeatures.features.rows import regroup
from samefeatures.features.store import images_per_chunk
from samefeatures.moments.journal import Journal, Position
from samefeatures.moments.kept import chunk_rows, clear_old, moments_key
from samefeatures.moments.record import Moments
from samefeatures.moments.sums import Accumulator, accumulator
from samefeatures.study.config import StudyConfig
from samefeatures.study.inputs import StudyInputs, feature_file_networks
from samefeatures.study.prints import directions, load_prints, save_prints
from samefeatures.study.runner import extract_options, keep_rates
from samefeatures.study.sides import Side, data_summary
from samefeatures.study.streamed_rows import StreamedRows

CHECKPOINT_SECONDS = 120.0


class Stream:
    """The fit side of a study with ``store: false``: extracted once, into moments.

    Chunks, their order and the rows of an update are those of a study that stores its features, so
    that the moments are the same to the bit. A run that was stopped goes on from its last
    checkpoint: moments of the first n rows, and a journal of how many rows each chunk of images
    gave, from which the place of row n follows.

    Args:
        config: Batch size, threads, strictness, precision.
        inputs: Networks and fit images.
        folder: For moments, checkpoint and journal; rates go beside it.
        algebra: Where products run.
        progress: Shows how far it is.
        meter: Keeps rates, and the batch sizes that were found on other sets.

    Raises:
        ConfigError: when a network's features come from a file.
    """

    def __init__(
        self,
        config: StudyConfig,
        inputs: StudyInputs,
        *,
        folder: Path,
        algebra: Algebra,
        progress: Progress,
        meter: Meter,
    ) -> None:
        for network in feature_file_networks(inputs):
            raise ConfigError(
                f"networks: {network.name} brings its features from a file, so that "
                "'store: false' would save nothing. Leave 'store' out."
            )
        self._networks = inputs.image_networks
        self._parts = inputs.fit
        self._options = extract_options(config)
        self._precision = config.algebra.precision
        self._algebra = algebra
        self._progress = progress
        self._meter = meter
        self._folder = folder
        self._key = moments_key(self.identities(), self._precision)[:16]

    def identities(self, journal: Journal | None = None) -> list[StreamedRows]:
        """What the rows of every network would be known by, had they been stored."""
        left_out = journal.left_out if journal else [{} for _ in self._parts]
        rows = journal.rows if journal else 0
        out = []
        for net in self._networks:
            prints = [
                rows_fingerprint(feature_key(net, part.images, part.views).digest, gone)
                for part, gone in zip(self._parts, left_out, strict=True)
            ]
            joined = prints[0] if len(prints) == 1 else digest(*prints)
            out.append(StreamedRows(name=net.name, dim=net.dim, fingerprint=joined, rows=rows))
        return out

    def side(self) -> Side:
        """The fit side, after all of it has gone into moments."""
        journal = self._complete()
        rows = self.identities(journal)
        summary = data_summary(self._parts, journal.left_out, rows[0])
        return Side({each.name: each for each in rows}, summary, load_prints(self._prints))

    def done(self) -> float:
        """The share of the rows that the next run need not compute; nothing is computed."""
        kept = Journal.read(self._journal, self._layout())
        if kept is None:
            return 0.0
        if self._finished.exists() and kept.is_whole:
            return 1.0
        n = _rows_in(self._checkpoint)
        return n / self._total if kept.position(n) else 0.0

    def moments(self) -> Moments:
        """Of all rows, taken if need be."""
        self._complete()
        return Moments.load(self._finished)

    @property
    def _total(self) -> int:
        """Rows, if every image can be read."""
        return sum(part.rows for part in self._parts)

    @property
    def _finished(self) -> Path:
        return self._folder / f"fit-{self._key}.npz"

    @property
    def _checkpoint(self) -> Path:
        return self._folder / f"fit-{self._key}.checkpoint.npz"

    @property
    def _prints(self) -> Path:
        return self._folder / f"prints-{self._key}.npz"

    @property
    def _journal(self) -> Path:
        return self._folder / f"fit-{self._key}.journal.json"

    def _complete(self) -> Journal:
        """The journal of a finished pass; the pass itself when there is none."""
        kept = Journal.read(self._journal, self._layout())
        if kept is None or not (self._finished.exists() and kept.is_whole):
            kept = self._run(kept)
        if self._options.strict:
            for reasons in kept.left_out:
                for name, reason in reasons.items():
                    raise unreadable(name, reason)
        return kept

    def _layout(self) -> list[tuple[int, int]]:
        """Chunks of each part, and images in one."""
        out = []
        for part in self._parts:
            per_chunk = images_per_chunk(part.views)
            out.append((-(-len(part.images) // per_chunk), per_chunk))
        return out

    def _run(self, kept: Journal | None) -> Journal:
        with writing(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
        start = Moments([net.name for net in self._networks], [net.dim for net in self._networks])
        journal = kept or Journal.empty(self._layout())
        place = Position(0, 0, 0)
        if self._checkpoint.exists() and kept is not None:
            found = Moments.load(self._checkpoint)
            at = journal.position(found.n)
            if at is not None:
                start, place = found, at
        journal.forget_after(place)
        sums = accumulator(start, precision=self._precision, algebra=self._algebra)
        title = "fit: moments, features not kept"
        advance = self._progress.task(title, self._total, rate=self._rates)
        advance(sums.n)
        prints = self._sum(sums, journal, place, advance)
        keep_rates(self._meter, self._folder.parent)
        with writing(self._finished):
            journal.save(self._journal)
            save_prints(prints, self._prints)
            sums.moments().save(self._finished)
            clear_old(self._folder, "fit", but=[self._finished, self._journal])
            clear_old(self._folder, "prints", but=[self._prints])
        return journal

    def _rates(self) -> str:
        """Of the slowest network: the others wait for it."""
        speeds = {name: rate.speed for name, rate in self._meter.rates.items() if rate.speed}
        slowest = min(speeds, key=speeds.__getitem__, default=None)
        return f"{slowest}: {self._meter.words(slowest)}" if slowest else ""

    def _sum(
        self, sums: Accumulator, journal: Journal, place: Position, advance: Advance
    ) -> list[Float32]:
        """All rows from ``place`` on; a checkpoint every two minutes. Returns the prints of all."""
        dims = [net.dim for net in self._networks]
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
        for p, (count, per_chunk) in enumerate(self._layout()):
            first = place.chunk if p == place.part else 0
            if p < place.part or first >= count:
                continue
            part = self._parts[p]
            lacking = [set(range(first, count)) for _ in self._networks]
            work = Work(self._networks, lacking, part.images, part.views)
            found: list[Computed] = []
            for done in computed_chunks(work, per_chunk, options=self._options, meter=self._meter):
                found.append(done)
                if len(found) < len(self._networks):
                    continue
                ids = part.images.ids[done.chunk * per_chunk : (done.chunk + 1) * per_chunk]
                keep = _readable(done, len(ids))
                reasons = {ids[i]: reason for i, reason in done.problems.items()}
                journal.note(p, done.chunk, int(keep.sum()), reasons)
                skip = place.skip if (p, done.chunk) == (place.part, place.chunk) else 0
                yield np.concatenate([each.features[keep] for each in found], axis=1)[skip:]
                found = []


def _rows_in(checkpoint: Path) -> int:
    """Of saved moments, without reading the rest of them; 0 where there are none."""
    try:
        with np.load(checkpoint, allow_pickle=False) as file:
            return int(file["n"])
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return 0


def _readable(done: Computed, images: int) -> Bool:
    """(rows,) False where the image could not be read."""
    keep = np.ones(images, np.bool_)
    keep[list(done.problems)] = False
    return np.repeat(keep, len(done.features) // images)
