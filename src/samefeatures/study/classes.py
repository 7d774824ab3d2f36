"""Which classes gain and which lose when a target's head is fed another network's features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from arro3.io import write_parquet

from samefeatures.study.results import ClassChange
from samefeatures.study.tables import write_table

Int64 = npt.NDArray[np.int64]
LISTED = 5
"""Classes of each kind that go into the record of the study."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ClassCounts:
    """Counts per class of one hybrid; only classes that the eval set has.

    Attributes:
        classes: (k,) class indices.
        n: (k,) eval images of each.
        correct: (k,) that the hybrid gets right.
        source_correct: (k,) that the source network gets right; None where it has no head.
        target_correct: (k,) that the target network gets right.
        fixed: (k,) that the target network gets wrong and the hybrid right.
        broken: (k,) that the target network gets right and the hybrid wrong.
    """

    method: str
    source: str
    target: str
    classes: Int64
    n: Int64
    correct: Int64
    source_correct: Int64 | None
    target_correct: Int64
    fixed: Int64
    broken: Int64


COLUMNS = ("n", "correct", "source_correct", "target_correct", "fixed", "broken")


def count_classes(
    predictions: Mapping[str, npt.NDArray[np.int32]], labels: Int64
) -> list[ClassCounts]:
    """Counts of every hybrid.

    Args:
        predictions: (n,) by ``own/NAME`` and ``METHOD/SOURCE/TARGET``.
        labels: (n,).
    """
    classes, place = np.unique(labels, return_inverse=True)

    def count(chosen: npt.NDArray[np.bool_]) -> Int64:
        return np.bincount(place[chosen], minlength=len(classes)).astype(np.int64)

    right = {name: values == labels for name, values in predictions.items()}
    counted = {name: count(hit) for name, hit in right.items()}
    every = count(np.ones(len(labels), bool))
    found = []
    for name, hit in right.items():
        if name.startswith("own/"):
            continue
        method, source, target = name.split("/")
        before = right[f"own/{target}"]
        found.append(
            ClassCounts(
                method=method,
                source=source,
                target=target,
                classes=classes,
                n=every,
                correct=counted[name],
                source_correct=counted.get(f"own/{source}"),
                target_correct=counted[f"own/{target}"],
                fixed=count(hit & ~before),
                broken=count(before & ~hit),
            )
        )
    return found


def class_changes(counts: Sequence[ClassCounts], *, listed: int = LISTED) -> list[ClassChange]:
    """Per method the classes that gain most and those that lose most, over all its maps.

    The change of a class is the mean over the maps of ``100 (correct - target_correct) / n``, in
    points. At most ``listed`` of each kind, the greatest first; classes that stay as they are on
    the whole are not listed.
    """
    out: list[ClassChange] = []
    for method in dict.fromkeys(c.method for c in counts):
        mine = [c for c in counts if c.method == method]
        moved = np.stack([c.fixed - c.broken for c in mine])  # (maps, k)
        points = 100 * moved.mean(axis=0) / mine[0].n  # (k,)
        order = np.argsort(points, kind="stable")
        losing = [i for i in order[:listed] if points[i] < 0]
        gaining = [i for i in order[::-1][:listed] if points[i] > 0]
        out += [
            ClassChange(
                method=method,
                label=int(mine[0].classes[i]),
                n=int(mine[0].n[i]),
                change_points=float(points[i]),
                maps_gaining=int((moved[:, i] > 0).sum()),
                maps_losing=int((moved[:, i] < 0).sum()),
                maps=len(mine),
            )
            for i in (*gaining, *losing)
        ]
    return out


def write_classes(counts: Sequence[ClassCounts], path: Path) -> Path:
    """Write ``per_class.parquet``: one row per hybrid and class."""
    columns: dict[str, Any] = {
        name: [getattr(c, name) for c in counts for _ in c.classes]
        for name in ("method", "source", "target")
    }
    none = np.zeros(0, np.int64)
    for name, field in {"label": "classes", **{name: name for name in COLUMNS}}.items():
        found = [(getattr(c, field), len(c.classes)) for c in counts]
        if any(each is None for each, _ in found):  # a list, since arrays hold no None
            columns[name] = [
                v for each, k in found for v in ([None] * k if each is None else each.tolist())
            ]
        else:
            columns[name] = np.concatenate([none, *(each for each, _ in found)])
    return write_table(write_parquet, columns, path)
