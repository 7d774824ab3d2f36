"""What ``samefeatures check STUDY.yaml`` finds: all that can be known before anything is fitted."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np

from samefeatures.algebra import open_algebra
from samefeatures.base.arrays import Int64
from samefeatures.base.display import Display, ProgressChoice
from samefeatures.base.errors import UnreadableImageError
from samefeatures.features.agreement import left_out_words
from samefeatures.features.extract import extract
from samefeatures.features.stored import StoredFeatures
from samefeatures.images.imageset import image_id
from samefeatures.images.thinning import thinned
from samefeatures.networks.record import ImageNetwork
from samefeatures.scores.heads import Score, score_heads
from samefeatures.study.checking import Check, check_file
from samefeatures.study.config import StudyConfig
from samefeatures.study.fit_labels import fit_labels
from samefeatures.study.inputs import Part, StudyInputs, feature_file_networks, open_inputs
from samefeatures.study.label_warnings import coverage, renaming_warning
from samefeatures.study.runner import extract_options
from samefeatures.study.scoring import labelled
from samefeatures.study.task_images import open_task_images

TRIED = 16
"""Fit images that the first network is tried on."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StudyCheck:
    """A study before it is run.

    Attributes:
        checks: Of its networks, each with its own accuracy.
        facts: Label and text of what the study is.
        warnings: What should be looked at before it is run.
    """

    checks: tuple[Check, ...]
    facts: Mapping[str, str]
    warnings: tuple[str, ...]


def check_study(
    config: StudyConfig, *, base: Path, limit: int, progress: ProgressChoice = "quiet"
) -> StudyCheck:
    """Load the networks, list the images, and score each network with its own head on some of them.

    Nothing is written. Labels, class counts and class names, tasks, devices: whatever a run would
    refuse is refused.

    Args:
        config: The study.
        base: Where relative paths start.
        limit: Eval images for the networks' own accuracy, evenly over the set.
        progress: ``"bar"``, ``"quiet"``, or a function that takes a ``ProgressStep``.

    Raises:
        SamefeaturesError: as ``Study.score`` would before it computes anything, or when no image
            of those that are tried can be read.
    """
    open_algebra(config.algebra_device)
    with Display(progress) as shown:
        inputs = open_inputs(config, base=base, progress=shown)
        open_task_images(config.tasks, inputs, base=base)
        files = map(check_file, feature_file_networks(inputs))
        checks = [*_on_images(inputs, config, limit, shown), *files]
        places = {name: k for k, name in enumerate(inputs.networks)}
        checks.sort(key=lambda check: places[check.network.name])
        warnings = [*_coverage(inputs), *_fit_images(inputs, config, shown)]
    facts = _facts(inputs, config, limit, base=base)
    return StudyCheck(checks=tuple(checks), facts=facts, warnings=tuple(warnings))


def _some(parts: Sequence[Part], limit: int) -> list[Part]:
    """At most ``limit`` images, as many of each part."""
    each = max(1, limit // len(parts))
    return [replace(part, images=thinned(part.images, each)) for part in parts]


def _on_images(
    inputs: StudyInputs, config: StudyConfig, limit: int, progress: Display
) -> list[Check]:
    networks = inputs.image_networks
    if not networks:
        return []
    parts = _some(inputs.eval, limit)
    with tempfile.TemporaryDirectory() as folder:
        stores = _extracted(networks, parts, Path(folder), config, progress)
        left_out = _left_out(parts, stores)
        found = []
        for place, network in enumerate(networks):
            rows = [by_part[place] for by_part in stores]
            score, labels = _score(network, rows)
            warning = renaming_warning(network, score, labels)
            found.append(Check(network, score, left_out, warning))
        return found


def _extracted(
    networks: Sequence[ImageNetwork],
    parts: Sequence[Part],
    folder: Path,
    config: StudyConfig,
    progress: Display,
) -> list[list[StoredFeatures]]:
    """Of each part, of each network; kept only while ``folder`` is.

    Raises:
        UnreadableImageError: when not one image of them can be read.
    """
    options = replace(extract_options(config), strict=False)
    stores = [
        extract(networks, part.images, folder / str(k), options=options, progress=progress)
        for k, part in enumerate(parts)
    ]
    if not any(len(store) for store, *_ in stores):
        names = ", ".join(part.images.name for part in parts)
        reasons = _left_out(parts, stores)
        raise UnreadableImageError(f"{names} holds {left_out_words(reasons)}.")
    return stores


def _left_out(parts: Sequence[Part], stores: Sequence[list[StoredFeatures]]) -> dict[str, str]:
    """Why, by id: of each part every network leaves out the same."""
    return {
        image_id(name, part=part.prefix): reason
        for part, (store, *_) in zip(parts, stores, strict=True)
        for name, reason in store.left_out.items()
    }


def _score(network: ImageNetwork, rows: Sequence[StoredFeatures]) -> tuple[Score, Int64]:
    """On all parts, with (n,) the labels."""
    known = [(part, part.labels) for part in rows if part.labels is not None]  # all have them
    blocks = chain.from_iterable(labelled(part, own) for part, own in known)
    (score,) = score_heads(blocks, [network.head])
    return score, np.concatenate([own for _, own in known])


def _coverage(inputs: StudyInputs) -> list[str]:
    files = feature_file_networks(inputs)
    known = [part.images.labels for part in inputs.eval] or [net.eval_labels for net in files]
    # Files are of the same rows: the labels of one are those of all.
    labels = [each for each in known if each is not None][: len(inputs.eval) or 1]
    return list(coverage(np.concatenate(labels), inputs.classes)) if labels else []


def _fit_images(inputs: StudyInputs, config: StudyConfig, progress: Display) -> list[str]:
    """Some of the fit images, through the first network."""
    networks = inputs.image_networks[:1]
    if not networks:
        return []
    parts = _some(inputs.fit, TRIED)
    with tempfile.TemporaryDirectory() as folder:
        stores = _extracted(networks, parts, Path(folder), config, progress)
        left_out = _left_out(parts, stores)
    tried = sum(len(part.images) for part in parts)
    return [f"Tried {tried:,} of the fit images: {left_out_words(left_out)}."] if left_out else []


def _facts(inputs: StudyInputs, config: StudyConfig, limit: int, *, base: Path) -> dict[str, str]:
    out = {
        "networks": f"{len(inputs.networks)}, of {inputs.classes:,} classes each",
        "methods": ", ".join(entry.label for entry in config.methods),
        "measures": ", ".join(config.measures),
        "device": config.device,
    }
    for kind, parts in (("fit", inputs.fit), ("eval", inputs.eval)):
        if parts:
            out[kind] = "; ".join(map(_part, parts))
    if inputs.notes:
        out["labels"] = "; ".join(inputs.notes)
    if inputs.fit and config.controls:
        out["fit labels"] = _fit_labels(inputs, config, base)
    if config.tasks:
        out["tasks"] = ", ".join(task.name for task in config.tasks)
    if inputs.eval:
        images = sum(len(part.images) for part in inputs.eval)
        scored = sum(len(part.images) for part in _some(inputs.eval, limit))
        out["own accuracy"] = f"on {scored:,} of {images:,} eval images"
    return out


def _part(part: Part) -> str:
    text = f"{part.images.name}, {len(part.images):,} images"
    if part.views_per_image > 1:
        text += f", {part.rows:,} rows"
    return text if part.images.listed is None else f"{text} ({part.images.listed})"


def _fit_labels(inputs: StudyInputs, config: StudyConfig, base: Path) -> str:
    """Controls count with them, and no fit sees them."""
    ids = [
        image_id(name, part=part.prefix, view=view)
        for part in inputs.fit
        for name in part.images.ids
        for view in (range(part.views.count) if part.views else [None])
    ]
    networks = inputs.networks.values()
    found = fit_labels(config.data, ids, networks=networks, base=base)
    return f"none: {found}" if isinstance(found, str) else "known; controls alone use them"
