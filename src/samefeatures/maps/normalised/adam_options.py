"""The numbers that decide a fit by Adam."""

from __future__ import annotations

from dataclasses import dataclass

from samefeatures.base.options import check_number, check_whole


@dataclass(frozen=True, slots=True, kw_only=True)
class AdamOptions:
    """Options of the method ``adam``: the paper's, and TensorFlow's where it says nothing.

    Attributes:
        iterations: Updates (paper: 100,000).
        batch: Rows in each (paper: 2,048).
        rate: Learning rate of the first (paper: 0.1).
        decay: The rate is multiplied by 1 - decay after each (paper: 1e-5).
        beta1: Decay of the mean gradient (TensorFlow's default, 0.9).
        beta2: Decay of the mean square (0.999).
        epsilon: Added to its root (1e-8).
        max_rise: Rise of the loss, which lies between 0 and 4, that counts as divergence.
        pool: Rows in memory from which batches are dealt.
        seed: Decides start and batches.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
    """

    iterations: int = 100_000
    batch: int = 2048
    rate: float = 0.1
    decay: float = 1e-5
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    max_rise: float = 0.5
    pool: int = 32_768
    seed: int = 0
    device: str = "cpu"

    def __post_init__(self) -> None:
        for field, least in (("iterations", 1), ("batch", 1), ("pool", 256), ("seed", 0)):
            whole = check_whole(f"The option {field} of adam", getattr(self, field), least=least)
            object.__setattr__(self, field, whole)
        for field in ("rate", "epsilon", "max_rise"):
            number = check_number(f"The option {field} of adam", getattr(self, field))
            object.__setattr__(self, field, number)
        for field in ("decay", "beta1", "beta2"):
            what = f"The option {field} of adam"
            number = check_number(what, getattr(self, field), zero=True, below=1)
            object.__setattr__(self, field, number)
