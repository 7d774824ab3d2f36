"""Runs the scripts beside it in the environment of Google's own definitions."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


def run(python: Path, script: str, *args: str) -> None:
    """Run one of the scripts beside this file in that environment."""
    done = subprocess.run(
        [python, HERE / script, *args], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]


@dataclass(frozen=True)
class Original:
    """One network of Google's.

    Attributes:
        folder: Its checkpoints, by format.
        images: (b, 3, h, w) what it was run on.
        features: (b, d) TensorFlow's own.
        logits: (b, classes) TensorFlow's own.
    """

    folder: Path
    images: np.ndarray
    features: np.ndarray
    logits: np.ndarray


MakeOriginal = Callable[..., Original]
