"""What is left out of one network is left out of all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from worlds_images import made_images, tiny_network

from samefeatures.features.agreement import known_problems, tell_others
from samefeatures.features.extract import extract
from samefeatures.features.store import StoredFeatures


@pytest.fixture
def stores(tmp_path: Path) -> list[StoredFeatures]:
    """Two networks on 1,100 images: five chunks."""
    images, _ = made_images(1100)
    return extract([tiny_network("a"), tiny_network("b")], images, tmp_path / "x")


def test_problems_of_chunks_that_some_lack_and_others_have(stores: list[StoredFeatures]) -> None:
    for k, i in ((0, 3), (1, 255), (3, 0), (4, 7)):
        stores[0].leave_out(k, {i: f"{k}"})
    stores[1].leave_out(2, {1: "b"})
    assert known_problems(stores, [set(), set()]) == {}, "nothing is to be computed"
    # b lacks chunks 0, 1, 3; both lack 4, of which nothing is known then.
    found = known_problems(stores, [{4}, {0, 1, 3, 4}])
    assert found == {3: "0", 256 + 255: "1", 768: "3"}
    assert known_problems(stores, [{2}, set()]) == {512 + 1: "b"}


def test_reads_do_not_grow_with_chunks(
    stores: list[StoredFeatures], monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[range] = []
    read = StoredFeatures.problems_among

    def counted(self: StoredFeatures, images: range) -> dict[int, str]:
        reads.append(images)
        return read(self, images)

    monkeypatch.setattr(StoredFeatures, "problems_among", counted)
    known_problems(stores, [set(), {0, 1, 2, 3, 4}])
    assert reads == [range(1100)]


def test_others_are_told_once(stores: list[StoredFeatures]) -> None:
    lacks: list[set[int]] = [set(), {1}]
    tell_others(stores, lacks, 1, {5: "gone"})
    assert stores[0].problems_in(1) == {5: "gone"}
    assert stores[1].problems_in(1) == {}, "it will be written with the problem"
    tell_others(stores, lacks, 1, {5: "another reason", 6: "too"})
    assert stores[0].problems_in(1) == {5: "gone", 6: "too"}
    fresh = StoredFeatures(stores[0].place, stores[0]._group)
    assert len(fresh) == 1098
    assert np.isfinite(np.concatenate(list(fresh.chunks(500)))).all()
