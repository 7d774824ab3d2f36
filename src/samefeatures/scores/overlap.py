"""Which images two networks and their hybrid label correctly: the paper's section 5.2, Figure 5."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import compress
from pathlib import Path

import numpy as np

from samefeatures.base.arrays import Bool, Int32, Int64
from samefeatures.base.border import border
from samefeatures.base.brief import brief
from samefeatures.base.errors import FileError, NoFileError, StoreError
from samefeatures.base.files import write_whole, writing
from samefeatures.base.records import record
from samefeatures.base.removal import remove_folder
from samefeatures.base.sealed import read_sealed, write_sealed
from samefeatures.base.shown import guarded
from samefeatures.base.strict import check_name

REGIONS: Mapping[str, tuple[bool, bool, bool]] = {
    "all three": (True, True, True),
    "source and hybrid": (True, False, True),
    "target and hybrid": (False, True, True),
    "source and target": (True, True, False),
    "source alone": (True, False, False),
    "target alone": (False, True, False),
    "hybrid alone": (False, False, True),
    "none": (False, False, False),
}
"""Who labels an image correctly: source network, target network, hybrid."""

LISTS: Mapping[str, tuple[str, ...]] = {
    "fixed": ("source and hybrid", "hybrid alone"),
    "broken": ("source and target", "target alone"),
    "lost": ("source and target",),
    "common": ("all three",),
}
"""What each list of images is made of. ``lost`` is the part of ``broken`` that both networks know:
there the map alone is to blame."""

FORMAT = 2
RECORD = "overlap.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An image of the gallery.

    Attributes:
        id: Of the image.
        kind: ``fixed`` or ``broken``.
        label: True class.
        source_says: Class that the source network predicts.
        target_says: Class that the target network predicts.
        hybrid_says: Class that the hybrid predicts.
        picture: A ``data:`` URI, or empty where the image could not be read.
        problem: Why not; else empty.
    """

    id: str
    kind: str
    label: int
    source_says: int
    target_says: int
    hybrid_says: int
    picture: str = ""
    problem: str = ""

    def __repr__(self) -> str:
        return brief(
            self, id=self.id, kind=self.kind, label=self.label, hybrid_says=self.hybrid_says
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """One direction of a pair: source and target network, and the hybrid between them.

    Attributes:
        n: Eval images.
        regions: Images in each of ``REGIONS``; they sum to n.
        gallery: Some of the fixed and broken images; empty where none were asked for.
        images: How many of each the gallery may show.
        asked: Whether somebody asked for this pair; else it is shown as the most telling one.
    """

    method: str
    source: str
    target: str
    n: int
    regions: Mapping[str, int]
    gallery: tuple[Shown, ...] = ()
    images: int = 0
    asked: bool = True

    def __repr__(self) -> str:
        return brief(
            self,
            method=self.method,
            source=self.source,
            target=self.target,
            n=self.n,
            fixed=self.count("fixed"),
            broken=self.count("broken"),
        )

    def count(self, name: str) -> int:
        """Images of a list, or of a region."""
        return sum(self.regions[region] for region in LISTS.get(name, (name,)))

    def correct(self, who: str) -> int:
        """Images that ``source``, ``target`` or ``hybrid`` labels correctly."""
        place = ("source", "target", "hybrid").index(who)
        return sum(self.regions[name] for name, right in REGIONS.items() if right[place])


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Predicted:
    """Predictions of one direction, image by image.

    Attributes:
        ids: (n,) of the eval images.
        labels: (n,) int64.
        source_says: (n,) predicted by the source network.
        target_says: (n,) by the target network.
        hybrid_says: (n,) by the hybrid.
    """

    method: str
    source: str
    target: str
    ids: Sequence[str]
    labels: Int64
    source_says: Int32
    target_says: Int32
    hybrid_says: Int32

    def inside(self, name: str) -> Bool:
        """(n,) whether an image belongs to a region or a list."""
        says = (self.source_says, self.target_says, self.hybrid_says)
        right = np.stack([np.asarray(predicted == self.labels) for predicted in says], axis=1)
        regions = [REGIONS[region] for region in LISTS.get(name, (name,))]  # of (n, 3)
        inside: Bool = np.any([(right == region).all(axis=1) for region in regions], axis=0)
        return inside

    def overlap(
        self, gallery: Sequence[Shown] = (), *, images: int = 0, asked: bool = True
    ) -> Overlap:
        """Its counts."""
        return Overlap(
            method=self.method,
            source=self.source,
            target=self.target,
            n=len(self.labels),
            regions={name: int(self.inside(name).sum()) for name in REGIONS},
            gallery=tuple(gallery),
            images=images,
            asked=asked,
        )


def overlap_folder(out: Path, method: str, source: str, target: str) -> Path:
    """Where everything about one direction lies, in the folder of a study."""
    return out / "overlap" / method / f"{source}--{target}"


def save_overlap(overlap: Overlap, predicted: Predicted, out: Path) -> Path:
    """Write the counts, the gallery and the lists; returns their folder.

    Raises:
        StoreError: when the folder can't be written.
    """
    folder = overlap_folder(out, overlap.method, overlap.source, overlap.target)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        _write_lists(predicted, folder)
        write_sealed(folder / RECORD, {"format": FORMAT, **asdict(overlap)})
    return folder


def remove_overlap(overlap: Overlap, out: Path) -> None:
    """Remove what ``save_overlap`` wrote, and nothing else.

    Raises:
        StoreError: when the folder leads out of the study's, or can't be written.
    """
    folder = overlap_folder(out, overlap.method, overlap.source, overlap.target)
    with writing(folder):  # the record last: a run that is stopped goes on with the others
        remove_folder(folder, [*(f"{name}.csv" for name in LISTS), RECORD], within=out)


def _write_lists(predicted: Predicted, folder: Path) -> None:
    """``fixed.csv``, ``broken.csv``, ``lost.csv`` and ``common.csv``: ids and classes."""
    says = (predicted.source_says, predicted.target_says, predicted.hybrid_says)
    classes = (column.tolist() for column in (predicted.labels, *says))
    rows = list(zip(map(guarded, predicted.ids), *classes, strict=True))
    for name in LISTS:
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(["id", "label", "source_says", "target_says", "hybrid_says"])
        table.writerows(compress(rows, predicted.inside(name)))
        write_whole(folder / f"{name}.csv", text.getvalue().encode("utf-8", "surrogateescape"))


def load_overlaps(out: Path) -> list[Overlap]:
    """All overlaps in the folder of a study, by name.

    Raises:
        StoreError: when one can't be read.
    """
    found = []
    for path in sorted((out / "overlap").glob("*/*/overlap.json")):
        try:
            found.append(_load(path, out))
        except NoFileError:  # another process has just removed it
            continue
        except FileError as error:
            raise StoreError(
                f"{path} is not an overlap of this version ({error}). Delete it, or write it again "
                "with: samefeatures overlap"
            ) from None
    return found


def _load(path: Path, out: Path) -> Overlap:
    with border():
        raw = read_sealed(path)
        if raw.pop("format") != FORMAT:
            raise FileError("another format")
        overlap = record(Overlap, raw)
        regions = overlap.regions
        if set(regions) != set(REGIONS) or sum(regions.values()) != overlap.n or overlap.n < 1:
            raise FileError("its regions are not those of its images")
        _check_place(overlap, path.parent, out)
        return overlap


def _check_place(overlap: Overlap, folder: Path, out: Path) -> None:
    """Names in a file are followed no further than to that file."""
    names = {"method": overlap.method, "source": overlap.source, "target": overlap.target}
    for what, name in names.items():
        check_name(name, f"the {what}")
    if folder != overlap_folder(out, **names):
        raise FileError("it is of another method or other networks than its place says")
