"""The fit side and the eval side of a study: rows of every network on the same images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from samefeatures.base.arrays import Float32, Int64
from samefeatures.base.brief import brief
from samefeatures.base.digests import digest
from samefeatures.base.errors import UnreadableImageError
from samefeatures.features.agreement import left_out_words
from samefeatures.features.rows import ArrayRows, FeatureRows, JoinedRows, check_same_images
from samefeatures.features.stored import StoredFeatures
from samefeatures.images.imageset import image_id
from samefeatures.images.taking import Listed
from samefeatures.joint.stream import Stream
from samefeatures.networks.record import FeatureFile, ImageNetwork
from samefeatures.study.inputs import Part, StudyInputs, feature_file_networks
from samefeatures.study.results import DataSummary, LeftOut
from samefeatures.study.runner import Extractor

Stores = Mapping[str, StoredFeatures]
"""Of one part of an image set, by the name of the network."""


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """Features of every network on one of the two image sets, in the order of the study.

    ``rows`` are by name; row i is the same image for all. Another space that is to be compared is
    one entry more. ``prints`` are (n, 8), see ``shared``, where they were taken while rows passed.
    """

    rows: dict[str, FeatureRows]
    summary: DataSummary
    prints: Float32 | None = None

    def __repr__(self) -> str:
        return brief(self, networks=list(self.rows), rows=self.summary.rows)

    @property
    def ids(self) -> Sequence[str] | None:
        """One a row, from whichever network has them; None where files with features have none."""
        return next((part.ids for part in self.rows.values() if part.ids is not None), None)

    @property
    def labels(self) -> Int64 | None:
        """(n,) class indices, from whichever network's rows carry them; None where none do."""
        return next((part.labels for part in self.rows.values() if part.labels is not None), None)


def fit_side(inputs: StudyInputs, runner: Extractor) -> Side:
    """Rows that maps are fitted on, extracted if need be."""
    return _side(inputs, runner, inputs.fit, kind="fit")


def eval_side(inputs: StudyInputs, runner: Extractor) -> Side:
    """Rows that hybrids are scored on, extracted if need be."""
    return _side(inputs, runner, inputs.eval, kind="eval")


def streamed_side(inputs: StudyInputs, stream: Stream) -> Side:
    """The fit side of a study with ``store: false``, after all of it has gone into moments."""
    found = stream.streamed()
    summary = data_summary(inputs.fit, found.left_out, next(iter(found.rows.values())))
    return Side(dict(found.rows), summary, found.prints)


def rows_of_others(
    inputs: StudyInputs, runner: Extractor, networks: Sequence[ImageNetwork]
) -> tuple[dict[str, FeatureRows], dict[str, FeatureRows]]:
    """Fit rows and eval rows of networks that are not of the study, by name, e.g. for controls.

    Beside those of the study, whose features are there: what they leave out is left out of these
    too, and each image is decoded once.
    """
    if not networks:
        return {}, {}
    all_of_them = [*inputs.image_networks, *networks]
    fit, evaluation = (
        {net.name: _joined(parts, stores, net.name) for net in networks}
        for parts, stores in (
            (parts, [_stores(runner, part, all_of_them, kind) for part in parts])
            for kind, parts in (("fit", inputs.fit), ("eval", inputs.eval))
        )
    )
    return fit, evaluation


def rows_on(
    parts: Sequence[Part], networks: Sequence[ImageNetwork], runner: Extractor, *, kind: str
) -> dict[str, FeatureRows]:
    """Rows of networks on any images, by name, e.g. for tasks; row i is the same image for all."""
    stores = [_stores(runner, part, networks, kind) for part in parts]
    return {net.name: _joined(parts, stores, net.name) for net in networks}


def _side(inputs: StudyInputs, runner: Extractor, parts: Sequence[Part], *, kind: str) -> Side:
    networks = inputs.image_networks
    stores = [_stores(runner, part, networks, kind) for part in parts]
    rows = {net.name: _joined(parts, stores, net.name) for net in networks}
    rows |= {net.name: _from_file(net, kind) for net in feature_file_networks(inputs)}
    ordered = {name: rows[name] for name in inputs.networks}
    left_out = [next(iter(by_name.values())).left_out for by_name in stores]
    # Stores of one image set differ in what they leave out alone: no id need be looked at.
    same = [
        set(store.left_out) == set(reasons)
        for by_name, reasons in zip(stores, left_out, strict=True)
        for store in by_name.values()
    ]
    alike = {net.name for net in networks[1:]} if all(same) else set()
    others = [part for name, part in ordered.items() if name not in alike]
    if len(others) > 1:
        check_same_images(others)
    return Side(ordered, data_summary(parts, left_out, next(iter(ordered.values()))))


def _stores(runner: Extractor, part: Part, networks: Sequence[ImageNetwork], kind: str) -> Stores:
    stores = runner.extract(networks, part, kind=kind)
    return {net.name: store for net, store in zip(networks, stores, strict=True)}


def _from_file(network: FeatureFile, kind: str) -> FeatureRows:
    is_fit = kind == "fit"
    return ArrayRows(
        name=network.name,
        values=network.fit_features if is_fit else network.eval_features,
        fingerprint=network.fingerprint,
        ids=network.fit_ids if is_fit else network.eval_ids,
        labels=None if is_fit else network.eval_labels,
    )


def _joined(parts: Sequence[Part], stores: Sequence[Stores], name: str) -> FeatureRows:
    """Rows of one network on all parts."""
    mine: list[FeatureRows] = [by_name[name] for by_name in stores]
    return mine[0] if len(mine) == 1 else JoinedRows(mine, [part.images.name for part in parts])


def fingerprint_of(parts: Sequence[Part]) -> str:
    """Of the images of a side and their labels, in order; what can't be read counts, too."""
    return digest(*(part.images.labelled_fingerprint or part.images.fingerprint for part in parts))


def data_summary(
    parts: Sequence[Part], left_out: Sequence[Mapping[str, str]], rows: FeatureRows
) -> DataSummary:
    """Of one side.

    Args:
        parts: Of its image set; none where features come from files.
        left_out: Why, by id, for each part.
        rows: Of any network.

    Raises:
        UnreadableImageError: when not one image can be read.
    """
    if not parts:
        return DataSummary(
            name="features from npz files",
            images=len(rows),
            rows=len(rows),
            fingerprint=rows.fingerprint,
        )
    left = [
        LeftOut(id=image_id(name, part=part.prefix), reason=reason)
        for part, reasons in zip(parts, left_out, strict=True)
        for name, reason in reasons.items()
    ]
    name = ", ".join(part.images.name for part in parts)
    if not len(rows):
        words = left_out_words({each.id: each.reason for each in left})
        raise UnreadableImageError(f"{name} holds {words}.")
    views = {part.images.name: part.views.as_dict() for part in parts if part.views}
    upright = {part.images.upright for part in parts}
    listed = Listed.of_all(part.images.listed for part in parts)
    return DataSummary(
        name=name,
        images=int(np.sum([len(part.images) for part in parts])),
        rows=len(rows),
        fingerprint=fingerprint_of(parts),
        views=views or None,
        left_out=tuple(left),
        upright=upright.pop() if len(upright) == 1 else None,
        taken=listed.taken if listed else None,
        passed_over=listed.passed if listed else {},
    )
