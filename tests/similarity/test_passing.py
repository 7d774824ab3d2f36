"""What passes: its number, norms and a sample, as far as they are asked for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from samefeatures.base.errors import ConfigError
from samefeatures.features.given import given_rows
from samefeatures.features.sample import ranks_of
from samefeatures.similarity.passing import Passing

RNG = np.random.default_rng(3)
A, B = RNG.normal(size=(9, 2)), RNG.normal(size=(9, 4))


def passed(*, norms: bool, sample: int | None, ids: list[str] | None = None) -> Passing:
    a = A if ids is None else pd.DataFrame(A, index=ids)
    out = Passing({"a": given_rows(a, "a"), "b": given_rows(B, "b")}, norms=norms, sample=sample)
    assert (out.n, out.norms.n) == (0, 0)
    out.update(A[:4], B[:4])
    out.update(A[4:], B[4:])
    return out


@pytest.mark.parametrize("norms", [True, False])
def test_norms_are_taken_where_they_are_asked_for(norms: bool) -> None:
    found = passed(norms=norms, sample=None)
    assert (found.n, found.norms.n) == (9, 9 if norms else 0)
    assert found.sample is None


@pytest.mark.parametrize("ids", [None, [f"image {i}" for i in range(9)]])
def test_a_sample_is_of_the_same_rows_of_each_space(ids: list[str] | None) -> None:
    found = passed(norms=False, sample=3, ids=ids).sample
    assert found is not None
    places = np.argsort(ranks_of(ids or range(9)))[:3]
    np.testing.assert_array_equal(found.rows("a"), A[places])
    np.testing.assert_array_equal(found.rows("b"), B[places])


def test_no_row_is_no_sample() -> None:
    with pytest.raises(ConfigError, match="sample"):
        passed(norms=False, sample=0)
