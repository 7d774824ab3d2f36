"""A graph that was cut at its head: what the backends of ONNX, Keras and TensorFlow share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np

from samefeatures.base.arrays import Float32
from samefeatures.base.errors import NetworkError, SplitError
from samefeatures.images.preprocess import Preprocessing
from samefeatures.networks.memory import run_error
from samefeatures.networks.proof import Claim, probe_images, prove
from samefeatures.networks.record import Head, ImageNetwork

Run = Callable[[Float32], Float32]
"""Images in a graph's own layout to one of its tensors, in which the batch is first."""


@dataclass(frozen=True, slots=True)
class ImageLayout:
    """The shape of a graph's image input.

    Attributes:
        channels_last: Whether it is (b, h, w, 3) instead of (b, 3, h, w).
        batch: Images per run where the graph fixes it, else None.
        size: (height, width); None where the graph leaves a side open.
        bgr: Whether channels come in the order blue, green, red; that of preprocessing is red,
            green, blue.
    """

    channels_last: bool
    batch: int | None
    size: tuple[int | None, int | None]
    bgr: bool = False

    @classmethod
    def of(
        cls, dims: Sequence[int | None] | None, *, source: str, last: bool, bgr: bool = False
    ) -> ImageLayout:
        """Read the layout from the shape of an input.

        Args:
            dims: The shape, None for an open side; None if the graph says nothing of it.
            source: For messages.
            last: Whether channels come last where the shape does not say 3 at the other place.
            bgr: Their order.

        Raises:
            NetworkError: when it is not the shape of RGB images, or both places say 3.
        """
        sides = [None] * 4 if dims is None else list(dims)
        shape = f"({', '.join(str(side or '?') for side in sides)})"
        if len(sides) != 4:
            wanted = "(b, h, w, 3)" if last else "(b, 3, h, w)"
            raise NetworkError(f"{source} takes an input {shape}; {wanted} is needed.")
        usual, other = (sides[3], sides[1]) if last else (sides[1], sides[3])
        if usual == other == 3:
            raise NetworkError(
                f"{source} takes an input {shape}; channels could be first or last. Save it with "
                "other or open sides."
            )
        if usual not in (3, None) and other != 3:
            raise NetworkError(
                f"{source} takes an input {shape}; it must have 3 channels, since images are "
                "turned into RGB."
            )
        last = last != (other == 3)
        size = (sides[1], sides[2]) if last else (sides[2], sides[3])
        return cls(last, sides[0], size, bgr)

    def fields(self) -> dict[str, object]:
        """``input_size`` for the preprocessing, where the graph fixes it."""
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

    def run(
        self, graph: Run, images: Float32, *, source: str, lanes: Lanes | None = None
    ) -> Float32:
        """Feed (b, 3, h, w) images to a graph; in its output (b, …) the batch is first.

        A graph with a fixed batch size runs in pieces of that size, the last one filled with zeros;
        any other in one piece for each of ``lanes``.

        Raises:
            OutOfMemoryError: when the batch does not fit into memory.
            NetworkError: when the graph fails.
        """
        came = images[:, ::-1] if self.bgr else images
        if self.channels_last:
            came = came.transpose(0, 2, 3, 1)  # (b, h, w, 3)
        came = np.ascontiguousarray(came, np.float32)
        lanes = lanes or Lanes()
        step = self.batch or max(1, -(-len(came) // lanes.count))

        def part(start: int) -> Float32:
            piece = came[start : start + step]
            lacks = step - len(piece) if self.batch else 0
            empty = np.zeros((lacks, *piece.shape[1:]), np.float32)
            return graph(np.concatenate([piece, empty]) if lacks else piece)[: len(piece)]

        try:
            parts = lanes.map(part, range(0, max(1, len(came)), step))
        except Exception as error:  # each runtime has errors of its own
            raise run_error(error, images.shape, source=source) from None
        return np.concatenate(parts) if len(parts) > 1 else parts[0]


@dataclass(frozen=True, slots=True, eq=False)
class Lanes:
    """Runs pieces of a batch side by side, each in a thread of its own.

    Runtimes that share out every operation among threads make these wait for each other: where
    images are small, two lanes of one thread each are about twice as fast as one of two.
    """

    count: int = 1
    pool: ThreadPoolExecutor | None = None

    @classmethod
    def open(cls, count: int) -> Lanes:
        """So many, with their threads."""
        return cls(count, ThreadPoolExecutor(count) if count > 1 else None)

    def map(self, part: Callable[[int], Float32], starts: Sequence[int]) -> list[Float32]:
        """``part`` of each, (b, …), in order; an error of one is raised."""
        if self.pool is None or len(starts) == 1:
            return [part(start) for start in starts]
        return list(self.pool.map(part, starts))


@dataclass(frozen=True, eq=False, kw_only=True)
class GraphBackend:
    """Runs a graph up to its head.

    Attributes:
        runtime: Library and version that run it.
        source: For messages.
        layout: Of its input.
        head: What was cut off.
        claim: What is claimed of the split.
        run: Gives the head's input: (b, d), or with sides of 1.
        lanes: How many pieces of a batch run at a time.
    """

    runtime: str
    source: str
    layout: ImageLayout
    head: Head
    claim: Claim
    run: Run
    lanes: Lanes = field(default_factory=Lanes)

    def features(self, images: Float32) -> Float32:
        """(b, 3, h, w) preprocessed images to (b, d) features.

        Raises:
            NetworkError: when the runtime fails; ``OutOfMemoryError`` where memory ran out.
            SplitError: when the head's input is not one vector per image.
        """
        out = self.layout.run(self.run, images, source=self.source, lanes=self.lanes)
        rows, dim = len(images), self.head.dim
        if len(out) != rows or out.size != rows * dim:
            raise SplitError(
                f"{self.source}: '{self.claim.layer}' takes {out.shape} for {rows} images, not one "
                f"vector of {dim} per image. Its features are not pooled; the last layers are: "
                f"{self.claim.found}."
            )
        return np.asarray(out.reshape(rows, dim), np.float32)

    def proved(
        self,
        whole: Run,
        *,
        name: str,
        preprocessing: Preprocessing,
        fingerprint: str,
        parameters: int,
    ) -> ImageNetwork:
        """The network, once head(features(x)) was held against it.

        Args:
            whole: Gives the network's own output, (b, classes) or with sides of 1.
            name: Short name.
            preprocessing: Of its images.
            fingerprint: Hex digest.
            parameters: Number of trained numbers.

        Raises:
            SplitError: when they differ, or the output has not one row per image.
        """

        def network(images: Float32) -> Float32:
            out = self.layout.run(whole, images, source=self.source)
            if len(out) != len(images):
                raise SplitError(
                    f"{self.source} gives {out.shape} for {len(images)} images. Its batch must be "
                    "first in what it takes and gives."
                )
            return out.reshape(len(images), -1)

        probe = probe_images(preprocessing)
        together = replace(self, lanes=Lanes())  # pieces would hide that images mix
        split = prove(self.claim, self.head, together.features, network, probe, source=self.source)
        return ImageNetwork(
            name=name,
            source=self.source,
            head=self.head,
            preprocessing=preprocessing,
            fingerprint=fingerprint,
            parameters=parameters,
            backend=self,
            split=split,
        )
