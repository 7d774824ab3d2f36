"""Which way classes are shifted, and why they may be."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from samefeatures.study.label_warnings import renaming_warning


@pytest.mark.parametrize(
    ("shift", "says"),
    [
        (1, "Its classes lie 1 above the labels: the head may have a background class"),
        (-1, "Its classes lie 1 below the labels: the labels may count from 1"),
        (2, "Its classes lie 2 above the labels. Check the class map"),
        (-2, "Its classes lie 2 below the labels. Check the class map"),
    ],
)
def test_a_shift_is_named_with_its_direction(shift: int, says: str) -> None:
    labels = np.random.default_rng(0).integers(2, 8, 600)
    network: Any = SimpleNamespace(name="x")
    score: Any = SimpleNamespace(predictions=labels + shift)
    found = renaming_warning(network, score, labels)
    assert found is not None
    assert says in found
    right: Any = SimpleNamespace(predictions=labels)
    assert renaming_warning(network, right, labels) is None
