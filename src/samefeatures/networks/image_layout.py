"""How a network takes its images: where the channels are, and which sizes are fixed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from samefeatures.base.arrays import Float32
from samefeatures.base.errors import NetworkError, SplitError


@dataclass(frozen=True, slots=True)
class ImageLayout:
    """The shape of a network's image input.

    Attributes:
        channels_last: Whether it is (b, h, w, 3) instead of (b, 3, h, w).
        batch: Images per run where the network fixes it, else None.
        size: (height, width); None where the network leaves a side open.
    """

    channels_last: bool
    batch: int | None
    size: tuple[int | None, int | None]

    @classmethod
    def of(cls, dims: Sequence[int | None] | None, *, source: str) -> ImageLayout:
        """Read the layout from the shape of a Keras or TensorFlow input.

        Channels are where the shape says 3; where it leaves both places open, they come last.

        Args:
            dims: The shape, None for an open side; None if the network says nothing of it.
            source: For messages.

        Raises:
            NetworkError: when it is not the shape of RGB images, or both places say 3.
        """
        sides = [None] * 4 if dims is None else list(dims)
        shape = f"({', '.join(str(side or '?') for side in sides)})"
        if len(sides) != 4:
            raise NetworkError(f"{source} takes an input {shape}; (b, h, w, 3) is needed.")
        first, last = sides[1] == 3, sides[3] in (3, None)
        if first and sides[3] == 3:
            raise NetworkError(
                f"{source} takes an input {shape}; channels could be first or last. Save it with "
                "other or open sides."
            )
        if not first and not last:
            raise NetworkError(
                f"{source} takes an input {shape}; it must have 3 channels, since images are "
                "turned into RGB."
            )
        size = (sides[2], sides[3]) if first else (sides[1], sides[2])
        return cls(not first, sides[0], size)

    def fields(self) -> dict[str, object]:
        """``input_size`` for the preprocessing, where the network fixes it."""
        height, width = self.size
        return {} if height is None or width is None else {"input_size": [3, height, width]}

    def check_size(self, height: int, width: int, *, source: str) -> None:
        """Raise a NetworkError if the preprocessing makes images of another size."""
        if any(
            own not in (None, came) for own, came in zip(self.size, (height, width), strict=True)
        ):
            own = " x ".join(str(side or "any") for side in self.size)
            raise NetworkError(
                f"{source} takes images of {own} pixels, but its preprocessing makes {height} x "
                f"{width}. Set input_size to "
                f"[3, {self.size[0] or height}, {self.size[1] or width}]."
            )

    def run(self, network: Callable[[Float32], Float32], images: Float32) -> Float32:
        """Feed (b, 3, h, w) images in the network's own layout; in its output the batch is first.

        A network with a fixed batch size runs in pieces of that size, the last one filled with
        zeros.
        """
        if self.channels_last:
            images = images.transpose(0, 2, 3, 1)  # (b, h, w, 3)
        images = np.ascontiguousarray(images, np.float32)
        if self.batch is None:
            return network(images)
        parts = []
        for start in range(0, len(images), self.batch):
            piece = images[start : start + self.batch]
            empty = np.zeros((self.batch - len(piece), *piece.shape[1:]), np.float32)
            parts.append(network(np.concatenate([piece, empty]))[: len(piece)])
        return np.concatenate(parts)


def as_rows(out: Float32, rows: int, dim: int, *, layer: str, found: str, source: str) -> Float32:
    """(b, dim) from a head's input, which may have sides of 1.

    Raises:
        SplitError: when it is not one vector per image.
    """
    if len(out) != rows or out.size != rows * dim:
        raise SplitError(
            f"{source}: '{layer}' takes {out.shape} for {rows} images, not one vector of {dim} per "
            f"image. Its features are not pooled; the last layers are: {found}."
        )
    return np.asarray(out.reshape(rows, dim), np.float32)
