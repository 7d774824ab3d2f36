"""Pictures of listings: who draws that of which, and what stands under it on the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from samefeatures.report import by_rows_figure, canonical_figure, ranks_figure, spectra_figure
from samefeatures.report.by_rows import CAPTION
from samefeatures.report.drawing import as_uri
from samefeatures.report.similarity_write import ranking_files
from samefeatures.study.results import StudyResults
from samefeatures.study.results.similarity import similarity_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One that was drawn.

    Attributes:
        slug: Of the listing that it stands under.
        alt: What it shows, for those who do not see it.
        caption: Beneath it; empty where the listing says enough.
        wide: Whether it takes the whole width of the page.
        files: All that were written; the page shows the SVG.
    """

    slug: str
    alt: str
    caption: str = ""
    wide: bool = False
    files: tuple[Path, ...]

    @property
    def uri(self) -> str:
        """The picture as a ``data:`` URI; empty where there are tables alone."""
        return next((as_uri(path) for path in self.files if path.suffix == ".svg"), "")


def draw_pictures(results: StudyResults, folder: Path) -> list[Picture]:
    """Draw all that the study asked for, in the order of the listings."""
    found = [
        _similarity(results, folder),
        _drawn(
            results,
            folder,
            ranks_figure.draw,
            slug="ranks",
            alt="A panel each for accuracy and R², rising with the rank of the map; the medians "
            "stand in the table above.",
            caption=f"{ranks_figure.CAPTION} All numbers stand in ranks.csv.",
        ),
        _drawn(
            results,
            folder,
            by_rows_figure.draw,
            slug="by-rows",
            alt="A panel for each value, rising with the number of fit rows; the medians stand in "
            "the table above.",
            caption=CAPTION,
        ),
        _drawn(
            results,
            folder,
            spectra_figure.draw,
            slug="spectra",
            alt="A falling line for every network; what the lines come to stands in the table "
            "above.",
            caption=spectra_figure.CAPTION,
        ),
        _drawn(
            results,
            folder,
            canonical_figure.draw,
            slug="canonical",
            alt="By how many networks each direction is shared, falling; and R² and loss of the "
            "maps through the first directions.",
        ),
    ]
    return [picture for picture in found if picture is not None]


def _drawn(
    results: StudyResults,
    folder: Path,
    draw: Callable[[StudyResults, Path], list[Path]],
    *,
    slug: str,
    alt: str,
    caption: str = "",
) -> Picture | None:
    files = draw(results, folder)
    return Picture(slug=slug, alt=alt, caption=caption, files=tuple(files)) if files else None


def _similarity(results: StudyResults, folder: Path) -> Picture | None:
    found = similarity_of(results)
    if found is None:
        return None
    return Picture(
        slug="similarity",
        alt="Spearman's correlation of every measure with everything that the pairs are ranked by; "
        "the numbers stand in similarity_ranking.csv.",
        caption="How measures rank the pairs. All numbers: similarity_ranking.csv.",
        wide=True,
        files=tuple(ranking_files(found, folder)),
    )
