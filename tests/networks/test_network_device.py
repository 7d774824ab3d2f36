"""Devices that are not there."""

from __future__ import annotations

import pytest

from samefeatures.base.errors import NetworkError
from samefeatures.networks.device import check_gpu


def never() -> int:
    raise AssertionError("the processor is always there, and nobody need look for GPUs")


def test_a_device_is_refused_with_what_there_is() -> None:
    check_gpu("cpu", never, runtime="torch")
    check_gpu("cuda", lambda: 1, runtime="torch")
    check_gpu("cuda:1", lambda: 2, runtime="torch")
    for device, found in (("cuda", 0), ("cuda:1", 1), ("cuda:2", 2)):
        with pytest.raises(NetworkError, match=rf"'{device}' .*torch finds {found} GPUs.*'cpu'"):
            check_gpu(device, lambda found=found: found, runtime="torch")
