"""Two results side by side: ``diff``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from samefeatures.commands.options import tell

SAME, DIFFER, TROUBLE = 0, 1, 2
"""How it ends, as ``diff`` itself does."""


def diff(
    first: Annotated[Path, typer.Argument(help="A scored study's folder.", metavar="OUT1")],
    second: Annotated[Path, typer.Argument(help="Another.", metavar="OUT2")],
    tolerance: Annotated[
        float, typer.Option("--tolerance", help="Relative difference that counts as none.")
    ] = 1e-9,
    as_json: Annotated[bool, typer.Option("--json", help="All of it as JSON.")] = False,
) -> None:
    """What differs between two results: cells, intervals, networks, images, settings.

    Ends with 0 where nothing does but titles, warnings and versions, with 1 where something
    does, and with 2 where they can't be read.
    """
    from samefeatures.report.difference import diff as compare
    from samefeatures.report.difference_lines import difference_lines
    from samefeatures.study.results import StudyResults

    results = [StudyResults.load(folder / "study.json") for folder in (first, second)]
    found = compare(*results, tolerance=tolerance)
    if as_json:
        typer.echo(json.dumps(found.as_dict(), indent=1))
    else:
        tell(*difference_lines(found))
    raise typer.Exit(SAME if found.same else DIFFER)
