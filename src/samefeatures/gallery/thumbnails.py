"""Thumbnails of eval images, embedded as ``data:`` URIs."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from samefeatures.base.errors import DataError, SamefeaturesError
from samefeatures.base.progress import Progress
from samefeatures.images.decode import decoded
from samefeatures.images.imageset import ImageSet
from samefeatures.study.data_config import DataConfig
from samefeatures.study.inputs import named_images, open_parts

SIDE = 96
"""Longest side of a thumbnail in pixels; smaller images stay as they are."""
QUALITY = 85


@dataclass(frozen=True, slots=True)
class Picture:
    """A thumbnail as a ``data:`` URI, or why there is none."""

    uri: str = ""
    problem: str = ""


def thumbnails(
    data: DataConfig | None, base: Path, wanted: set[str], *, progress: Progress
) -> dict[str, Picture]:
    """Pictures of these eval images by id; empty where the study's features came from files."""
    if not wanted or data is None:
        return {}
    try:
        parts = open_parts(data.eval, labelled=True, base=base)
    except SamefeaturesError as error:
        problem = f"the eval images can't be opened: {error}"
        return {name: Picture(problem=problem) for name in wanted}
    advance = progress.task("thumbnails", len(wanted))
    found: dict[str, Picture] = {}
    for name, part, i in named_images(parts):
        if name in wanted:
            found[name] = _picture(part.images, i)
            advance(1)
    gone = Picture(problem="the image is no longer in the eval set")
    return {name: found.get(name, gone) for name in wanted}


def _picture(images: ImageSet, i: int) -> Picture:
    try:
        image = decoded(images, i)
    except (DataError, OSError) as error:
        return Picture(problem=str(error))
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    packed = io.BytesIO()
    image.save(packed, "JPEG", quality=QUALITY, optimize=True)
    return Picture("data:image/jpeg;base64," + base64.b64encode(packed.getvalue()).decode())
