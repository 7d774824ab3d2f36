"""Overlaps of a scored study, with thumbnails of what a map fixes and breaks.

The only stage after scoring that reads images again; what it leaves is all that the report shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from samefeatures.base.errors import ConfigError, StoreError
from samefeatures.base.options import check_known
from samefeatures.base.progress import Progress, Silent
from samefeatures.gallery.thumbnails import Picture, thumbnails
from samefeatures.scores.overlap import (
    Overlap,
    Predicted,
    Shown,
    load_overlaps,
    remove_overlap,
    save_overlap,
)
from samefeatures.study.data_config import DataConfig
from samefeatures.study.predictions import read_predictions
from samefeatures.study.results import StudyResults

PER_LIST = 48
"""Fixed images, and broken ones, that a gallery shows of each direction."""


@dataclass(frozen=True, slots=True)
class Made:
    """Both directions of a pair, where their lists lie, and what could not be shown."""

    overlaps: tuple[Overlap, Overlap]
    folders: tuple[Path, Path]
    warnings: tuple[str, ...]


def make_overlaps(
    data: DataConfig | None,
    results: StudyResults,
    *,
    out: Path,
    base: Path,
    source: str,
    target: str,
    method: str,
    images: int = PER_LIST,
    asked: bool = True,
    progress: Progress | None = None,
) -> Made:
    """Count, list and picture the overlap of two networks in both directions.

    Reads ``predictions.parquet`` and, for the thumbnails, the eval images; no network is loaded.
    An image that can't be read any more is shown as a placeholder with the reason, and warned of.

    Args:
        data: Of the study; says where the eval images are. None where features came from files.
        results: Of the scored study.
        out: Its folder.
        base: Where relative paths of the config start.
        images: At most this many fixed images, and as many broken ones, for each direction.
        asked: Whether somebody asked for this pair, so that later runs keep it up to date.

    Raises:
        ConfigError: when the study has no such method or network, or ``images`` is negative.
        StoreError: when the predictions can't be read, or the folder can't be written.
    """
    _check(results, method, source, target, images)
    pairs = [read_pair(out, method, a, b) for a, b in ((source, target), (target, source))]
    chosen = [_choose(pair, images) for pair in pairs]
    wanted = {shown.id for gallery in chosen for shown in gallery}
    pictures = thumbnails(data, base, wanted, progress=progress or Silent())
    galleries = [[_with_picture(shown, pictures) for shown in gallery] for gallery in chosen]
    overlaps = [
        pair.overlap(gallery, images=images, asked=asked)
        for pair, gallery in zip(pairs, galleries, strict=True)
    ]
    for overlap in overlaps:
        _check_counts(overlap, results, out)
    folders = [save_overlap(o, pair, out) for o, pair in zip(overlaps, pairs, strict=True)]
    return Made(
        (overlaps[0], overlaps[1]), (folders[0], folders[1]), tuple(_warnings(pictures, wanted))
    )


def telling_pair(results: StudyResults) -> tuple[str, str, str] | None:
    """(method, source, target) to show where nobody asked: the paper's case.

    Of the first method that fits maps to images, the hybrid with the greatest net gain over its
    target (or least loss); the first of equals. None in a study without hybrids.
    """
    names = [m.name for m in sorted(results.methods, key=lambda m: m.uses != "images")]
    cells = (c for c in results.cells if c.method in names[:1] and c.source != c.target)
    hybrids = [cell for cell in cells if cell.scored]
    if not hybrids:
        return None
    best = max(hybrids, key=lambda cell: cell.turned[0] - cell.turned[1])
    return best.method, best.source, best.target


def refresh_overlaps(
    data: DataConfig | None,
    results: StudyResults,
    *,
    out: Path,
    base: Path,
    progress: Progress | None = None,
) -> tuple[str, ...]:
    """Overlaps of a study that was just scored: those that were asked for, and the telling pair.

    A pair that was the most telling one before, and that nobody asked for, is removed. Arguments
    are as in ``make_overlaps``.

    Returns:
        Warnings.
    """
    wanted: dict[tuple[str, frozenset[str]], Overlap | None] = {}
    for old in load_overlaps(out):
        if not old.asked:
            remove_overlap(old, out)
        elif results.find(old.method, old.source, old.target):
            wanted.setdefault((old.method, frozenset((old.source, old.target))), old)
    telling = telling_pair(results)
    if telling:
        wanted.setdefault((telling[0], frozenset(telling[1:])), None)
    warnings: list[str] = []
    for (method, ends), old_or_none in wanted.items():
        source, target = sorted(ends)
        made = make_overlaps(
            data,
            results,
            out=out,
            base=base,
            source=source,
            target=target,
            method=method,
            images=old_or_none.images if old_or_none else PER_LIST,
            asked=old_or_none is not None,
            progress=progress,
        )
        warnings += made.warnings
    return tuple(warnings)


def read_pair(out: Path, method: str, source: str, target: str) -> Predicted:
    """Predictions of one direction from the folder of a scored study.

    Raises:
        StoreError: when they are not there.
    """
    columns = ["id", "label", f"own/{source}", f"own/{target}", f"{method}/{source}/{target}"]
    found = read_predictions(out / "predictions.parquet", columns)
    ids, labels, source_says, target_says, hybrid_says = (found[name] for name in columns)
    return Predicted(
        method=method,
        source=source,
        target=target,
        ids=ids.tolist(),
        labels=labels,
        source_says=source_says,
        target_says=target_says,
        hybrid_says=hybrid_says,
    )


def _check(results: StudyResults, method: str, source: str, target: str, images: int) -> None:
    names = [network.name for network in results.networks]
    methods = [entry.name for entry in results.methods]
    for what, value, known in (
        ("method", method, methods),
        ("network", source, names),
        ("network", target, names),
    ):
        check_known(value, known, f"The scored study has no {what}", ConfigError)
    if source == target:
        raise ConfigError(
            f"{source} and {target} are the same network; an overlap needs two. Name two networks."
        )
    if images < 0:
        raise ConfigError(f"images is {images}; it must be at least 0.")
    cells = results.table(method)
    for pair in ((source, target), (target, source)):
        if pair in cells and not cells[pair].scored:
            raise ConfigError(
                f"An overlap counts right answers both ways, and in {pair[0]} → {pair[1]} there "
                f"are none: {pair[1]} has no head, or the eval set no labels. Name two others."
            )


def _check_counts(overlap: Overlap, results: StudyResults, out: Path) -> None:
    """The predictions must be those that the results count."""
    cell = results.table(overlap.method)[overlap.source, overlap.target]
    scored = (cell.n, cell.correct, cell.fixed, cell.broken)
    found = (overlap.n, overlap.correct("hybrid"), overlap.count("fixed"), overlap.count("broken"))
    if scored != found:
        raise StoreError(
            f"{out / 'predictions.parquet'} is not what study.json counts: of {overlap.method}, "
            f"{overlap.source} → {overlap.target}, it has images, right, fixed and broken {found}, "
            f"the results {scored}. Score the study again: samefeatures score"
        )


def _choose(pair: Predicted, images: int) -> list[Shown]:
    """Fixed images, then broken ones, spread over the classes, each class in the set's order."""
    out = []
    for kind in ("fixed", "broken"):
        places = spread(np.flatnonzero(pair.inside(kind)), pair.labels, images)
        out += [
            Shown(
                id=pair.ids[i],
                kind=kind,
                label=int(pair.labels[i]),
                source_says=int(pair.source_says[i]),
                target_says=int(pair.target_says[i]),
                hybrid_says=int(pair.hybrid_says[i]),
            )
            for i in places
        ]
    return out


def spread(places: npt.NDArray[np.int64], labels: npt.NDArray[np.int64], count: int) -> list[int]:
    """At most ``count`` of the places: the first of every class, then the second, and so on.

    Where not all classes can have another one, those that do are spread evenly over the classes.

    Args:
        places: (k,) rows to choose from, in order.
        labels: (n,) classes of all rows.
        count: At most.
    """
    rounds: dict[int, list[tuple[int, int]]] = {}
    seen: dict[int, int] = {}
    for place in places.tolist():
        label = int(labels[place])
        seen[label] = seen.get(label, 0) + 1
        rounds.setdefault(seen[label], []).append((label, place))
    kept: list[tuple[int, int]] = []
    for found in rounds.values():  # the first round has the first of every class
        left, entries = count - len(kept), sorted(found)
        if left >= len(entries):
            kept += entries
        else:
            kept += [entries[i * len(entries) // left] for i in range(left)]
    return [place for _, place in sorted(kept)]


def _with_picture(shown: Shown, pictures: Mapping[str, Picture]) -> Shown:
    none = Picture(problem="the study knows features alone, no images")
    found = pictures.get(shown.id, none)
    return replace(shown, picture=found.uri, problem=found.problem)


def _warnings(pictures: Mapping[str, Picture], wanted: set[str]) -> Iterator[str]:
    missing = sorted((name, pictures[name].problem) for name in wanted & set(pictures))
    missing = [(name, problem) for name, problem in missing if problem]
    if missing:
        name, problem = missing[0]
        yield (
            f"{len(missing)} of {len(wanted)} images of the gallery could not be read and are "
            f"shown as placeholders; the first is {name}: {problem}"
        )
