"""``samefeatures plan``: what a study will take."""

from __future__ import annotations

import json

import typer

from samefeatures.commands.loudness import AsJson, loudness
from samefeatures.commands.options import Out, StudyFile, opened


def plan(study: StudyFile, out: Out = None, as_json: AsJson = False) -> None:
    """Measure for a minute, then say what a study will take: time, memory, disk."""
    from samefeatures.base.progress import console
    from samefeatures.planning.plan import make_plan
    from samefeatures.planning.terminal import print_plan

    with opened(study, out) as found:
        made = make_plan(found)
    if as_json:
        typer.echo(json.dumps(made.as_dict(), indent=1))
    elif not loudness().quiet:
        print_plan(made, console())
