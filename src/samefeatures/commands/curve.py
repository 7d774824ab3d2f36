"""How many images: ``curve``."""

from __future__ import annotations

from samefeatures.commands.loudness import AsJson, loudness, shown
from samefeatures.commands.options import Out, StudyFile, print_json, tell


def curve(study: StudyFile, out: Out = None, as_json: AsJson = False) -> None:
    """How many images? Maps of fewer fit rows, and what more would bring.

    Does what is missing of the study, with 'curve: true' where its file says nothing of it.
    """
    from samefeatures.base.progress import console
    from samefeatures.report.by_rows import by_rows_listing
    from samefeatures.report.terminal import print_listing
    from samefeatures.report.write import report_study
    from samefeatures.study.opening import open_study

    with shown() as progress:
        found = open_study(study, out=out, progress=progress, curve=True)
        found.score()
    results, _ = report_study(found.out)
    if as_json and results.by_rows is not None:
        print_json(results.by_rows)
        return
    listing = by_rows_listing(results)
    if listing is not None and not loudness().quiet:
        print_listing(listing, console(), whole=True)
    picture = found.out / "report" / "by_rows.png"
    tell("", f"Figure: {picture}", f"Numbers: {found.out / 'by_rows.csv'}")
