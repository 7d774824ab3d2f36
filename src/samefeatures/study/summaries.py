"""What the parts of a study were, in a line each: for its record, and for that of arrays."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Protocol

from samefeatures.maps import Method
from samefeatures.networks.record import Head, ImageNetwork
from samefeatures.scores.heads import Score
from samefeatures.study.config import StudyConfig
from samefeatures.study.results import DataSummary, FitSummary, MethodSummary, NetworkSummary
from samefeatures.study.versions import here, versions_of


def settings_of(config: StudyConfig) -> dict[str, Any]:
    """All of a config as plain values, but for what changes no result."""
    silent = {"cluster", *(() if config.curve else ("curve",))}
    return dict(json.loads(config.model_dump_json(exclude_none=True, exclude=silent)))


class Known(Protocol):
    """What a row of the networks' table says of one; a network that sees images says more."""

    @property
    def name(self) -> str: ...

    @property
    def source(self) -> str: ...

    @property
    def dim(self) -> int: ...

    @property
    def head(self) -> Head | None: ...

    @property
    def fingerprint(self) -> str: ...


def network_summary(network: Known, score: Score | None) -> NetworkSummary:
    """A row of Table 5.1; without a score of the network's own where it has none."""
    image = network if isinstance(network, ImageNetwork) else None
    return NetworkSummary(
        name=network.name,
        source=network.source,
        feature_dim=network.dim,
        classes=network.head.classes if network.head else None,
        parameters=image.parameters if image else None,
        preprocessing=image.preprocessing.as_dict() if image else None,
        fingerprint=network.fingerprint,
        top1=score.top1 if score else math.nan,
        top5=score.top5 if score else math.nan,
        effect=asdict(image.effect) if image and image.effect else None,
    )


def method_summary(label: str, method: Method, given: Mapping[str, object]) -> MethodSummary:
    """A method as the tables name it: with its options, of one on rows those that were given.

    The defaults of ``adam`` are eleven; they would fill the heads of the tables.
    """
    options = given if method.needs_rows else method.options
    return MethodSummary(name=label, options=dict(options), kind=method.name, uses=method.uses)


def fit_warnings(methods: Sequence[MethodSummary], fits: Sequence[FitSummary]) -> Iterator[str]:
    """What solvers said, once for each end of the maps that it holds for."""
    heads = {method.name for method in methods if method.uses == "heads"}
    about: dict[tuple[str, str, str], dict[str, None]] = {}
    of_maps = Counter((fit.method, fit.note) for fit in fits if fit.note and fit.path)
    for (method, note), count in of_maps.items():
        every = sum(fit.method == method for fit in fits)
        yield f"{method}, {count} of {every} maps: {note}."
    for fit in fits:
        if fit.note and not fit.path:
            # A lossy head is the target's; a deficient regression is the source's.
            way, name = ("into", fit.target) if fit.method in heads else ("from", fit.source)
            about.setdefault((fit.method, way, fit.note), {})[name] = None
    for (method, way, note), names in about.items():
        yield f"{method} {way} {', '.join(names)}: {note}."


def image_warnings(fit_data: DataSummary, eval_data: DataSummary) -> Iterator[str]:
    """Images left out."""
    for kind, data in (("fit", fit_data), ("eval", eval_data)):
        if data.left_out:
            count = len(data.left_out)
            came = "1 image of" if count == 1 else f"{count:,} images of"
            were = "was" if count == 1 else "were"
            yield f"{came} the {kind} set could not be read and {were} left out for every network."


def shared_warnings(shared: int, rows: int) -> Iterator[str]:
    """What makes R² and accuracies better than they would be on other images."""
    if shared:
        yield (
            f"{shared} of the {rows} eval images are fit images too, told by their features: maps "
            "have seen them, and R² and accuracies are not those of new images. Give an eval set "
            "of its own."
        )


def versions_summary(config: StudyConfig) -> dict[str, str]:
    """Of everything that could touch a number, where it is installed."""
    return here(versions_of(config))
