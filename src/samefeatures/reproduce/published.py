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
TRAIN_IMAGES, VAL_IMAGES = 1_281_167, 50_000
"""Of ILSVRC2012; the thesis and the paper score all of the latter."""
PAPER_NETWORKS = ("inception_v4", "resnet_v2_152")


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
    def half(self) -> float:
        """By how much it may be off because it is rounded."""
        return 0.5 * 10.0**-self.digits

    @property
    def span(self) -> tuple[float, float]:
        """All values that round to it."""
        return self.value - self.half, self.value + self.half


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A printed figure, as it stands in a table or in the text.

    Attributes:
        where: Table or section.
        what: As in the tables, or e.g. ``fixed by the map``: those of the images
            ``mislabelled by the target`` that the hybrid labels correctly.
        source: Whose features; empty where the figure belongs to no cell.
        target: Whose head.
    """

    where: str
    what: str
    source: str
    target: str
    printed: Printed

    @property
    def pair(self) -> Pair:
        return self.source, self.target

    @property
    def place(self) -> str:
        """The number of the table or section alone."""
        return self.where.partition(" ")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """Something that is no figure and can't be meant as it is printed; found by reading."""

    where: str
    what: str
    printed: str
    why: str


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
        accuracy: Table 5.2, large: top-1 in percent; the diagonal is the unmapped network. Every
            cell of Table 5.3 repeats the diagonal of its row.
        change: Table 5.2, small: percent change against the row's own diagonal.
        said: Figures of the running text.
        slips: What is wrong beside the figures.
    """

    networks: Mapping[str, PublishedNetwork]
    accuracy: Mapping[Pair, Printed]
    change: Mapping[Pair, Printed]
    said: tuple[Said, ...]
    slips: tuple[Slip, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperRow:
    """A row of the paper's Table 1.

    Attributes:
        correct: Correct labels of 50,000.
        percent: The same in percent, as printed.
        loss: Loss in points against the target's own accuracy, as printed; None on the diagonal.
    """

    correct: int
    percent: Printed
    loss: Printed | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What McNeely-White, Beveridge and Draper (2020) print: Table 1, and as for the thesis."""

    rows: Mapping[Pair, PaperRow]
    said: tuple[Said, ...]
    slips: tuple[Slip, ...]


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
    return Thesis(
        networks=MappingProxyType({network.name: network for network in networks}),
        accuracy=_square("table_5_2_accuracy"),
        change=_square("table_5_2_change"),
        said=_said("thesis"),
        slips=_slips("thesis"),
    )


@cache
def published_paper() -> Paper:
    """The paper's figures."""
    rows = {
        (row["source"], row["target"]): PaperRow(
            correct=int(row["correct_of_50000"]),
            percent=Printed(row["printed_percent"]),
            loss=Printed(row["printed_loss_points"]) if row["printed_loss_points"] else None,
        )
        for row in _rows("paper_table_1")
    }
    return Paper(rows=MappingProxyType(rows), said=_said("paper"), slips=_slips("paper"))


def _said(document: str) -> tuple[Said, ...]:
    return tuple(
        Said(**{**row, "printed": Printed(row["printed"])})  # type: ignore[arg-type]
        for row in _rows("text", document)
    )


def _slips(document: str) -> tuple[Slip, ...]:
    return tuple(Slip(**row) for row in _rows("slips", document))


def _square(name: str) -> Mapping[Pair, Printed]:
    return MappingProxyType(
        {
            (row["source"], target): Printed(text)
            for row in _rows(name)
            for target, text in row.items()
            if target != "source"
        }
    )


def _rows(name: str, document: str | None = None) -> list[dict[str, str]]:
    """Of a packaged table; of one document where the table has both, without saying which."""
    text = (files("samefeatures.reproduce") / "printed" / f"{name}.csv").read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines(), strict=True))
    if document is None:
        return rows
    return [row for row in rows if row.pop("document") == document]
