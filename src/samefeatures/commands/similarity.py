"""How near all pairs of spaces are: ``similarity``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from samefeatures.commands.loudness import AsJson, loudness, shown
from samefeatures.commands.options import opened, print_json, tell

if TYPE_CHECKING:
    from samefeatures.study.results import Similarity


def similarity(
    place: Annotated[
        Path,
        typer.Argument(help="Study file, or folder of a scored study.", metavar="STUDY.yaml | DIR"),
    ],
    measure: Annotated[
        list[str] | None,
        typer.Option("--measure", help="Name of a measure; may be given several times."),
    ] = None,
    order: Annotated[
        str, typer.Option("--order", help="Of the networks in figures: study or dendrogram.")
    ] = "study",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of the study, beside a study file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure all pairs of feature spaces (CKA, CCA, Procrustes, …); no heads, no labels needed."""
    from samefeatures.base.progress import console
    from samefeatures.report.similarity import check_order
    from samefeatures.report.similarity_record import similarity_record
    from samefeatures.report.similarity_terminal import print_similarity
    from samefeatures.report.similarity_write import write_similarity

    check_order(order)  # before hours of extraction
    folder, found = _taken(place, out, tuple(measure or ()))
    paths = write_similarity(found, folder / "similarity", order=order)
    if as_json:
        print_json(similarity_record(found, paths))
        return
    if not loudness().quiet:
        print_similarity(found, console(), order=order)
    tell("", f"Tables and figures: {folder / 'similarity'}")


def _taken(place: Path, out: Path | None, measures: tuple[str, ...]) -> tuple[Path, Similarity]:
    """Of a study, or of what one has left in its folder."""
    from samefeatures.study.kept_similarity import kept_similarity
    from samefeatures.study.place import is_study_file, study_folder

    if is_study_file(place):
        with opened(place, out) as study:
            return study.out, study.similarity(measures=measures)
    folder = study_folder(place, out)
    with shown() as progress:
        return folder, kept_similarity(folder, measures=measures, progress=progress)
