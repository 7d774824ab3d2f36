"""The feature store against numpy's files, beside what the disk gives."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.record import Line, alternately, within
from samefeatures.features.key import FeatureKey
from samefeatures.features.opening import Wanted, open_store
from samefeatures.features.store import CHUNK_ROWS
from samefeatures.features.stored import StoredFeatures
from samefeatures.images.imageset import ImageSet

ROWS, DIM = 16_384, 2048
BYTES = 4 * ROWS * DIM


def run() -> list[Line]:
    """Write and read 134 MB of features after a rectifier, as those of most networks are."""
    rng = np.random.default_rng(0)
    block = np.maximum(rng.standard_normal((ROWS, DIM), np.float32), 0)
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as place:
        base = Path(place)
        made: list[StoredFeatures] = []

        def ours() -> None:
            made[:] = [_store(Path(tempfile.mkdtemp(dir=base)))]
            for k in range(ROWS // CHUNK_ROWS):
                made[0].store.write_chunk(k, block[k * CHUNK_ROWS : (k + 1) * CHUNK_ROWS], {})

        def theirs() -> None:
            np.save(base / "peer.npy", block)

        def limit() -> None:
            with (base / "raw").open("wb", buffering=0) as file:
                file.write(block.data)
                os.fsync(file.fileno())

        writing = _line("store: write 134 MB", *alternately(ours, theirs, limit), "numpy.save")
        read = bytearray(BYTES)

        def raw() -> None:
            with (base / "raw").open("rb", buffering=0) as file:
                file.readinto(read)

        times = alternately(
            lambda: [None for _ in made[0].chunks(2048)], lambda: np.load(base / "peer.npy"), raw
        )
        size = sum(
            f.stat().st_size for f in Path(str(made[0].store.place)).rglob("*") if f.is_file()
        )
        reading = _line("store: read 134 MB", *times, "numpy.load")
        return [within(writing[0], writing[1], "raw write with fsync"),
                within(reading[0], reading[1], "raw read, cached"), _space(size)]  # fmt: skip


def _store(root: Path) -> StoredFeatures:
    images = ImageSet(
        name="made", ids=[str(i) for i in range(ROWS)], labels=None, fingerprint="made",
        read=lambda _: Image.new("RGB", (2, 2)),
    )  # fmt: skip
    key = FeatureKey(
        network="n", preprocessing={}, images="i", views=None, runtime="r", decoder="d", extractor=1
    )
    store = open_store(root, Wanted(name="net", dim=DIM, key=key, images=images))
    return StoredFeatures(store, images)


def _line(stage: str, ours: float, theirs: float, limit: float, peer: str) -> tuple[Line, float]:
    rates = [BYTES / 1e6 / s for s in (ours, theirs, limit)]
    line = Line(
        stage=stage, ours=rates[0], peer=peer, theirs=rates[1], ratio=rates[0] / rates[1],
        goal="none", met=True, unit="MB/s",
    )  # fmt: skip
    return line, rates[2]


def _space(size: int) -> Line:
    return Line(
        stage="store: size of 134 MB, half of it zeros", ours=size / 1e6, peer="numpy.save",
        theirs=BYTES / 1e6, ratio=size / BYTES, goal="none", met=True, unit="MB",
    )  # fmt: skip
