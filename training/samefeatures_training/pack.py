"""Pack the images that the demo ships: part of Fashion-MNIST's training set, and its test set."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from samefeatures_training.idx import read_idx

FIT_IMAGES = 10_000


def pack(data: Path, out: Path) -> list[Path]:
    """Write ``fit.npz`` (images alone) and ``eval.npz`` (images and labels) into ``out``.

    Args:
        data: Folder with the gzipped IDX files of Fashion-MNIST.
        out: Folder to write to; created.
    """
    out.mkdir(parents=True, exist_ok=True)
    fit, evaluation = out / "fit.npz", out / "eval.npz"
    train = read_idx(data / "train-images-idx3-ubyte.gz")
    np.savez_compressed(fit, images=train[:FIT_IMAGES])
    np.savez_compressed(
        evaluation,
        images=read_idx(data / "t10k-images-idx3-ubyte.gz"),
        labels=read_idx(data / "t10k-labels-idx1-ubyte.gz").astype(np.int64),
    )
    return [fit, evaluation]
