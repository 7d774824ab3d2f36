"""While our products run, NumPy's BLAS has one thread, and has its own again afterwards."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.linalg  # noqa: F401  # its library is loaded, beside NumPy's
from threadpoolctl import threadpool_info, threadpool_limits

from samefeatures.algebra import HOST
from samefeatures.algebra.pools import one_pool


def threads() -> dict[bool, set[int]]:
    """Of libraries that lie with NumPy, and of all others, in which our products run."""
    HOST.product(np.ones((2, 2)), np.ones((2, 2)))
    found: dict[bool, set[int]] = {True: set(), False: set()}
    for each in threadpool_info():
        if each["user_api"] == "blas":
            mine = any(part in ("numpy", "numpy.libs") for part in Path(each["filepath"]).parts)
            found[mine].add(each["num_threads"])
    return found


@pytest.fixture(autouse=True)
def two_threads() -> object:
    with threadpool_limits(2, user_api="blas"):
        yield


def test_numpys_threads_rest_and_come_back() -> None:
    before = threads()
    if not before[True]:
        pytest.skip("NumPy and SciPy share one library: nothing is limited")
    assert before == {True: {2}, False: {2}}
    with one_pool():
        assert threads() == {True: {1}, False: {2}}
        with one_pool():
            assert threads() == {True: {1}, False: {2}}
        assert threads() == {True: {1}, False: {2}}
    assert threads() == before


def test_as_a_decorator_it_holds_for_a_call_and_an_error_ends_it() -> None:
    @one_pool()
    def asked(fail: bool) -> dict[bool, set[int]]:
        if fail:
            raise ValueError("no")
        return threads()

    before = threads()
    assert asked(False)[True] <= {1}
    with pytest.raises(ValueError, match="no"):
        asked(True)
    assert threads() == before
