"""Rows that were not kept are known by name, and refuse to be read."""

from __future__ import annotations

import pytest

from samefeatures.base.errors import ConfigError
from samefeatures.joint.streamed import StreamedRows


def test_they_say_how_many_there_were_and_what_to_do() -> None:
    rows = StreamedRows(name="a", dim=3, fingerprint="f", rows=1000)
    assert (len(rows), rows.ids, rows.labels) == (1000, None, None)
    with pytest.raises(ConfigError, match=r"1,000 fit features of a .*\(10 at a time were asked"):
        rows.chunks(10)
    with pytest.raises(ConfigError, match=r"1,000 fit features of a .*\(4 at a time were asked"):
        rows.span(3, 7)
