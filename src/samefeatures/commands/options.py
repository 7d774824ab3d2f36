"""Options that several commands share, and the study that they are about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from samefeatures.base.shown import plain

if TYPE_CHECKING:
    from samefeatures.study.study import Study

StudyFile = Annotated[Path, typer.Argument(help="Study file (YAML).", metavar="STUDY.yaml")]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", help="Folder for everything that comes out.")
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Stop at the first image that can't be read.")
]
Method = Annotated[str, typer.Option("--method", help="Label of the method.")]
Ray = Annotated[
    str | None,
    typer.Option(
        "--ray",
        metavar="[ADDRESS]",
        help="Extract and add up on the Ray cluster there; without an address (at the end of the "
        "line) or with 'local', on one of this machine's processors.",
    ),
]


@contextmanager
def opened(
    study: Path, out: Path | None, *, strict: bool = False, ray: str | None = None
) -> Iterator[Study]:
    """The study, in this process or on a cluster, with its progress shown."""
    from samefeatures.base.showing import on_terminal

    with on_terminal() as progress:
        if ray is None:
            from samefeatures.study.opening import open_study

            yield open_study(study, out=out, strict=strict, progress=progress)
            return
        from samefeatures.cluster.opening import cluster_study

        with cluster_study(study, address=ray, out=out, strict=strict, progress=progress) as there:
            yield there


def write_reports(folder: Path, *, precision: int = 2) -> list[Path]:
    """The report of a scored study, with the overlaps that it has."""
    from samefeatures.base.partial import alone
    from samefeatures.report.write import write_report
    from samefeatures.scores.overlap import load_overlaps
    from samefeatures.study.results import StudyResults

    results = StudyResults.load(folder / "study.json")
    with alone(folder):  # or one process would take away what another has just drawn
        overlaps = load_overlaps(folder)
        return write_report(results, folder / "report", overlaps=overlaps, precision=precision)


def tell(*lines: str) -> None:
    """Each on a line of its own, on stdout; nothing in a path is obeyed."""
    typer.echo("\n".join(map(plain, lines)))


def warn(warnings: Sequence[str]) -> None:
    """Each on a line of its own."""
    for warning in warnings:
        typer.secho(f"Warning: {plain(warning)}", fg=typer.colors.YELLOW, err=True)
