"""How many dimensions spaces fill and maps let through, as lists: the same for every medium."""

from __future__ import annotations

from samefeatures.base.shown import plain
from samefeatures.report.grid import MISSING, count, fitted, grids, number
from samefeatures.report.listing import Listing
from samefeatures.study.results import SpaceSpectrum, SpectraSummary, StudyResults

ABOUT = (
    "The effective dimension of a space is the participation ratio (Σλ)² / Σλ² of the variances λ "
    "along its principal directions: as many directions of equal variance would have it. A few "
    "large directions, such as the classes, make it small, however many small ones there are."
)
HEADS = (
    "Network",
    "Features",
    "Rank",
    "Effective dimension",
    "Directions for half of the variance",
    "For 90 %",
    "For 99 %",
)


def spectra_listings(results: StudyResults) -> list[Listing]:
    """A row for each network, the median map beneath; none where the study takes no spectra."""
    if results.spectra is None:
        return []
    n = results.fit_data.rows
    few = [plain(s.network) for s in results.spectra.spaces if s.rank >= n - 1]
    notes = [f"Taken of the features of {count(n)} fit rows."]
    if few:
        notes.append(
            f"{', '.join(few)}: no more rows than directions, so that their number is that of the "
            "rows. Give more of them."
        )
    return [
        Listing(
            slug="spectra",
            title="How many dimensions a space fills",
            says=tuple(filter(None, (ABOUT, maps_say(results, results.spectra)))),
            heads=HEADS,
            rows=tuple(map(_row, results.spectra.spaces)),
            notes=tuple(notes),
        )
    ]


def maps_say(results: StudyResults, spectra: SpectraSummary) -> str:
    """How many dimensions maps let through, of the method that stands first; empty without maps."""
    first = fitted(grids(results))
    median = None if first is None else spectra.median(first.method)
    if first is None or median is None:
        return ""
    return (
        f"{plain(first.label)}: what the maps make of their sources' features has an effective "
        f"dimension of {number(median, 1)} in the median; every map stands in map_spectra.csv."
    )


def _row(space: SpaceSpectrum) -> tuple[str, ...]:
    found = space.effective_dimension
    return (
        plain(space.network),
        count(space.dim),
        count(space.rank),
        MISSING if found is None else number(found, 1),
        *map(count, (space.half, space.ninety, space.ninety_nine)),
    )
