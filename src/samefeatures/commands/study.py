"""The stages of a study: ``demo``, ``run``, ``extract``, ``fit``, ``score``, ``report``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from samefeatures.commands.loudness import AsJson, loudness, shown
from samefeatures.commands.options import (
    Out,
    Ray,
    Strict,
    StudyFile,
    opened,
    print_json,
    tell,
    warn,
)

if TYPE_CHECKING:
    from samefeatures.study.study import Study


def demo(out: Out = None, as_json: AsJson = False) -> None:
    """Compare ten small CNNs that ship with the package; a few minutes."""
    from samefeatures.study.demo import demo_config
    from samefeatures.study.study import Study

    folder = out or Path("samefeatures-demo")
    with shown() as progress:
        _score(Study(demo_config(), out=folder, base=Path(), progress=progress))
    _report(folder, as_json=as_json)


def run(
    study: StudyFile,
    out: Out = None,
    strict: Strict = False,
    ray: Ray = None,
    as_json: AsJson = False,
) -> None:
    """Extract, fit, score and report; goes on where it was stopped."""
    with opened(study, out, strict=strict, ray=ray) as found:
        _score(found)
    _report(found.out, as_json=as_json)


def extract(study: StudyFile, out: Out = None, strict: Strict = False, ray: Ray = None) -> None:
    """Extract the features of every network on every image."""
    with opened(study, out, strict=strict, ray=ray) as found:
        found.extract()
    tell(f"Features: {found.feature_root}")


def fit(study: StudyFile, out: Out = None, strict: Strict = False, ray: Ray = None) -> None:
    """Fit all maps (and extract what is missing)."""
    with opened(study, out, strict=strict, ray=ray) as found:
        found.fit()
    tell(f"Maps: {found.out / 'maps'}")


def score(study: StudyFile, out: Out = None, strict: Strict = False, ray: Ray = None) -> None:
    """Score all hybrids (and extract and fit what is missing)."""
    with opened(study, out, strict=strict, ray=ray) as found:
        found.score()
    tell(f"Results: {found.out / 'results.csv'}")


def report(
    place: Annotated[
        Path,
        typer.Argument(
            help="Folder of a scored study, or its study file.", metavar="DIR | STUDY.yaml"
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of the study, beside a study file.")
    ] = None,
    precision: Annotated[
        int,
        typer.Option("--precision", help="Digits behind the point of percents in cells, 0 to 4."),
    ] = 2,
    as_json: AsJson = False,
) -> None:
    """Write tables, figures and the HTML page of a scored study again, and print the tables."""
    from samefeatures.study.place import study_folder

    _report(study_folder(place, out), precision=precision, as_json=as_json)


def _report(folder: Path, *, precision: int = 2, as_json: bool) -> None:
    from samefeatures.base.progress import console
    from samefeatures.report.results_record import results_record
    from samefeatures.report.terminal import print_tables
    from samefeatures.report.write import report_study

    results, paths = report_study(folder, precision=precision)
    if as_json:
        print_json(results_record(results, folder, paths))
        return
    if not loudness().quiet:
        print_tables(results, console())
    page = next(path for path in paths if path.suffix == ".html")
    tell(
        "", f"Report: {page}", f"Tables: {folder / 'report'}", f"Numbers: {folder / 'results.csv'}"
    )


def _score(study: Study) -> None:
    """With the overlaps that were asked for before, made again."""
    from samefeatures.gallery.gallery import refresh_overlaps

    data, results, progress = study.config.data, study.score(), study.progress
    warn(refresh_overlaps(data, results, out=study.out, base=study.base, progress=progress))
