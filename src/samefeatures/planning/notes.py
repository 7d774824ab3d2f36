"""What a person must know of a plan: what does not fit, and what its figures rest on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from samefeatures.features.place import Root
from samefeatures.planning.disks import Disk
from samefeatures.planning.extent import Extent
from samefeatures.planning.machine import busy
from samefeatures.planning.rates import FeatureRates
from samefeatures.planning.words import size


def warnings_of(
    extent: Extent,
    *,
    disks: Sequence[Disk],
    memory: int,
    machine: int | None,
    advice: str | None = None,
) -> Iterator[str]:
    """What this machine does not have, and what to do.

    Args:
        extent: Of the study.
        disks: What is still to be written, and where.
        memory: Bytes at the peak.
        machine: Bytes that it has; None where it is not known.
        advice: What to do where a disk is short; by default what a study file can do.
    """
    if advice is None and extent.stored and extent.seen:
        advice = (
            "'store: false' in the study file keeps no features (maps only), fewer networks or "
            "images need less, or choose another --out or 'store'"
        )
    for disk in (disk for disk in disks if disk.is_short):
        yield (
            f"Disk: {size(disk.needed)} are needed and {size(disk.free or 0)} are free at "
            f"{disk.place}. {advice or 'Take fewer networks or methods, or another --out'}."
        )
    if machine is not None and memory > machine:
        yield (
            f"Memory: {size(memory)} are needed at the peak and this machine has {size(machine)}. "
            f"Moments grow with the square of the {extent.sizes.total:,} features: take fewer "
            "networks, or split the study."
        )


def notes_of(
    extent: Extent, features: FeatureRates, *, root: Root, algebra_device: str
) -> Iterator[str]:
    """What a reader must know about the figures.

    Args:
        extent: Of the study.
        features: As measured.
        root: Where features go.
        algebra_device: Where algebra was measured.
    """
    if isinstance(root, str):
        yield (
            f"Features go to {root}, which was not measured: writing and reading are those of this "
            "machine's disk. Nobody told how much room is there."
        )
    for name, rows in features.halved.items():
        yield f"{name}: memory ran out; measured with batches of {rows}, as a run would go on."
    if algebra_device != "cpu":
        yield (
            f"Algebra runs on {algebra_device}, as measured; the moments take "
            f"{size(extent.moment_bytes)} of its memory."
        )
    if (load := busy()) is not None:
        yield (
            f"This machine is busy (load {load:.1f}): times are longer than they would be if it "
            "had nothing else to do."
        )
    slow = [name for name, rate in features.forward.items() if rate < 1]
    if slow:
        yield f"Under one row a second, so measured on few: {', '.join(slow)}."
