"""``samefeatures plan``; the only module of planning that knows the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def plan(
    study: Annotated[Path, typer.Argument(help="Study file (YAML).", metavar="STUDY.yaml")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of the study, as for 'run'.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure for a minute, then say what a study will take: time, memory, disk."""
    from rich.console import Console

    from samefeatures.base.progress import on_terminal
    from samefeatures.planning.plan import make_plan
    from samefeatures.planning.terminal import print_plan
    from samefeatures.study.study import open_study

    with on_terminal() as progress:
        found = make_plan(open_study(study, out=out, progress=progress))
    if as_json:
        typer.echo(json.dumps(found.as_dict(), indent=1))
    else:
        print_plan(found, Console())
