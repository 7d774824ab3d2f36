"""What a run tells of its progress: rows stored before, then those of every chunk."""

from __future__ import annotations

from pathlib import Path

import pytest
from worlds_images import made_images, tiny_network

from samefeatures.features.extract import extract
from samefeatures.features.store import CHUNK_ROWS, FeatureStore
from samefeatures.images.views import Views

REST = 7
"""Images in the last chunk."""


class Killed(Exception):
    """A run that was stopped from outside."""


@pytest.mark.parametrize("views", [1, 4])
@pytest.mark.parametrize("kept", [0, 1, 2, 3])
def test_a_resumed_run_counts_every_row_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int, views: int
) -> None:
    """Whichever chunks are there, the partial last one among them."""
    per_chunk = CHUNK_ROWS // views
    images, _ = made_images(2 * per_chunk + REST)
    network, crops = tiny_network("a"), Views(count=views) if views > 1 else None
    plain, stored = FeatureStore.write_chunk, 0

    def until_killed(self: FeatureStore, *args: object) -> None:
        nonlocal stored
        if stored == kept:
            raise Killed
        stored += 1
        plain(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(FeatureStore, "write_chunk", until_killed)
    if kept < 3:
        with pytest.raises(Killed):
            extract([network], images, tmp_path, views=crops)
    else:
        extract([network], images, tmp_path, views=crops)
    monkeypatch.undo()
    told: list[tuple[str, int]] = []
    extract([network], images, tmp_path, views=crops, on_rows=lambda *one: told.append(one))
    chunks = [per_chunk * views, per_chunk * views, REST * views]
    assert told == [("a", sum(chunks[:kept])), *(("a", rows) for rows in chunks[kept:])]
    assert sum(rows for _, rows in told) == len(images) * views
