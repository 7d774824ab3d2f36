"""A dry run in a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.text import Text

from samefeatures.base.shown import plain
from samefeatures.planning.terminal import bare_table, print_plan
from samefeatures.planning.words import size
from samefeatures.report.grid import MISSING
from samefeatures.reproduce.dry_run import DryRun
from samefeatures.reproduce.images import ImagesFound
from samefeatures.reproduce.terminal import print_lines
from samefeatures.reproduce.trial import Trial

STYLES = {"found": "green", "missing": "yellow", "fails": "red"}


def print_dry_run(found: DryRun, console: Console) -> None:
    """Print networks, images, disk and time, what is missing, and the commands to go on."""
    console.print(Text(f"reproduce {found.document}: what it needs and takes", style="bold"))
    console.print()
    _print_networks(found, console)
    console.print()
    _print_images(found.images, console)
    if found.plan:
        console.print()
        print_plan(found.plan, console)
    print_lines("Missing", list(_missing(found)), console)
    verdict = "It can start now." if found.ready else "It can't start yet."
    left_out = sum(n.chosen.load is None for n in found.networks)
    if found.ready and left_out:
        verdict += f" {left_out} of {len(found.networks)} networks would be left out."
    console.print()
    console.print(Text(verdict, style="bold"))
    print_lines("Commands", found.commands, console, bullet="  ")


def _print_networks(found: DryRun, console: Console) -> None:
    table = bare_table("Network", "crop", "features", "download", "images/s", last="weights")
    for network in found.networks:
        table.add_row(*_network_row(network, found.rates[network.name]))
    console.print(table)
    if found.download:
        console.print(
            Text(f"Weights to download: {size(found.download)} (~: four bytes per parameter).")
        )


def _network_row(network: Trial, rate: float) -> tuple[Text, ...]:
    weights, known = network.lacks, network.network
    side = known.preprocessing.input_size[-1] if known else network.chosen.crop
    download = f"{'' if weights.published else '~'}{size(weights.size)}" if weights else ""
    return (
        Text(network.name),
        Text(MISSING if side is None else str(side)),
        Text(MISSING if network.dim is None else f"{network.dim:,}"),
        Text(download),
        Text(f"{rate:,.1f}" if math.isfinite(rate) else MISSING),
        Text(plain(network.chosen.found or network.state), STYLES[network.state]),
    )


def _print_images(images: Iterable[ImagesFound], console: Console) -> None:
    table = bare_table("Images", "found", "of", "classes", last="where")
    for found in images:
        there = found.images is not None
        style = "" if there and found.images == found.whole else "yellow"
        table.add_row(
            Text(f"{found.part} ({'fit' if found.part == 'train' else 'eval'})"),
            Text(f"{found.images:,}" if there else "none", style),
            Text(f"{found.whole:,}"),
            Text(f"{found.classes:,}" if found.classes is not None else MISSING),
            Text(plain(found.where) or "missing", "" if there else "yellow"),
        )
    console.print(table)


def _missing(found: DryRun) -> Iterator[str]:
    yield from found.problems
    for network in found.networks:
        if network.state == "missing":
            yield f"{network.name}: {network.chosen.why}"
    for images in found.images:
        if images.images is not None and images.images < images.whole:
            yield (
                f"{images.part}: {images.whole - images.images:,} of {images.whole:,} images; the "
                "run uses those that are there."
            )
