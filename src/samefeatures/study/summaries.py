"""Put a study's findings into the records that the report reads."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import numpy.typing as npt

from samefeatures.networks.record import ImageNetwork, Network
from samefeatures.scores.heads import Score
from samefeatures.study.methods import MethodConfig
from samefeatures.study.results import DataSummary, FitSummary, MethodSummary, NetworkSummary


def network_summary(network: Network, score: Score) -> NetworkSummary:
    """A row of Table 5.1."""
    image = network if isinstance(network, ImageNetwork) else None
    return NetworkSummary(
        name=network.name,
        source=network.source,
        feature_dim=network.dim,
        classes=network.head.classes,
        parameters=image.parameters if image else None,
        preprocessing=image.preprocessing.as_dict() if image else None,
        fingerprint=network.fingerprint,
        top1=score.top1,
        top5=score.top5,
        effect=asdict(image.effect) if image and image.effect else None,
    )


def method_summary(entry: MethodConfig) -> MethodSummary:
    """A method as the tables name it: with its options, of one on rows those that were given.

    The defaults of ``adam`` are eleven; they would fill the heads of the tables.
    """
    method = entry.build()
    options = entry.options if method.needs_rows else method.options
    return MethodSummary(name=entry.label, options=dict(options), kind=entry.name)


def study_warnings(
    fits: Sequence[FitSummary], fit_data: DataSummary, eval_data: DataSummary
) -> Iterator[str]:
    """What a reader must know before the numbers: deficient fits, images left out."""
    about: dict[tuple[str, str, str], list[str]] = {}
    for fit in fits:
        if fit.note:
            # A lossy head is the target's; a deficient regression is the source's.
            lossy = fit.note.startswith("not lossless")
            way, name = ("into", fit.target) if lossy else ("from", fit.source)
            names = about.setdefault((fit.method, way, fit.note), [])
            if name not in names:
                names.append(name)
    for (method, way, note), names in about.items():
        yield f"{method} {way} {', '.join(names)}: {note}."
    for kind, data in (("fit", fit_data), ("eval", eval_data)):
        if data.left_out:
            yield (
                f"{len(data.left_out)} images of the {kind} set could not be read and were left "
                "out for every network."
            )


def label_warnings(labels: npt.NDArray[np.int64], classes: int) -> Iterator[str]:
    """What makes counts of correct labels mean little: too few images, or a single class."""
    present = np.unique(labels)
    if len(present) == 1 and classes > 1:
        yield (
            f"All {len(labels)} eval images are of class {present[0]}: whatever always names this "
            "class is 100 % right. Accuracies of this study say nothing about the other "
            f"{classes - 1} classes."
        )
    elif len(labels) < classes:
        yield (
            f"The eval set has {len(labels)} images for {classes} classes, so that most classes "
            "have none. Look at the intervals, and score on more images."
        )


def versions() -> dict[str, str]:
    """Of everything that touched a number."""
    out = {"python": platform.python_version(), "platform": platform.platform()}
    used = [name for name in ("torch", "timm", "torchvision", "datasets") if name in sys.modules]
    for name in ("samefeatures", "numpy", "onnxruntime", "pillow", "zarr", *used):
        try:
            out[name] = version(name)
        except PackageNotFoundError:
            out[name] = "unknown"
    return out
