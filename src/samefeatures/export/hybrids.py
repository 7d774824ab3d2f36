"""Export a hybrid of a study, and hold its predictions against the study's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from samefeatures.base.arrays import Float32, Int32
from samefeatures.base.errors import ExportError, UnreadableImageError
from samefeatures.base.files import writing
from samefeatures.base.partial import beside
from samefeatures.export.package import (
    check_predictions,
    export_module_file,
    export_onnx,
    exportable,
    run_onnx,
)
from samefeatures.features.rows import FeatureRows
from samefeatures.images.decode import decoded
from samefeatures.maps import AffineMap
from samefeatures.networks.record import Head, ImageNetwork, Network
from samefeatures.scores.heads import score_heads
from samefeatures.study.inputs import Part, named_images

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


def export_hybrid(
    fitted: AffineMap,
    network: Network,
    target: Network,
    *,
    rows: FeatureRows,
    parts: Sequence[Part],
    to: Path,
    class_names: Sequence[str] = (),
    batch_size: int = 32,
    threads: int | None = None,
) -> Exported:
    """Write ``C_B ∘ M ∘ F_A`` as one file and check it on images of a study.

    ``.onnx`` for every network that sees images; ``.pt2`` for torch networks, an ``nn.Module`` as
    ``torch.export`` keeps it. The file takes images preprocessed as the source's; the ONNX metadata
    says how. The images of the first 1,000 rows go through the written file, and its predictions
    must equal those made of the rows. The file is plain float32: where the rows are not
    (``precision``, ``compile``), it must equal the network run in plain float32, and the images
    that are predicted otherwise are counted. A file that fails is not kept.

    Args:
        fitted: The map M from ``network`` to ``target``.
        network: Whose features are used.
        target: Whose head is used.
        rows: (n, d) eval features of ``network`` with their ids.
        parts: The images that they were extracted from.
        to: File to write.
        class_names: As the study calls the classes; else the target's own are in the metadata.
        batch_size: Images at a time.
        threads: Of the ONNX runtime that runs the file; None is its own choice.

    Raises:
        ExportError: when the source brings features instead of images, an image can't be read any
            more, or predictions differ.
    """
    head = fitted.fold(target)
    network = exportable(network, head)
    if to.suffix not in (".onnx", ".pt2"):
        raise ExportError(
            f"{to} ends in '{to.suffix}'; a hybrid is written as .onnx, or as .pt2 (an nn.Module, "
            "torch networks only)."
        )
    said = _said(rows, head)
    ids = list(rows.ids or ())[: len(said)]
    with _kept_if_right(to) as path:
        if to.suffix == ".pt2":
            _, run = export_module_file(network, head, path)
        else:
            own = target.class_names if isinstance(target, ImageNetwork) else ()
            said_of = _metadata(fitted, network)
            export_onnx(network, head, path, metadata=said_of, class_names=class_names or own)
            run = run_onnx(path, threads=threads)
        batches = partial(_batches, network, parts, ids, size=batch_size)
        expected = said if network.effect is None else _plain(network, head, batches())
        ties = check_predictions(run, batches(), expected)
    otherwise = None if network.effect is None else int((expected != said).sum())
    return Exported(to, len(said), ties, otherwise)


@contextmanager
def _kept_if_right(path: Path) -> Iterator[Path]:
    """A place beside ``path`` whose file is moved there when the block ends well."""
    place = beside(path, f"unchecked{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        place.touch()  # minutes before it is filled
    except OSError as error:
        raise ExportError(
            f"Can't write {path}: {error.strerror or error}. Choose another place with --to, or "
            "free some space."
        ) from None
    try:
        yield place
        with writing(path):
            place.replace(path)
    finally:
        place.unlink(missing_ok=True)


def _said(rows: FeatureRows, head: Head) -> Int32:
    """(n,) classes that the study predicts for its first images, from its stored features."""
    features = rows.span(0, min(len(rows), CHECKED_IMAGES))
    no_labels = np.zeros(len(features), np.int64)  # predictions alone are asked for
    return score_heads([(features, no_labels)], [head])[0].predictions


def _plain(network: ImageNetwork, head: Head, batches: Iterable[Float32]) -> Int32:
    """(n,) classes that the network predicts in plain float32."""
    backend: object = network.backend
    if not isinstance(backend, Plain):
        raise ExportError(
            f"{network.name} does not run in plain float32, of which the file is. Load it with "
            "precision float32 and without compile."
        )
    logits = [head.logits(backend.plain_features(images)) for images in batches]
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


def _batches(
    network: ImageNetwork, parts: Sequence[Part], ids: Sequence[str], *, size: int
) -> Iterator[Float32]:
    """Preprocessed batches of the images that the rows are of, in the order of the rows.

    What the study left out stays out, though it could be read now.
    """
    wanted = set(ids)
    found = {name: (part, i) for name, part, i in named_images(parts) if name in wanted}
    for start in range(0, len(ids), size):
        held = [_pixels(network, name, *found[name]) for name in ids[start : start + size]]
        yield network.preprocessing.normalise(np.stack(held))


def _pixels(network: ImageNetwork, name: str, part: Part, i: int) -> npt.NDArray[np.uint8]:
    try:
        return network.preprocessing.pixels(decoded(part.images, i))
    except UnreadableImageError as error:
        raise ExportError(
            f"The study has features of {name}, but it can't be read now: {error}. Bring it back, "
            "so that the file can be checked on it."
        ) from None
