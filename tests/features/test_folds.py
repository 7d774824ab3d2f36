"""Parts of rows: even, by ids alone, views together."""

from __future__ import annotations

import numpy as np
import pytest

from samefeatures.base.errors import ConfigError
from samefeatures.features.folds import parts_of


@pytest.mark.parametrize("count", [2, 5, 20])
def test_parts_are_even(count: int) -> None:
    found = parts_of([f"n/{i}.png" for i in range(103)], count, seed=0)
    sizes = np.bincount(found)
    assert len(sizes) == count
    assert sizes.max() - sizes.min() <= 1


def test_parts_hang_on_ids_alone() -> None:
    ids = [f"n/{i}.png" for i in range(50)]
    found = dict(zip(ids, parts_of(ids, 5, seed=0), strict=True))
    turned = dict(zip(ids[::-1], parts_of(ids[::-1], 5, seed=0), strict=True))
    assert found == turned
    assert not np.array_equal(parts_of(ids, 5, seed=0), parts_of(ids, 5, seed=1))


def test_parts_are_not_runs_of_rows() -> None:
    found = parts_of([f"class{i // 100}/{i}.png" for i in range(1000)], 5, seed=0)
    per_class = np.array(
        [np.bincount(found[k : k + 100], minlength=5) for k in range(0, 1000, 100)]
    )
    assert per_class.min() >= 8


def test_views_of_an_image_stay_together() -> None:
    ids = [f"{i}.png#{k}" for i in range(40) for k in range(3)]
    found = parts_of(ids, 4, seed=0).reshape(40, 3)
    assert (found == found[:, :1]).all()


def test_rows_without_ids_count_by_place() -> None:
    np.testing.assert_array_equal(
        parts_of(30, 3, seed=0), parts_of([str(i) for i in range(30)], 3, seed=0)
    )


def test_too_few_images() -> None:
    with pytest.raises(ConfigError, match="2 images can't make 3 parts"):
        parts_of(["a#0", "a#1", "b#0", "b#1"], 3, seed=0)
