"""What ``samefeatures check`` finds: a network's facts, and its own accuracy on labelled images."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from samefeatures.base.arrays import Int64
from samefeatures.base.brief import brief
from samefeatures.base.errors import ConfigError, UnreadableImageError
from samefeatures.base.progress import Progress, Silent
from samefeatures.features.agreement import left_out_words
from samefeatures.features.extract import extract
from samefeatures.images.imageset import ImageSet
from samefeatures.images.labels import SORTED
from samefeatures.images.source import ImageSource
from samefeatures.images.sources import open_images
from samefeatures.images.taking import Listed
from samefeatures.networks.load import load
from samefeatures.networks.record import FeatureFile, ImageNetwork, Network
from samefeatures.scores.heads import Score, score_heads
from samefeatures.study.label_space import by_name, check_labels
from samefeatures.study.label_warnings import renaming_warning
from samefeatures.study.scoring import labelled


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """A network; its own score, images left out, what is odd about the labels, what was listed, and
    what was done to number the labels, if there were labelled images."""

    network: Network
    score: Score | None
    left_out: Mapping[str, str] = field(default_factory=dict)
    warning: str | None = None
    listed: Listed | None = None
    numbering: str | None = None

    def __repr__(self) -> str:
        return brief(
            self, network=self.network.name, top1=self.score and self.score.top1, odd=self.warning
        )

    def rows(self) -> dict[str, str]:
        """Label and text of every fact, in the order in which a person wants them."""
        network = self.network
        out = {"name": network.name, "source": network.source}
        out["features"] = f"{network.dim:,}"
        out["classes"] = f"{network.head.classes:,}" if network.head else "none: it has no head"
        out |= _of_images(network) if isinstance(network, ImageNetwork) else _of_file(network)
        out["fingerprint"] = network.fingerprint[:16]
        if self.listed is not None:
            out["images"] = str(self.listed)
        if self.numbering is not None:
            out["labels"] = self.numbering
        if self.score is not None:
            score = self.score
            out["own top-1"] = f"{score.top1:.2f} % ({score.correct:,} of {score.n:,})"
            if self.left_out:
                out["left out"] = left_out_words(self.left_out)
            out["own top-5"] = f"{score.top5:.2f} %"
        return out | ({"warning": self.warning} if self.warning else {})


def _of_images(network: ImageNetwork) -> dict[str, str]:
    prep, split = network.preprocessing, network.split
    out = {
        "parameters": f"{network.parameters:,}",
        "input": f"{prep.input_size}, crop_pct {prep.crop_pct}, {prep.interpolation}, "
        f"{prep.crop_mode} crop",
        "mean, std": f"{_rounded(prep.mean)}, {_rounded(prep.std)}",
    }
    out |= network.loading
    if split is not None:
        out["split"] = f"{split.layer}; head(features(x)) off by {split.error:.0e}"
    if network.notes:
        out["note"] = "; ".join(network.notes)
    return out | {"runtime": network.backend.runtime}


def _of_file(network: FeatureFile) -> dict[str, str]:
    fit, evaluation = len(network.fit_features), len(network.eval_features)
    return {"rows": f"{fit:,} fit, {evaluation:,} eval"}


def _rounded(values: Sequence[float]) -> str:
    return "(" + ", ".join(f"{v:.4g}" for v in values) + ")"


def check_networks(
    sources: Sequence[str],
    *,
    data: str | None = None,
    class_map: str | None = None,
    limit: int | None = None,
    progress: Progress | None = None,
) -> list[Check]:
    """Load networks, which proves their split, and score each with its own head.

    Args:
        sources: Source strings, e.g. ``timm:resnet18``.
        data: Labelled images; without them no score.
        class_map: For folder names that are not ImageNet synsets.
        limit: Use at most this many images, evenly over the set.
        progress: Shows how far it is.

    Raises:
        SamefeaturesError: when a network can't be loaded, or the labels do not fit it.
    """
    progress = progress or Silent()
    if data is None and (class_map is not None or limit is not None):
        raise ConfigError("--class-map and --limit have an effect only with --data. Give it too.")
    networks = [load(source) for source in sources]
    if data is not None and not any(isinstance(net, ImageNetwork) for net in networks):
        raise ConfigError(
            "--data has no effect on networks that bring their own features. Leave it out."
        )
    images = None
    if data is not None:
        source = ImageSource(source=data, class_map=class_map, limit=limit)
        images = open_images(source, labelled=True)
    mapped = class_map not in (None, SORTED)
    return [_check(network, images, progress, mapped=mapped) for network in networks]


def _check(network: Network, images: ImageSet | None, progress: Progress, *, mapped: bool) -> Check:
    if isinstance(network, FeatureFile):
        return check_file(network)
    if images is None:
        return Check(network, None)
    images, note = by_name(images, [network], mapped=mapped)
    score, labels, left_out = score_on_images(network, images, progress)
    warning = renaming_warning(network, score, labels)
    return Check(network, score, left_out, warning, images.listed, note)


def check_file(network: FeatureFile) -> Check:
    """A network known by its features, on all of its eval rows."""
    labels = network.eval_labels
    if network.head is None or labels is None:
        return Check(network, None)
    (score,) = score_heads([(network.eval_features, labels)], [network.head])
    return Check(network, score, warning=renaming_warning(network, score, labels))


def score_on_images(
    network: ImageNetwork, images: ImageSet, progress: Progress
) -> tuple[Score, Int64, Mapping[str, str]]:
    """A network's own score on labelled images, (n,) the labels of those that can be read, and why
    others can't, by id.

    Features are kept only while it runs.

    Raises:
        LabelError: when the images have no labels, or others.
        UnreadableImageError: when none of them can be read.
    """
    check_labels(images, network)
    advance = progress.task(f"{network.name} on {images.name}", len(images))
    with tempfile.TemporaryDirectory() as folder:
        (rows,) = extract(
            [network], images, Path(folder), on_rows=lambda _name, count: advance(count)
        )
        assert rows.labels is not None  # they are those of the images
        if not len(rows):
            raise UnreadableImageError(f"{images.name} holds {left_out_words(rows.left_out)}.")
        (score,) = score_heads(labelled(rows, rows.labels), [network.head])
        return score, rows.labels, rows.left_out
