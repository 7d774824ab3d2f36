"""How a network computes: precision and compilation, and what they change in its features."""

from __future__ import annotations

from dataclasses import dataclass

from samefeatures.base.errors import ConfigError
from samefeatures.base.options import check_known

PRECISIONS = ("float32", "bfloat16", "float16")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arithmetic:
    """Anything but the default is part of the features' key.

    Attributes:
        precision: ``float32``, or the narrower type of torch's automatic mixed precision.
        compile: Whether ``torch.compile`` makes kernels of the network.

    Raises:
        ConfigError: when there is no such precision.
    """

    precision: str = "float32"
    compile: bool = False

    def __post_init__(self) -> None:
        check_known(self.precision, PRECISIONS, "precision is", ConfigError)

    @property
    def is_plain(self) -> bool:
        """Whether it is the default: float32, layer by layer."""
        return self.precision == "float32" and not self.compile

    @property
    def suffix(self) -> str:
        """What it adds to a backend's ``runtime``; nothing for the default."""
        mixed = "" if self.precision == "float32" else f", autocast {self.precision}"
        return mixed + (", torch.compile" if self.compile else "")


PLAIN = Arithmetic()


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What an arithmetic changes, on probe images, against plain float32.

    A difference is relative to the largest absolute value that plain float32 gives.

    Attributes:
        precision: As in ``Arithmetic``.
        compile: As in ``Arithmetic``.
        probes: How many images.
        features_max: Largest difference of a feature.
        features_mean: Mean difference of the features.
        logits_max: Largest difference of a logit.
        logits_mean: Mean difference of the logits.
        agreement: Share of the images whose top-1 class is the same.
    """

    precision: str
    compile: bool
    probes: int
    features_max: float
    features_mean: float
    logits_max: float
    logits_mean: float
    agreement: float

    @property
    def note(self) -> str:
        """One sentence for a person."""
        how = f"in {self.precision}" + (" and compiled" if self.compile else "")
        return (
            f"runs {how}: against float32, features differ by {self.features_max:.1e} at most and "
            f"{self.features_mean:.1e} on average of the largest, logits by {self.logits_max:.1e} "
            f"and {self.logits_mean:.1e}, and top-1 agrees on {self.agreement:.0%} of "
            f"{self.probes} probe images"
        )
