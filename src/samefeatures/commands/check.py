"""``samefeatures check``: what networks are, or a whole study, before anything is fitted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from samefeatures.base.errors import ConfigError
from samefeatures.commands.loudness import AsJson, loudness, shown
from samefeatures.commands.options import print_json, warn

OWN = 100
"""Eval images of a study on which its networks are scored."""


def check(
    networks: Annotated[
        list[str],
        typer.Argument(
            help="Sources, e.g. timm:resnet18 onnx:net.onnx, or a study file.",
            metavar="SOURCE… | STUDY.yaml",
        ),
    ],
    data: Annotated[
        str | None, typer.Option("--data", help="Labelled images: adds each network's own top-1.")
    ] = None,
    class_map: Annotated[
        str | None, typer.Option("--class-map", help="Class map file, or the word 'sorted'.")
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit", min=1, help=f"At most this many images; {OWN} of a study unless given."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Load networks, prove their split, and say what they are, before anything is fitted.

    Of a study file: its networks, images, labels and classes, and each network's own accuracy.
    """
    from samefeatures.study.place import is_study_file

    files = [name for name in networks if is_study_file(name)]
    if files and len(networks) > 1:
        raise ConfigError(f"{files[0]} is a study file; check it alone, without other sources.")
    if files and (data is not None or class_map is not None):
        raise ConfigError("The study file names its images: leave --data and --class-map out.")
    if files:
        _check_study(Path(files[0]), limit or OWN, as_json=as_json)
    else:
        _check_networks(networks, data, class_map, limit, as_json=as_json)


def _check_networks(
    networks: list[str],
    data: str | None,
    class_map: str | None,
    limit: int | None,
    *,
    as_json: bool,
) -> None:
    from samefeatures.base.progress import console
    from samefeatures.report.terminal import print_facts
    from samefeatures.study.check_record import check_record
    from samefeatures.study.checking import check_networks

    with shown() as progress:
        checks = check_networks(
            networks, data=data, class_map=class_map, limit=limit, progress=progress
        )
    if as_json:
        print_json(check_record(checks))
    elif not loudness().quiet:
        print_facts([check.rows() for check in checks], console(), whole=loudness().verbose)


def _check_study(path: Path, limit: int, *, as_json: bool) -> None:
    from samefeatures.base.progress import console
    from samefeatures.report.terminal import print_facts
    from samefeatures.study.check_record import check_record
    from samefeatures.study.check_study import check_study
    from samefeatures.study.config import read_config

    config = read_config(path)
    with shown() as progress:
        found = check_study(config, base=path.parent, limit=limit, progress=progress)
    if as_json:
        print_json(check_record(found.checks, found))
        return
    if not loudness().quiet:
        print_facts([{"name": config.title, **found.facts}], console())
        checks = [check.rows() for check in found.checks]
        print_facts(checks, console(), whole=loudness().verbose)
    warn(found.warnings)
