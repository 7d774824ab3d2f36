"""The figures that the thesis and the paper print, each with as many digits as are printed."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

Pair = tuple[str, str]
"""(source, target)."""


@dataclass(frozen=True, slots=True)
class Printed:
    """A number as printed.

    Attributes:
        text: As it stands there, e.g. ``-11.6``.
    """

    text: str

    @property
    def value(self) -> float:
        return float(self.text)

    @property
    def digits(self) -> int:
        """Decimals that are printed."""
        return len(self.text.partition(".")[2])

    @property
    def span(self) -> tuple[float, float]:
        """All values that round to it."""
        half = 0.5 * 10.0**-self.digits
        return self.value - half, self.value + half


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedNetwork:
    """A row of the thesis' Table 5.1: percents, pixels, and millions of parameters."""

    name: str
    reported_top1: Printed
    reported_crop: int
    local_top1: Printed
    local_crop: int
    feature_dim: int
    params_millions: Printed


@dataclass(frozen=True, slots=True, kw_only=True)
class Thesis:
    """What McNeely-White's thesis (2020) prints of its ten networks.

    Attributes:
        networks: Table 5.1, in its order, by name.
        accuracy: Table 5.2, large: top-1 in percent; the diagonal is the unmapped network.
        change: Table 5.2, small: percent change against the row's own diagonal.
        said: Figures of the running text, by what they are.
        sections: Where the text says each.
    """

    networks: Mapping[str, PublishedNetwork]
    accuracy: Mapping[Pair, Printed]
    change: Mapping[Pair, Printed]
    said: Mapping[str, Printed]
    sections: Mapping[str, str]

    def logit(self, source: str) -> Printed:
        """Table 5.3: every cell of a row repeats the row's own accuracy."""
        return self.accuracy[source, source]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperRow:
    """A row of the paper's Table 1.

    Attributes:
        correct: Correct labels of 50,000.
        percent: The same in percent, as printed.
        loss: Loss in points against the target's own accuracy, as printed; None on the diagonal.
    """

    source: str
    target: str
    correct: int
    percent: Printed
    loss: Printed | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperCount:
    """A number of images that the paper's text names.

    Attributes:
        what: ``mislabelled by the target``, or ``fixed by the map``: those of them that the hybrid
            labels correctly.
        section: Where.
    """

    what: str
    source: str
    target: str
    count: int
    section: str


PAPER_IMAGES = 50_000
"""Validation images that the paper and the thesis score."""
PAPER_NETWORKS = ("inception_v4", "resnet_v2_152")


@cache
def published_thesis() -> Thesis:
    """The thesis' figures."""
    networks = [
        PublishedNetwork(
            name=row["network"],
            reported_top1=Printed(row["reported_top1"]),
            reported_crop=int(row["reported_crop"]),
            local_top1=Printed(row["local_top1"]),
            local_crop=int(row["local_crop"]),
            feature_dim=int(row["feature_dim"]),
            params_millions=Printed(row["params_millions"]),
        )
        for row in _rows("table_5_1")
    ]
    text = list(_rows("thesis_text"))
    return Thesis(
        networks=MappingProxyType({network.name: network for network in networks}),
        accuracy=_square("table_5_2_accuracy"),
        change=_square("table_5_2_change"),
        said=MappingProxyType({row["what"]: Printed(row["printed"]) for row in text}),
        sections=MappingProxyType({row["what"]: row["section"] for row in text}),
    )


@cache
def published_paper() -> Mapping[Pair, PaperRow]:
    """The paper's Table 1 by (source, target)."""
    rows = [
        PaperRow(
            source=row["source"],
            target=row["target"],
            correct=int(row["correct_of_50000"]),
            percent=Printed(row["printed_percent"]),
            loss=Printed(row["printed_loss_points"]) if row["printed_loss_points"] else None,
        )
        for row in _rows("paper_table_1")
    ]
    return MappingProxyType({(row.source, row.target): row for row in rows})


@cache
def published_paper_counts() -> tuple[PaperCount, ...]:
    """The counts in the paper's section 5.2."""
    return tuple(
        PaperCount(
            what=row["what"],
            source=row["source"],
            target=row["target"],
            count=int(row["printed"]),
            section=row["section"],
        )
        for row in _rows("paper_text")
    )


def _square(name: str) -> Mapping[Pair, Printed]:
    return MappingProxyType(
        {
            (row["source"], target): Printed(text)
            for row in _rows(name)
            for target, text in row.items()
            if target != "source"
        }
    )


def _rows(name: str) -> list[dict[str, str]]:
    text = (files("samefeatures.reproduce") / "printed" / f"{name}.csv").read_text("ascii")
    return list(csv.DictReader(text.splitlines(), strict=True))
