"""The command line: a thin shell over the library, one module a group of commands.

Heavy modules are imported inside the commands, so that ``--help`` answers at once.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from samefeatures.base.version import __version__
from samefeatures.commands import miniatures
from samefeatures.commands.attach import attach
from samefeatures.commands.check import check
from samefeatures.commands.curve import curve
from samefeatures.commands.diff import TROUBLE, diff
from samefeatures.commands.ending import ending
from samefeatures.commands.loudness import saying
from samefeatures.commands.pair import export, overlap
from samefeatures.commands.plan import plan
from samefeatures.commands.reproduce import reproduce
from samefeatures.commands.similarity import similarity
from samefeatures.commands.study import demo, extract, fit, report, run, score

app = typer.Typer(
    name="samefeatures",
    help="Do two image classifiers extract the same features?",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)
for command in (
    demo,
    check,
    plan,
    run,
    extract,
    fit,
    score,
    report,
    similarity,
    curve,
    diff,
    overlap,
    export,
    attach,
):
    app.command()(saying(command, trouble=TROUBLE if command is diff else 1))
app.command(no_args_is_help=True)(saying(reproduce))
app.add_typer(miniatures.app, name="miniatures")


def _version(show: bool) -> None:
    if show:
        typer.echo(f"samefeatures {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Entry point."""
    # Click has no option whose value may be left out; at the end of the line it is clear.
    args = [*sys.argv[1:], "local"] if sys.argv[-1] == "--ray" else sys.argv[1:]
    with ending():
        app(args)
