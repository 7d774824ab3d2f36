"""The proof of a split: on a probe batch, head(features(x)) must equal the network itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from samefeatures.base.arrays import Float32
from samefeatures.base.errors import SplitError
from samefeatures.images.preprocess import Preprocessing
from samefeatures.networks.record import Head, SplitProof

TOLERANCE = 1e-5
HALF_TOLERANCE = 4 * 2**-11
"""For networks that compute in float16: four times its rounding."""
PROBES = 3
STEEPNESS = {None: 0.0, "softmax": 0.5, "logsoftmax": 2.0, "sigmoid": 0.25}
"""How far an output moves at most, by activation, where each of its logits moves by 1."""

LOOSEST = 0.1
"""A difference of this part of the largest output is never taken for rounding of logits."""


class MixedImages(SplitError):
    """The output for an image depends on the other images of its batch."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a split says of a network.

    Attributes:
        layer: The linear layer that is the head.
        found: The last layers of the network, for messages.
        after: Activations behind the head that the logits leave out: ``softmax`` and the like.
        tolerance: How far head(features(x)) may differ from the network.
    """

    layer: str
    found: str
    after: str | None = None
    tolerance: float = TOLERANCE


def probe_images(preprocessing: Preprocessing, *, count: int = PROBES, seed: int = 0) -> Float32:
    """(count, 3, h, w) preprocessed images: coarse colour patches and noise, from a seed."""
    rng = np.random.default_rng(seed)
    _, height, width = preprocessing.input_size
    pixels = np.empty((count, height, width, 3), np.uint8)
    for i in range(count):
        patches = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8))
        smooth = np.asarray(patches.resize((width, height), Image.Resampling.BILINEAR), np.int16)
        noise = rng.integers(-24, 25, smooth.shape, dtype=np.int16)
        pixels[i] = np.clip(smooth + noise, 0, 255)
    return preprocessing.normalise(pixels)


def prove(
    claim: Claim,
    head: Head,
    features: Callable[[Float32], Float32],
    model: Callable[[Float32], Float32],
    probe: Float32,
    *,
    source: str,
) -> SplitProof:
    """Compare head(features(x)) with the whole network, on the batch and on its first image alone.

    Args:
        claim: What is claimed of the split.
        head: The head that was pulled out.
        features: (b, 3, h, w) images to (b, d) features.
        model: (b, 3, h, w) images to the network's own (b, classes) output.
        probe: The images.
        source: For messages.

    Raises:
        SplitError: when they differ by more than the claim's tolerance of the largest value, when a
            value is not finite, or when an image's output depends on its companions in the batch.
    """
    whole = model(probe)  # (b, classes)
    alone = model(probe[:1])
    check_finite(whole, source)
    _check_alone("output for an image depends", alone, whole, claim, source)
    found, found_alone = features(probe), features(probe[:1])  # (b, d), (1, d)
    logits, logits_alone = head.logits(found), head.logits(found_alone)
    # The same of the logits: an activation that is at its end hides what they do.
    _check_alone("logits for an image depend", logits_alone, logits, claim, source)
    error = max(deviation(claim.after, logits, whole), deviation(claim.after, logits_alone, alone))
    if not error <= claim.tolerance:
        raise SplitError(
            f"{source}: '{claim.layer}' is not all that stands between features and output: "
            f"head(features(x)) differs from the network by {error:.1e} of its largest value, "
            f"allowed is {claim.tolerance:.0e}. The last layers are: {claim.found}. A network must "
            "end in one linear layer."
        )
    return SplitProof(claim.layer, error, claim.after, found)


def check_finite(output: Float32, source: str) -> None:
    """Refuse an output (b, classes) with NaN or infinite values, before anything is asked of it.

    Raises:
        SplitError: when there are such.
    """
    if not np.isfinite(output).all():
        raise SplitError(
            f"{source}: its output for random images is NaN or infinite. Check its weights and its "
            "preprocessing."
        )


def _check_alone(what: str, alone: Float32, whole: Float32, claim: Claim, source: str) -> None:
    """Whether values of an image alone, (1, k), are those that it has in a batch, (b, k)."""
    away = relative(alone, whole[:1])
    if not away <= max(100 * TOLERANCE, claim.tolerance):
        raise MixedImages(
            f"{source}: the {what} on the other images of its batch (relative "
            f"difference {away:.1e}). Such a network has no features per image; check that batch "
            "norm and dropout are in evaluation mode."
        )


def relative(ours: npt.NDArray[np.floating], theirs: npt.NDArray[np.floating]) -> float:
    """Largest difference over the largest absolute value of two arrays (b, d).

    Infinite where shapes differ, or a value is NaN or infinite.
    """
    if ours.shape != theirs.shape or not np.isfinite(ours).all() or not np.isfinite(theirs).all():
        return float("inf")
    scale = float(np.abs(theirs).max(initial=0.0))
    return float(np.abs(ours - theirs).max(initial=0.0)) / (scale or 1.0)


def deviation(after: str | None, logits: Float32, theirs: Float32) -> float:
    """Largest difference of the activated logits (b, classes) from a network's output (b, classes).

    It is relative to the largest output, and to how far rounding of the logits moves that: behind
    a softmax a difference of 1e-5 of logits of 1000 is one of 5e-3.
    """
    ours = activate(after, logits)
    found = relative(ours, theirs)
    if found > LOOSEST:
        return found
    scale = float(np.abs(theirs).max(initial=0.0)) or 1.0
    moved = STEEPNESS[after] * float(np.abs(logits).max(initial=0.0))
    return found * scale / (scale + moved)


def activate(name: str | None, logits: Float32) -> Float32:
    """``softmax``, ``logsoftmax`` or ``sigmoid`` of logits (b, classes); None leaves them alone."""
    if name is None:
        return logits
    if name == "sigmoid":
        return np.asarray(1 / (1 + np.exp(-np.clip(logits, -80, None))), np.float32)
    shifted = logits - logits.max(axis=1, keepdims=True)
    log = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    out: Float32 = np.exp(log) if name == "softmax" else log
    return out
