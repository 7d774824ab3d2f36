"""What measures need beside moments, of rows that may pass only once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from samefeatures.base.options import check_whole
from samefeatures.features.given import GivenRows
from samefeatures.features.sample import RowSample
from samefeatures.joint.norms import NormSums


class Passing:
    """Takes norms, and keeps a sample of the rows.

    Args:
        spaces: Rows by name.
        norms: Whether norms are taken.
        sample: Rows to keep, at most; None: none.

    Attributes:
        n: Rows that have passed.
        norms: Of them.
        sample: Of them; None where none is kept.

    Raises:
        ConfigError: when the number of rows to keep is none.
    """

    def __init__(self, spaces: Mapping[str, GivenRows], *, norms: bool, sample: int | None) -> None:
        parts = list(spaces.values())
        self.n, self._take = 0, norms
        self.norms = NormSums(list(spaces), [part.dim for part in parts])
        self.sample: RowSample | None = None
        if sample is not None:
            sample = check_whole("sample", sample, least=1)
            ids = next((part.ids for part in parts if part.ids is not None), None)
            self.sample = RowSample(list(spaces), sample, ids=ids)

    def update(self, *blocks: npt.NDArray[np.floating[Any]]) -> None:
        """Add (r, d) rows of each space, row i of each the same sample."""
        self.n += len(blocks[0])
        if self._take:
            self.norms.update(*blocks)
        if self.sample is not None:
            self.sample.update(*blocks)
