"""Export a hybrid of a study, and hold its predictions against the study's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from samefeatures.base.arrays import Float32, Int32
from samefeatures.base.errors import ExportError, UnreadableImageError
from samefeatures.base.files import writing
from samefeatures.base.partial import beside
from samefeatures.export.package import check_predictions, export_module_file, export_onnx, run_onnx
from samefeatures.images.decode import decode
from samefeatures.images.imageset import ImageSet
from samefeatures.maps import AffineMap
from samefeatures.networks.record import Head, ImageNetwork
from samefeatures.scores.heads import score_heads
from samefeatures.study.scoring import labelled
from samefeatures.study.study import Study

CHECKED_IMAGES = 1000


@dataclass(frozen=True, slots=True)
class Exported:
    """A written hybrid, and how it was checked.

    Attributes:
        path: Of the file.
        images: Whose predictions were compared.
        ties: Images whose class differs, but both classes have the same logit up to rounding.
        otherwise: Images that the study, whose features are of mixed precision or of a compiled
            network, predicts otherwise than the file, which is plain float32; None where the
            study's features are plain float32 too.
    """

    path: Path
    images: int
    ties: int
    otherwise: int | None = None


@runtime_checkable
class Plain(Protocol):
    """A backend that also computes in plain float32 what it computes in another arithmetic."""

    def plain_features(self, images: Float32) -> Float32:
        """(b, 3, h, w) preprocessed images to (b, d) features."""
        ...


def export_hybrid(study: Study, source: str, target: str, *, method: str, to: Path) -> Exported:
    """Write ``C_B ∘ M ∘ F_A`` as one file and check it on the study's eval images.

    ``.onnx`` for every network that sees images; ``.pt2`` for torch networks, an ``nn.Module`` as
    ``torch.export`` keeps it. The file takes images preprocessed as the source's; the ONNX metadata
    says how. The first 1,000 eval images go through the written file, and its predictions must
    equal those of the study. The file is plain float32: where the study's features are not
    (``precision``, ``compile``), it must equal the network run in plain float32, and the images
    that the study predicts otherwise are counted. A file that fails is not kept.

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
    if to.suffix not in (".onnx", ".pt2"):
        raise ExportError(
            f"{to} ends in '{to.suffix}'; a hybrid is written as .onnx, or as .pt2 (an nn.Module, "
            "torch networks only)."
        )
    head = fitted.fold(study.inputs.networks[target])
    with _kept_if_right(to) as path:
        if to.suffix == ".pt2":
            _, run = export_module_file(network, head, path)
        else:
            export_onnx(network, head, path, metadata=_metadata(fitted, network))
            run = run_onnx(path)
        said = _said(study, source, head)
        expected = said if network.effect is None else _plain(study, network, head, len(said))
        ties = check_predictions(run, _batches(study, network, len(said)), expected)
    otherwise = None if network.effect is None else int((expected != said).sum())
    return Exported(to, len(said), ties, otherwise)


@contextmanager
def _kept_if_right(path: Path) -> Iterator[Path]:
    """A place beside ``path`` whose file is moved there when the block ends well."""
    place = beside(path, f"unchecked{path.suffix}")
    try:
        yield place
        with writing(path):
            place.replace(path)
    finally:
        place.unlink(missing_ok=True)


def _said(study: Study, source: str, head: Head) -> Int32:
    """(n,) classes that the study predicts, from its stored features."""
    rows = study.eval_features.rows[source]
    if rows.labels is None:
        raise ExportError("The study's eval set has no labels; score the study first.")
    scored = score_heads(labelled(rows, rows.labels), [head])[0]
    return scored.predictions[:CHECKED_IMAGES]


def _plain(study: Study, network: ImageNetwork, head: Head, count: int) -> Int32:
    """(n,) classes that the network predicts in plain float32."""
    backend: object = network.backend
    if not isinstance(backend, Plain):
        raise ExportError(
            f"{network.name} does not run in plain float32, of which the file is. Load it with "
            "precision float32 and without compile."
        )
    logits = [
        head.logits(backend.plain_features(images)) for images in _batches(study, network, count)
    ]
    predicted: Int32 = np.concatenate(logits).argmax(axis=1).astype(np.int32)
    return predicted


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
