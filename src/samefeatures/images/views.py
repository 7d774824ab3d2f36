"""Random regions of an image: the same for every network, whatever its input size."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from samefeatures.base.errors import ConfigError

MOST_VIEWS = 1_000
"""Crops of one image; they are held in memory together."""


@dataclass(frozen=True, slots=True)
class Region:
    """A part of an image in fractions of its width and height, and whether it is mirrored."""

    left: float
    top: float
    right: float
    bottom: float
    flip: bool = False

    def box(self, width: int, height: int) -> tuple[float, float, float, float]:
        """Left, upper, right, lower in pixels; fractional, as Pillow's resize takes it."""
        return self.left * width, self.top * height, self.right * width, self.bottom * height


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """``count`` random crops per image, drawn as in torchvision's RandomResizedCrop.

    The draw depends on the seed, the image's id and the number of the view alone: not on the
    order of the images, nor on the network.

    Attributes:
        count: Crops per image, from 1 to ``MOST_VIEWS``.
        seed: Changes all of them.
        scale: Smallest and largest share of the image's area.
        ratio: Smallest and largest width / height of the crop.
        flip: Whether half of the crops are mirrored.
    """

    count: int
    seed: int = 0
    scale: tuple[float, float] = (0.35, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)
    flip: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST_VIEWS:
            raise ConfigError(
                f"views is {self.count}; it must be from 1 to {MOST_VIEWS:,}. Leave it out for the "
                "plain centre crop."
            )
        if not 0 < self.scale[0] <= self.scale[1] <= 1:
            raise ConfigError(
                f"The scale of the views is {self.scale}; it must be two shares of the image's "
                "area, above 0, at most 1, the smaller first."
            )
        if not 0 < self.ratio[0] <= self.ratio[1]:
            raise ConfigError(
                f"The ratio of the views is {self.ratio}; it must be two positive numbers, "
                "the smaller first."
            )

    def as_dict(self) -> dict[str, object]:
        """Plain values, for cache keys and reports."""
        return asdict(self)

    def region(self, image_id: str, view: int, width: int, height: int) -> Region:
        """The region of one view of one image of the given size in pixels."""
        key = hashlib.blake2b(f"{self.seed}\n{view}\n{image_id}".encode(), digest_size=16).digest()
        rng = np.random.Generator(np.random.PCG64(int.from_bytes(key, "little")))
        flip = bool(rng.random() < 0.5) and self.flip
        low, high = (math.log(r) for r in self.ratio)
        for _ in range(10):
            area = rng.uniform(*self.scale)  # share of the image
            aspect = math.exp(rng.uniform(low, high)) * height / width  # in fractions
            w, h = math.sqrt(area * aspect), math.sqrt(area / aspect)
            if w <= 1 and h <= 1:
                left, top = rng.uniform(0, 1 - w), rng.uniform(0, 1 - h)
                return Region(left, top, left + w, top + h, flip)
        # As torchvision: when ten draws do not fit, the largest centre crop of allowed shape.
        aspect = min(max(width / height, self.ratio[0]), self.ratio[1]) * height / width
        w, h = min(1.0, aspect), min(1.0, 1 / aspect)
        return Region((1 - w) / 2, (1 - h) / 2, (1 + w) / 2, (1 + h) / 2, flip)


def rows_per_image(views: Views | None) -> int:
    """Rows that an image gives: one for every view, or one."""
    return views.count if views else 1


def regions_of(
    views: Views | None, image_id: str, size: tuple[int, int]
) -> Sequence[Region | None]:
    """What is taken of an image of (width, height) pixels; None is the evaluation crop."""
    if views is None:
        return [None]
    return [views.region(image_id, view, *size) for view in range(views.count)]
