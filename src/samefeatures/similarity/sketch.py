"""Few random mixtures of a target's columns, which stand for it where strengths are compared."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from samefeatures.moments.views import Mixed, Mixture, SecondMoments

COLUMNS = 64


def sketch_of(target: str) -> str:
    """Name of its mixtures; no space can have it."""
    return f"mixtures of {target}"


class Sketch:
    """Adds to moments the mixtures of targets: y R, with R (d, 64) of standard normal numbers.

    The share of the squares of y R that a regression leaves is that of y, but for the draw of R:
    which strength is better needs no more. Targets of at most 64 columns stay as they are.

    Args:
        moments: Any that hold the targets; their widths count alone.
        targets: Names.
        seed: Of the draw.
    """

    def __init__(self, moments: SecondMoments, targets: Sequence[str], *, seed: int) -> None:
        self._mixtures: dict[str, Mixture] = {}
        for place, name in enumerate(targets):
            dim = len(moments.mean_of(name))
            rng = np.random.default_rng([seed, place])
            drawn = rng.standard_normal((dim, COLUMNS)) if dim > COLUMNS else None
            self._mixtures[sketch_of(name)] = {name: drawn}

    def beside(self, moments: SecondMoments) -> SecondMoments:
        """The moments, which know the mixtures too."""
        return Mixed(moments, self._mixtures)
