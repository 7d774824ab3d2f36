"""Labels of the fit rows: no fit has seen them, and only controls count with them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from samefeatures.base.arrays import Int64
from samefeatures.base.errors import ConfigError, DataError
from samefeatures.images.imageset import image_id
from samefeatures.networks.record import Network
from samefeatures.study.data_config import DataConfig
from samefeatures.study.inputs import Part, open_parts
from samefeatures.study.label_space import by_name, check_labels


def fit_labels(
    data: DataConfig | None, ids: Sequence[str] | None, *, networks: Collection[Network], base: Path
) -> Int64 | str:
    """(n,) labels of the fit rows, which no fit has seen, or a sentence why there are none.

    They count correct predictions on the fit set, and nothing else. Where the networks name their
    classes, the names decide, as for eval labels.

    Args:
        data: Of the study; the fit images are listed anew, now with their labels.
        ids: Of the fit rows.
        networks: Of the study, all with heads.
        base: Where relative paths start.
    """
    if data is None or ids is None:
        return "the fit features come from files without labels"
    known: dict[str, int] = {}
    try:
        for part in open_parts(data.fit, labelled=True, base=base):
            known |= _by_id(part, networks)
    except (ConfigError, DataError) as error:
        return f"the fit images have no labels that could be used: {str(error).rstrip('.')}"
    if any(name not in known for name in ids):
        return "the fit images with labels are not those that were extracted"
    return np.array([known[name] for name in ids], np.int64)


def _by_id(part: Part, networks: Collection[Network]) -> dict[str, int]:
    """Labels of one part by the ids of its rows.

    Raises:
        LabelError: when there are none, or not of the networks' classes.
    """
    images, _ = by_name(part.images, networks, mapped=False)
    for network in networks:
        check_labels(images, network)
    assert images.labels is not None  # they were looked at
    views = range(part.views.count) if part.views else [None]
    return {
        image_id(name, part=part.prefix, view=view): int(images.labels[i])
        for i, name in enumerate(images.ids)
        for view in views
    }
