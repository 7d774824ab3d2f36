"""The command group ``samefeatures miniatures``: how the networks of the demo were made."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from samefeatures.commands.options import Out

app = typer.Typer(help="The ten small networks of the demo.", no_args_is_help=True)
Data = Annotated[Path, typer.Option("--data", help="Folder with Fashion-MNIST's .gz files.")]


@app.command()
def train(
    data: Data,
    out: Out = None,
    name: Annotated[
        list[str] | None, typer.Option("--name", help="Only these; may be repeated.")
    ] = None,
) -> None:
    """Train the ten miniatures anew (extra 'train'); goes on at the last full epoch."""
    from samefeatures.networks.miniatures.catalogue import NAMES
    from samefeatures_training import command

    command.train(name or NAMES, data, out or Path("miniatures"), report=typer.echo)


@app.command()
def pack(data: Data, out: Out = None) -> None:
    """Pack the images that the demo ships."""
    from samefeatures_training import pack as packing

    for path in packing.pack(data, out or Path("fashion_mnist")):
        typer.echo(path)
