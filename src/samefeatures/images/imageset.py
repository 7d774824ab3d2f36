"""An image set: ordered ids, labels, a fingerprint, and a way to read image i."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from PIL import Image

from samefeatures.base.arrays import Int64
from samefeatures.base.brief import brief
from samefeatures.base.digests import digest
from samefeatures.base.errors import DataError, DuplicateIdError
from samefeatures.images.taking import Listed

Raw = bytes | Image.Image
"""What a source hands over: the file's bytes, or an image that it decoded itself."""


def image_id(name: str, *, part: str | None = None, view: int | None = None) -> str:
    """The id of an image, or of one view of it, in a study: ``[PART/]NAME[#VIEW]``.

    Args:
        name: Its id in its own set.
        part: Name of that set, where the study joins several.
        view: Number of the view, where the study takes some of every image.
    """
    whole = name if part is None else f"{part}/{name}"
    return whole if view is None else f"{whole}#{view}"


def numbered(n: int) -> list[str]:
    """Ids of images that have none: their numbers, with leading zeros."""
    return [str(i).zfill(len(str(n - 1))) for i in range(n)]


def without_view(image: str) -> str:
    """The id that all views of an image share."""
    return re.sub(r"#\d+$", "", image)


@dataclass(frozen=True, slots=True, eq=False)
class ImageSet:
    """Images in a fixed order.

    Attributes:
        name: Short name for messages and reports.
        ids: One unique string per image; for files the path below the root, with ``/``.
        labels: (n,) int64 class indices, or None when the set has no labels.
        fingerprint: Hex digest that changes whenever an id or an image changes.
        read: ``read(i)`` returns image i, undecoded where possible. Called from many threads.
        labelled_fingerprint: Hex digest that changes with a label too; None without labels.
        listed: What was taken and what was passed over, where files were listed.
        in_order: How many class names were numbered in sorted order, if labels come from that.
        label_names: Names by label, where labels came as names; empty where they did not.
        upright: Whether EXIF orientations are applied.
        folders: Of each image the class folder, where that is not the first folder of its id.
    """

    name: str
    ids: Sequence[str]
    labels: Int64 | None
    fingerprint: str
    read: Callable[[int], Raw]
    labelled_fingerprint: str | None = None
    listed: Listed | None = None
    in_order: int | None = None
    folders: Sequence[str] | None = None
    label_names: Mapping[int, str] = field(default_factory=dict)
    upright: bool = True

    def __repr__(self) -> str:
        return brief(self, name=self.name, images=len(self.ids), labelled=self.labels is not None)

    @classmethod
    def of(
        cls,
        *content: str | bytes,
        name: str,
        ids: Sequence[str],
        labels: Int64 | None,
        read: Callable[[int], Raw],
        listed: Listed | None = None,
        in_order: int | None = None,
        folders: Sequence[str] | None = None,
        label_names: Mapping[int, str] | None = None,
    ) -> Self:
        """A set whose fingerprints are made of ``content``: whatever tells its images apart.

        ``labels`` are (n,) class indices, or None.
        """
        labelled = None if labels is None else digest(*content, labels.tobytes())
        plain = digest(*content, b"")
        return cls(
            name,
            ids,
            labels,
            plain,
            read,
            labelled,
            listed=listed,
            in_order=in_order,
            folders=folders,
            label_names=label_names or {},
        )

    def __post_init__(self) -> None:
        if not self.ids:
            raise DataError(f"The image set '{self.name}' is empty. Check its path and its filter.")
        if self.labels is not None and self.labels.shape != (len(self.ids),):
            raise DataError(
                f"The image set '{self.name}' has {len(self.ids)} ids but labels of shape "
                f"{self.labels.shape}. Give one label per image."
            )
        if len(set(self.ids)) != len(self.ids):
            twice = [name for name, count in Counter(self.ids).items() if count > 1]
            raise DuplicateIdError(
                f"The image set '{self.name}' has {len(twice)} ids more than once, among them "
                f"{', '.join(twice[:5])}. Ids tell rows apart; make them unique."
            )

    def __len__(self) -> int:
        return len(self.ids)
