"""Labels of the fit rows: no fit has seen them, and only controls count with them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from samefeatures.base.arrays import Int64
from samefeatures.base.errors import ConfigError, DataError
from samefeatures.images.imageset import image_id
from samefeatures.study.data_config import DataConfig
from samefeatures.study.inputs import open_parts


def fit_labels(
    data: DataConfig | None, ids: Sequence[str] | None, *, classes: int, base: Path
) -> Int64 | str:
    """(n,) labels of the fit rows, which no fit has seen, or a sentence why there are none.

    They count correct predictions on the fit set, and nothing else.

    Args:
        data: Of the study; the fit images are listed anew, now with their labels.
        ids: Of the fit rows.
        classes: Of every network.
        base: Where relative paths start.
    """
    if data is None or ids is None:
        return "the fit features come from files without labels"
    try:
        parts = open_parts(data.fit, labelled=True, base=base)
    except (ConfigError, DataError) as error:
        return f"the fit images have no labels that could be used: {str(error).rstrip('.')}"
    known: dict[str, int] = {}
    for part in parts:
        images, views = part.images, range(part.views.count) if part.views else [None]
        if images.labels is None:
            return f"the fit images of {images.name} have no labels"
        for name, label in zip(images.ids, images.labels.tolist(), strict=True):
            known |= {image_id(name, part=part.prefix, view=k): label for k in views}
    if any(name not in known for name in ids):
        return "the fit images with labels are not those that were extracted"
    labels = np.array([known[name] for name in ids], np.int64)
    if labels.min() < 0 or labels.max() >= classes:
        return (
            f"the fit labels run from {labels.min()} to {labels.max()}, but the networks have "
            f"{classes} classes"
        )
    return labels
