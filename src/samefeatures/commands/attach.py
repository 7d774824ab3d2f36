"""A network that comes later: ``attach``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from samefeatures.commands.loudness import shown
from samefeatures.commands.options import Out, tell


def attach(
    space: Annotated[
        Path, typer.Argument(help="Canonical space of a study (canonical/space.safetensors).")
    ],
    networks: Annotated[
        list[str],
        typer.Argument(help="Networks to attach, e.g. timm:resnet18.", metavar="NETWORK…"),
    ],
    study: Annotated[
        Path, typer.Option("--study", help="Study file whose fit images the space was made of.")
    ],
    to: Annotated[
        Path | None, typer.Option("--to", help="File for the larger space; else SPACE itself.")
    ] = None,
    out: Out = None,
) -> None:
    """Attach networks to a canonical space, without the features of those that it was made of."""
    from samefeatures.study.canonical.attach import attach_networks

    with shown() as progress:
        path, done = attach_networks(
            space, networks, study=study, out=out, to=to, progress=progress
        )
    tell(
        *(
            f"{each.name}: the space holds {100 * each.held:.1f} % of the variance of its "
            f"{each.dim:,} features on the fit images."
            for each in done
        ),
        f"Space: {path}",
    )
