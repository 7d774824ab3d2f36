"""``samefeatures check``: what networks are, before a study is made of them."""

from __future__ import annotations

from typing import Annotated

import typer


def check(
    networks: Annotated[
        list[str], typer.Argument(help="Sources, e.g. timm:resnet18 onnx:net.onnx")
    ],
    data: Annotated[
        str | None, typer.Option("--data", help="Labelled images: adds each network's own top-1.")
    ] = None,
    class_map: Annotated[
        str | None, typer.Option("--class-map", help="Class map file, or the word 'sorted'.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="At most this many images.")
    ] = None,
) -> None:
    """Load networks, prove their split, and say what they are, before anything is fitted."""
    from samefeatures.base.progress import console
    from samefeatures.base.showing import on_terminal
    from samefeatures.report.terminal import print_facts
    from samefeatures.study.checking import check_networks

    with on_terminal() as progress:
        checks = check_networks(
            networks, data=data, class_map=class_map, limit=limit, progress=progress
        )
    print_facts([check.rows() for check in checks], console())
