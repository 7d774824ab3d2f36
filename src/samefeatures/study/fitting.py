"""From moments to maps: what is missing of every method is fitted and saved, source by source."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from samefeatures.algebra import Algebra
from samefeatures.base.progress import Progress
from samefeatures.features.rows import FeatureRows
from samefeatures.joint.record import Moments
from samefeatures.maps import SourceProblem
from samefeatures.maps.canonical.solve import CanonicalSpaces
from samefeatures.maps.heads import HeadInverses
from samefeatures.networks.record import Network
from samefeatures.study.map_files import MapFiles
from samefeatures.study.methods import MethodConfig


def fit_maps(
    methods: Sequence[MethodConfig],
    keys: Mapping[str, str],
    files: MapFiles,
    *,
    networks: Mapping[str, Network],
    rows: Mapping[str, FeatureRows],
    moments: Callable[[], Moments],
    folds: Callable[[int], Sequence[Moments]],
    algebra: Algebra,
    progress: Progress,
) -> None:
    """All maps of all methods, each kept as soon as it is fitted.

    Args:
        methods: Of the study.
        keys: What decides the maps of each, by label.
        files: Where they lie; those of other keys are removed.
        networks: By name, in the order of the study.
        rows: (n, d) fit rows of each, for methods that moments are not enough for.
        moments: Takes those of the same rows; not called when no map is missing.
        folds: Takes those of so many folds of them; not called for methods that read none.
        algebra: Where factorisations and products run.
        progress: Shows how far it is.
    """
    todo = {entry.label: files.missing(entry, keys[entry.label]) for entry in methods}
    total = sum(map(len, todo.values()))
    if total == 0:
        return
    advance = progress.task("fit maps", total)
    heads = HeadInverses(networks, algebra=algebra)
    built = {entry.label: entry.build() for entry in methods if todo[entry.label]}
    counts = {method.needs_folds for method in built.values()} - {0}
    by_fold = {count: folds(count) for count in sorted(counts)}  # first: all rows are their sum
    taken = moments()
    prints = {name: network.fingerprint for name, network in networks.items()}
    spaces = CanonicalSpaces(taken, prints, algebra=algebra)
    for source in networks:
        problem = SourceProblem(
            source,
            networks,
            taken,
            rows=rows,
            algebra=algebra,
            heads=heads,
            canonical=spaces,
            progress=progress,
        )
        for entry in methods:
            targets = [b for a, b in todo[entry.label] if a == source]
            if not targets:  # nothing is factorised for nothing
                continue
            method = built[entry.label]
            kept = problem.keeping(files.checkpoint_path(entry.label, source))
            kept = kept.with_folds(by_fold.get(method.needs_folds, ()))
            for fitted in method.fit(kept, targets):
                files.keep(entry.label, fitted)
                advance(1)
