"""What the parts of a study were: networks, methods, measures, fits, images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from samefeatures.base.brief import brief
from samefeatures.images.taking import Listed

if TYPE_CHECKING:
    from samefeatures.similarity import Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSummary:
    """A row of Table 5.1 for one network of the study.

    ``classes`` is None for a network without a head; ``top1`` and ``top5`` are NaN then, and where
    the eval set has no labels.
    """

    name: str
    source: str
    feature_dim: int
    classes: int | None
    parameters: int | None
    preprocessing: Mapping[str, Any] | None
    fingerprint: str
    top1: float
    top5: float
    effect: Mapping[str, Any] | None = None
    """What mixed precision or compilation changes in its features; fields of ``Effect``."""

    def __repr__(self) -> str:
        return brief(
            self,
            name=self.name,
            source=self.source,
            feature_dim=self.feature_dim,
            classes=self.classes,
            top1=self.top1,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodSummary:
    """A method and its options, e.g. ``ridge`` with ``alpha``.

    Attributes:
        name: Its label in the study; the cells carry it.
        options: By name.
        kind: The method itself, where the label is another word; else None.
        uses: What decides its maps: ``images``, ``heads`` or ``nothing``.
    """

    name: str
    options: Mapping[str, Any]
    kind: str | None = None
    uses: str = "images"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureSummary:
    """A measure of the study, as its tables name and shade it.

    Attributes:
        name: Its column in the results.
        label: In tables.
        says: What it is.
        judges: ``map`` or ``spaces``: whether it differs from method to method.
        same: Its value where nothing could be nearer.
        apart: Its value where nothing is shared; NaN without a scale.
        asked: Whether the study asks for it by name beside those that every study has.
    """

    name: str
    label: str
    says: str
    judges: str
    same: float
    apart: float
    asked: bool

    @classmethod
    def of(cls, measure: type[Measure]) -> MeasureSummary:
        """As the measure says it of itself."""
        return cls(
            name=measure.name,
            label=measure.label,
            says=measure.says,
            judges=measure.judges,
            same=measure.same,
            apart=measure.apart,
            asked=measure.place is None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FitSummary:
    """What the solver said of one map.

    Attributes:
        rank: Rank of the matrix that was inverted.
        full_rank: What the rank would have to be.
        condition: Its condition number, as the method defines it.
        note: One sentence where something needs saying, else empty.
        steps: Passes or batches of an iterative fit.
        loss: What an iterative fit ended with.
        alpha: The strength that was chosen for this map, where it was.
        path: Every strength that was compared, with the share of the target's squares that held-out
            rows are left with at it.
    """

    method: str
    source: str
    target: str
    rank: int | None = None
    full_rank: int | None = None
    condition: float | None = None
    note: str = ""
    steps: int | None = None
    loss: float | None = None
    alpha: float | None = None
    path: tuple[tuple[float, float], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassChange:
    """A class that gains or loses much under the maps of a method.

    Attributes:
        label: Class index.
        n: Eval images of the class.
        change_points: Mean over the maps of the hybrid's accuracy on the class minus the target
            network's, in points.
        maps_gaining: Maps under which more images of the class are right than in the target.
        maps_losing: Maps under which fewer are.
        maps: All maps of the method.
    """

    method: str
    label: int
    n: int
    change_points: float
    maps_gaining: int
    maps_losing: int
    maps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """An image that could not be read, and why."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveSummary:
    """The loss of an iterative fit, thinned out.

    Attributes:
        unit: What a step is: ``batch`` or ``pass``.
        at: Numbers of steps, from 1.
        loss: Mean loss over the steps after the number before, up to this one.
    """

    method: str
    source: str
    target: str
    unit: str
    at: tuple[int, ...]
    loss: tuple[float, ...]

    def __repr__(self) -> str:
        return brief(
            self,
            method=self.method,
            source=self.source,
            target=self.target,
            unit=self.unit,
            points=len(self.at),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSummary:
    """An image set of the study.

    Attributes:
        images: Images listed.
        rows: Feature rows used: images that could be read times views.
        views: Random crops per image, or None for the plain centre crop.
        upright: Whether EXIF orientations were applied: in all of its parts, in none, or (None)
            in some.
        taken: Images that listings of folders and archives took; None where there was none.
        passed_over: How much they passed over, by ending or reason.
        commonest: Rows of the most frequent class, of an eval set; None in results of earlier
            versions.
    """

    name: str
    images: int
    rows: int
    fingerprint: str
    views: Mapping[str, Any] | None = None
    left_out: tuple[LeftOut, ...] = ()
    upright: bool | None = True
    taken: int | None = None
    passed_over: Mapping[str, int] = field(default_factory=dict)
    commonest: int | None = None

    def __repr__(self) -> str:
        return brief(
            self, name=self.name, images=self.images, rows=self.rows, left_out=len(self.left_out)
        )

    @property
    def exif(self) -> str:
        """What was done with EXIF orientations, where there may be some."""
        if self.upright:
            return "images with an EXIF orientation are turned upright"
        where = "" if self.upright is False else ", in some of the parts"
        return f"EXIF orientations are ignored{where}"

    @property
    def listing(self) -> str:
        """``took 4,000 images; passed over 12 .txt``, or nothing where no files were listed."""
        return "" if self.taken is None else str(Listed(self.taken, self.passed_over))
