"""Options that several commands share, and the study that they are about."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from samefeatures.base.shown import plain
from samefeatures.commands.loudness import loudness, shown

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
    with shown() as progress:
        if ray is None:
            from samefeatures.study.opening import open_study

            yield open_study(study, out=out, strict=strict, progress=progress)
            return
        from samefeatures.cluster.opening import cluster_study

        with cluster_study(study, address=ray, out=out, strict=strict, progress=progress) as there:
            yield there


def tell(*lines: str) -> None:
    """Each on a line of its own, on stdout; nothing in a path is obeyed."""
    if not loudness().quiet:
        typer.echo("\n".join(map(plain, lines)))


def print_json(record: Any) -> None:
    """A record as JSON on stdout, in ASCII: whatever terminal or pipe takes it."""
    typer.echo(json.dumps(asdict(record), indent=1, allow_nan=False))


def warn(warnings: Sequence[str]) -> None:
    """Each on a line of its own."""
    for warning in () if loudness().quiet else warnings:
        typer.secho(f"Warning: {plain(warning)}", fg=typer.colors.YELLOW, err=True)
