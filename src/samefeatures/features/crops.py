"""Chunks of images, read and decoded once and cropped once per geometry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from samefeatures.base.errors import UnreadableImageError
from samefeatures.images.decode import decoded
from samefeatures.images.imageset import ImageSet
from samefeatures.images.preprocess import Preprocessing
from samefeatures.images.views import Views, regions_of, rows_per_image
from samefeatures.networks.record import ImageNetwork

Pixels = npt.NDArray[np.uint8]
Geometry = tuple[object, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Crops:
    """One chunk of images, cropped once per geometry.

    Attributes:
        ids: Of the images.
        pixels: (images · views, h, w, 3) bytes by geometry; black where an image has a problem.
        problems: Why an image can't be used, by its index in the chunk.
        views: Rows per image.
    """

    ids: Sequence[str]
    pixels: Mapping[Geometry, Pixels]
    problems: Mapping[int, str]
    views: int


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """What is to be done: chunks that each network lacks, on which images.

    ``known`` says of images that are not to be looked at why not, by their index in the set.
    """

    networks: Sequence[ImageNetwork]
    missing: Sequence[set[int]]
    images: ImageSet
    views: Views | None
    known: Mapping[int, str] = field(default_factory=dict)

    def shapes(self, k: int) -> dict[Geometry, Preprocessing]:
        """The geometries that some network still lacks for chunk ``k``."""
        return {
            net.preprocessing.geometry: net.preprocessing
            for net, lacks in zip(self.networks, self.missing, strict=True)
            if k in lacks
        }


def decode_ahead(
    work: Work, wanted: Sequence[int], per_chunk: int, pool: ThreadPoolExecutor
) -> Iterator[tuple[int, Crops]]:
    """Chunks in order; the next one is decoded while the current one is computed."""

    def submit(k: int) -> list[Future[Decoded]]:
        shapes, rows = work.shapes(k), images_in(k)
        return [pool.submit(_decode_one, work, i, shapes) for i in rows]

    def images_in(k: int) -> range:
        return range(k * per_chunk, min((k + 1) * per_chunk, len(work.images)))

    ahead = submit(wanted[0]) if wanted else []
    for at, k in enumerate(wanted):
        current = ahead
        if at + 1 < len(wanted):
            ahead = submit(wanted[at + 1])
        try:
            done = [future.result() for future in current]
            yield k, _stack(done, work, k, [work.images.ids[i] for i in images_in(k)])
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


Decoded = dict[Geometry, list[Pixels]] | str
"""One image's crops by geometry, or why there are none."""


def _decode_one(work: Work, i: int, shapes: Mapping[Geometry, Preprocessing]) -> Decoded:
    if i in work.known:
        return work.known[i]
    try:
        image = decoded(work.images, i)
        regions = regions_of(work.views, work.images.ids[i], image.size)
        return {key: [prep.pixels(image, r) for r in regions] for key, prep in shapes.items()}
    except UnreadableImageError as error:
        return str(error)


def _stack(decoded: Sequence[Decoded], work: Work, k: int, ids: Sequence[str]) -> Crops:
    count = rows_per_image(work.views)
    pixels = {}
    for key, prep in work.shapes(k).items():
        _, height, width = prep.input_size
        block = np.zeros((len(decoded) * count, height, width, 3), np.uint8)
        for i, item in enumerate(decoded):
            if not isinstance(item, str):
                block[i * count : (i + 1) * count] = item[key]
        pixels[key] = block
    problems = {i: item for i, item in enumerate(decoded) if isinstance(item, str)}
    return Crops(ids, pixels, problems, count)
