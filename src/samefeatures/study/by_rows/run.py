"""Maps at every number of rows: judged once, and kept until something changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from samefeatures.algebra import Algebra, Precision
from samefeatures.base.digests import digest
from samefeatures.base.kept_records import keep_record, kept_record, let_others_go
from samefeatures.base.progress import Progress
from samefeatures.features.nests import places_of
from samefeatures.features.rows import FeatureRows, held
from samefeatures.joint.nested import nested_moments
from samefeatures.maps import SourceProblem
from samefeatures.study.by_rows.answers import AnswerSpaces
from samefeatures.study.by_rows.judge import Judge, MapOfRows
from samefeatures.study.by_rows.medians import Place, Tables
from samefeatures.study.methods import MethodConfig

VERSION = 1
"""Raised whenever a number comes out in another way."""
HELD_BYTES = 2**30
"""Rows of one side that are kept in memory while they are read again and again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a file holds."""

    maps: tuple[MapOfRows, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ByRowsInputs:
    """A study, as far as it is needed.

    Attributes:
        judge: Networks, eval rows and their moments.
        fit: (n, d) fit rows of each network.
        methods: That are followed.
        keys: Everything that decides the maps of each method, by its label.
        sizes: Rising numbers of rows.
        seeds: Orders of the images.
        beyond: Whether R² beyond answers is taken.
        folder: Of the study.
        precision: Of the products between networks.
        algebra: Where products run.
        progress: Shows how far it is.
    """

    judge: Judge
    fit: Mapping[str, FeatureRows]
    methods: Sequence[MethodConfig]
    keys: Mapping[str, str]
    sizes: Sequence[int]
    seeds: int
    beyond: bool
    folder: Path
    precision: Precision
    algebra: Algebra
    progress: Progress

    @property
    def rows(self) -> int:
        """Of the fit set."""
        return len(next(iter(self.fit.values())))

    @property
    def places(self) -> Iterator[Place]:
        """All tables; with all rows one seed is like the other."""
        for entry in self.methods:
            for rows in self.sizes:
                for seed in range(self.seeds if rows < self.rows else 1):
                    yield Place(method=entry.label, rows=rows, seed=seed)

    def ids(self) -> Sequence[str] | int:
        """Of the fit rows, or how many there are."""
        known = (part.ids for part in self.fit.values() if part.ids is not None)
        return next(known, self.rows)


def tables_by_rows(inputs: ByRowsInputs) -> Tables:
    """All tables, from ``curve/`` in the study's folder as far as they are there."""
    folder = inputs.folder / "curve"
    basis = _basis(inputs)
    paths = {p: folder / f"{_key(inputs, basis, p)[:16]}.json" for p in inputs.places}
    found = {place: kept_record(Kept, path) for place, path in paths.items()}
    missing = [place for place, kept in found.items() if kept is None]
    if missing:
        for place, maps in _made(inputs, missing):
            found[place] = Kept(maps=maps)
            keep_record(Kept(maps=maps), paths[place])
    let_others_go(paths.values(), folder=folder, within=inputs.folder)
    return {place: kept.maps for place, kept in found.items() if kept is not None}


def _basis(inputs: ByRowsInputs) -> str:
    """What decides all tables alike: the eval rows, their labels, and what the order hangs on."""
    labels, ids = inputs.judge.labels, inputs.ids()
    return digest(
        str(VERSION),
        *(part.fingerprint for part in inputs.judge.rows.values()),
        b"" if labels is None else labels.tobytes(),
        str(ids) if isinstance(ids, int) else digest(*ids),
        f"beyond answers: {inputs.beyond}",
    )


def _key(inputs: ByRowsInputs, basis: str, place: Place) -> str:
    """Everything that decides a table."""
    return digest(basis, inputs.keys[place.method], f"{place.rows} {place.seed}")


def _made(
    inputs: ByRowsInputs, missing: Sequence[Place]
) -> Iterator[tuple[Place, tuple[MapOfRows, ...]]]:
    """Tables as they get done, seed after seed, each from few rows to many."""
    steps = {(place.seed, place.rows) for place in missing}
    advance = inputs.progress.task("how many images", len(steps) * len(inputs.fit))
    fit = held(inputs.fit, HELD_BYTES)
    answers = None
    if inputs.beyond:
        answers = AnswerSpaces.of(
            inputs.judge.networks,
            fit,
            inputs.judge.rows,
            inputs.judge.moments,
            algebra=inputs.algebra,
        )
    entries = {entry.label: entry.build() for entry in inputs.methods}
    for seed in sorted({seed for seed, _ in steps}):
        mine = [place for place in missing if place.seed == seed]
        # Those that are there are summed too: a run that was stopped adds up in the same steps.
        sizes = [n for n in inputs.sizes if n <= max(place.rows for place in mine)]
        nests = nested_moments(
            list(fit.values()),
            places_of(inputs.ids(), seed=seed),
            sizes,
            beside=answers.beside if answers else None,
            precision=inputs.precision,
            algebra=inputs.algebra,
        )
        for rows, nest in zip(sizes, nests, strict=True):
            done: dict[Place, list[MapOfRows]] = {p: [] for p in mine if p.rows == rows}
            for source in inputs.fit if done else ():
                problem = SourceProblem(
                    source, inputs.judge.networks, nest.networks, algebra=inputs.algebra
                )
                left = answers.left(nest, source, algebra=inputs.algebra) if answers else None
                for place, maps in done.items():
                    maps.extend(inputs.judge.maps(entries[place.method], problem, left))
                advance(1)
            for place, maps in done.items():
                yield place, tuple(maps)
