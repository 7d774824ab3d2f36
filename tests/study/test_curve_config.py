"""The key ``curve``: what is taken, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from samefeatures.base.errors import ConfigError
from samefeatures.study.config import parse_config
from samefeatures.study.curve_config import CurveConfig


def parsed(curve: Any) -> CurveConfig:
    raw = {"networks": ["npz:a.npz", "npz:b.npz"], "methods": ["ols"], "curve": curve}
    found = parse_config(raw).chosen_curve
    assert found is not None
    return found


def test_sizes_stand_in_order_from_two() -> None:
    assert parsed({"sizes": [90, 2, 17]}).sizes == (2, 17, 90)
    assert parsed({"methods": ["ols", "ridge"]}).methods == ("ols", "ridge")


def test_nothing_is_the_defaults() -> None:
    found = parsed({"sizes": None, "methods": None})
    assert (found.sizes, found.seeds, found.methods) == (None, 3, None)
    assert parsed(True) == found


@pytest.mark.parametrize(
    ("curve", "says"),
    [
        ({"sizes": []}, "sizes is empty"),
        ({"sizes": [5, 1, 0]}, "at least 2 rows to be fitted on, not 1"),
        ({"sizes": [3, 9, 3]}, "the size 3 stands twice"),
        ({"seeds": 0}, "seeds"),
        ({"methods": []}, "methods is empty"),
        ({"methods": ["ridge", "ols", "ols"]}, "the method 'ols' stands twice"),
        ({"size": [3]}, "unknown key 'size'"),
    ],
)
def test_what_makes_no_sense_is_refused(curve: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        parsed(curve)
