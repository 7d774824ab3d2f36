"""What a measure is, and where measures are found."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from samefeatures.algebra import HOST, Algebra
from samefeatures.base.parts import Parts
from samefeatures.joint.views import SecondMoments
from samefeatures.maps.sizes import Sizes
from samefeatures.similarity.mapped import Mapped

Judges = Literal["map", "spaces"]
Reads = Literal["moments", "norms", "rows"]


class Measure(ABC):
    """One number of how near two feature spaces are: a ``MapMeasure``, a ``SpaceMeasure`` or a
    ``RowMeasure``.

    A new one is one file in ``similarity/measures``, or an entry point of the group
    ``samefeatures.measures`` in another package; nothing else names it. It is handed moments, or
    rows, and does not ask of what: of held-out rows, or of what other spaces leave of them.

    Attributes:
        name: In study files, and of its column in the results.
        place: Among the measures of a study that names none; None where it is not one of them.
        judges: A map, or two spaces whatever maps there are.
        reads: Moments of the features; beside them those of ``samefeatures.joint.norms``; or a
            sample of the rows.
        label: In tables.
        says: What it is, in a few words.
        symmetric: Whether both directions have the same value, which then is taken once.
        same: Its value where nothing could be nearer.
        apart: Its value where nothing is shared, on the scale that tables are shaded by; up is
            towards ``same``. It may lie beyond: worse than nothing. Without a scale it is NaN.
    """

    name: ClassVar[str]
    place: ClassVar[int | None] = None
    judges: ClassVar[Judges]
    reads: ClassVar[Reads] = "moments"
    label: ClassVar[str]
    says: ClassVar[str]
    symmetric: ClassVar[bool] = False
    same: ClassVar[float] = 1.0
    apart: ClassVar[float] = 0.0

    @abstractmethod
    def work(self, sizes: Sizes) -> float:
        """Multiply-adds of all that a study of these sizes asks for."""


class MapMeasure(Measure):
    """How near a map brings the source's features to the target's; it has the map's direction."""

    judges = "map"

    @abstractmethod
    def value(self, mapped: Mapped) -> float:
        """Of one map; NaN where it says nothing. What ``Mapped`` holds is taken already."""

    def work(self, sizes: Sizes) -> float:  # noqa: ARG002
        """None that counts, beside what ``Mapped`` takes once for all measures."""
        return 0.0


class SpaceMeasure(Measure):
    """How near two spaces are, whatever map is between them."""

    judges = "spaces"
    symmetric = True

    @abstractmethod
    def value(self, moments: SecondMoments, a: str, b: str, *, algebra: Algebra = HOST) -> float:
        """Of two spaces; NaN where it says nothing.

        Args:
            moments: Of both, blocks (d_a, d_a), (d_a, d_b) and (d_b, d_b). Where norms are read,
                of the spaces ``norm_of`` a and b too, (1, 1) with each other.
            a: Name of the source.
            b: Name of the target.
            algebra: Where.
        """


class RowMeasure(Measure):
    """How near two spaces are by what moments do not hold: a sample of the rows is read.

    Rows are those of at most so many images (``samefeatures.features.sample``), in a random order.
    """

    judges = "spaces"
    reads = "rows"
    symmetric = True

    @abstractmethod
    def of_rows(self, rows: npt.NDArray[np.floating[Any]], *, algebra: Algebra = HOST) -> Any:
        """What ``value`` needs of one space, taken once: small, since all spaces' are held.

        Args:
            rows: (m, d) of the sample, row i of every space the same image.
            algebra: Where.
        """

    @abstractmethod
    def value(self, a: Any, b: Any) -> float:
        """Of two spaces, source and target, by what ``of_rows`` gave of them; NaN where it says
        nothing."""


MEASURES: Parts[MapMeasure | SpaceMeasure | RowMeasure] = Parts(
    kind="measure",
    bases=(MapMeasure, SpaceMeasure, RowMeasure),
    package="samefeatures.similarity.measures",
    group="samefeatures.measures",
)
