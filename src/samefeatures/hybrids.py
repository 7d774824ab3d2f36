"""Export a hybrid of a study, and hold its predictions against the study's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from samefeatures.data.decode import decode
from samefeatures.data.imageset import ImageSet
from samefeatures.errors import ExportError, UnreadableImageError
from samefeatures.export import check_predictions, export_module_file, export_onnx, run_onnx
from samefeatures.maps import AffineMap
from samefeatures.networks.network import Float32, ImageNetwork
from samefeatures.scores import score_heads
from samefeatures.study.scoring import labelled
from samefeatures.study.study import Study

CHECKED_IMAGES = 1000


@dataclass(frozen=True, slots=True)
class Exported:
    """A written hybrid: images whose predictions were compared, and ties among them."""

    path: Path
    images: int
    ties: int


def export_hybrid(study: Study, source: str, target: str, *, method: str, to: Path) -> Exported:
    """Write ``C_B ∘ M ∘ F_A`` as one file and check it on the study's eval images.

    ``.onnx`` for every network that sees images; ``.pt2`` for torch networks, an ``nn.Module`` as
    ``torch.export`` keeps it. The file takes images preprocessed as the source's; the ONNX metadata
    says how. The first 1,000 eval images go through the written file, and its predictions must
    equal those of the study.

    Raises:
        ExportError: when the source brings features instead of images, or predictions differ.
        MapError: when the study has no such map.
    """
    study.maps.check_cell(method, source, target)
    study.fit()  # nothing to do unless weights, images or settings have changed since
    fitted = study.maps.load(method, source, target)
    network = study.inputs.networks[source]
    if not isinstance(network, ImageNetwork):
        raise ExportError(
            f"{source} is known by its features alone ({network.source}); there is nothing to run "
            "on images. Use the map itself: samefeatures.AffineMap.load."
        )
    head = fitted.fold(study.inputs.networks[target])
    if to.suffix == ".pt2":
        path, run = export_module_file(network, head, to)
    elif to.suffix == ".onnx":
        path = export_onnx(network, head, to, metadata=_metadata(fitted, network))
        run = run_onnx(path)
    else:
        raise ExportError(
            f"{to} ends in '{to.suffix}'; a hybrid is written as .onnx, or as .pt2 (an nn.Module, "
            "torch networks only)."
        )
    evaluation = study.eval_features
    rows = evaluation.rows[source]
    labels = rows.labels
    if labels is None:
        raise ExportError("The study's eval set has no labels; score the study first.")
    expected = score_heads(labelled(rows, labels), [head])[0].predictions[:CHECKED_IMAGES]
    batches = _batches(study, network, len(expected))
    ties = check_predictions(run, batches, expected)
    return Exported(path, len(expected), ties)


def _metadata(fitted: AffineMap, network: ImageNetwork) -> dict[str, str]:
    return {
        "samefeatures.source": f"{fitted.source} ({network.source})",
        "samefeatures.target": fitted.target,
        "samefeatures.method": fitted.method,
        "samefeatures.source_fingerprint": fitted.source_fingerprint,
        "samefeatures.target_fingerprint": fitted.target_fingerprint,
    }


def _batches(study: Study, network: ImageNetwork, count: int) -> Iterator[Float32]:
    """Preprocessed batches of the first ``count`` readable eval images, as the study saw them."""
    size = study.config.batch_size
    held: list[npt.NDArray[np.uint8]] = []
    left = count
    for pixels in _readable(study, network):
        held.append(pixels)
        left -= 1
        if len(held) == size or left == 0:
            yield network.preprocessing.normalise(np.stack(held))
            held = []
        if left == 0:
            return


def _readable(study: Study, network: ImageNetwork) -> Iterator[npt.NDArray[np.uint8]]:
    sets: list[ImageSet] = [part.images for part in study.inputs.eval]
    for images in sets:
        for i in range(len(images)):
            try:
                image = decode(images.read(i))
            except UnreadableImageError:
                continue  # the study left it out too
            yield network.preprocessing.pixels(image)
