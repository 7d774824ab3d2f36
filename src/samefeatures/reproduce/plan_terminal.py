"""A plan in a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from samefeatures.planning.words import duration, size
from samefeatures.report.grid import MISSING, plain
from samefeatures.reproduce.images import ImagesFound
from samefeatures.reproduce.plan import NetworkPlan, Plan

STYLES = {"found": "green", "missing": "yellow", "fails": "red"}


def print_plan(plan: Plan, console: Console) -> None:
    """Print networks, images, disk and time, what is missing, and the commands to go on."""
    console.print(Text(f"reproduce {plan.document}: what it needs and takes", style="bold"))
    console.print()
    _networks(plan, console)
    console.print()
    _images(plan, console)
    console.print()
    _stages(plan, console)
    _lines("Notes", plan.notes, console)
    _lines("Missing", _missing(plan), console)
    verdict = "It can start now." if plan.ready else "It can't start yet."
    left_out = sum(n.chosen.load is None for n in plan.networks)
    if plan.ready and left_out:
        verdict += f" {left_out} of {len(plan.networks)} networks would be left out."
    console.print()
    console.print(Text(verdict, style="bold"))
    _lines("Commands", plan.commands, console, bullet="  ")


def _networks(plan: Plan, console: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("Network", no_wrap=True)
    for head in ("crop", "features", "download", "images/s"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("weights", overflow="fold")
    for network in plan.networks:
        table.add_row(*_network_row(network))
    console.print(table)
    if plan.download:
        console.print(
            Text(f"Weights to download: {size(plan.download)} (~: four bytes per parameter).")
        )


def _network_row(network: NetworkPlan) -> tuple[Text, ...]:
    trial, weights = network.trial, network.weights
    side = network.chosen.crop
    if trial.preprocessing is not None:
        side = trial.preprocessing.input_size[-1]
    dim = weights.dim if weights else trial.dim
    rate = MISSING if trial.rate is None else f"{trial.rate:,.1f}"
    download = ""
    if weights and network.state == "missing":
        download = size(weights.size) if weights.bytes is not None else f"~{size(weights.size)}"
    where = network.chosen.found or network.state
    return (
        Text(network.chosen.name),
        Text(MISSING if side is None else str(side)),
        Text(MISSING if dim is None else f"{dim:,}"),
        Text(download),
        Text(rate),
        Text(plain(where), STYLES[network.state]),
    )


def _images(plan: Plan, console: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for head in ("Images", "found", "of", "classes"):
        table.add_column(head, justify="left" if head == "Images" else "right", no_wrap=True)
    table.add_column("where", overflow="fold")
    for found in plan.images:
        table.add_row(*_images_row(found))
    console.print(table)


def _images_row(found: ImagesFound) -> tuple[Text, ...]:
    there = found.images is not None
    style = "" if there and found.images == found.whole else "yellow"
    return (
        Text(f"{found.part} ({'fit' if found.part == 'train' else 'eval'})"),
        Text(f"{found.images:,}" if there else "none", style),
        Text(f"{found.whole:,}"),
        Text(f"{found.classes:,}" if found.classes is not None else MISSING),
        Text(plain(found.where) or "missing", "" if there else "yellow"),
    )


def _stages(plan: Plan, console: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("Stage", no_wrap=True)
    table.add_column("disk", justify="right", no_wrap=True)
    table.add_column("time", justify="right", no_wrap=True)
    table.add_column("measured", overflow="fold", style="dim")
    for stage in plan.stages:
        table.add_row(
            Text(stage.name), Text(size(stage.bytes)), Text(duration(stage.seconds)),
            Text(stage.note),
        )  # fmt: skip
    known = [stage.seconds for stage in plan.stages]
    whole = None if None in known else sum(s for s in known if s is not None)
    table.add_row(Text("all", "bold"), Text(size(plan.disk)), Text(duration(whole)), Text(""))
    console.print(table)
    enough = plan.free + plan.there > plan.disk
    text = f"Disk: {size(plan.free)} free, {size(plan.there)} in the out folder already."
    if not enough:
        short = plan.disk - plan.free - plan.there
        text += f" Up to {size(short)} too little: choose another --out, or --subset."
    console.print(Text(text, "" if enough else "yellow"))
    if plan.machine_memory is not None:
        fits = plan.memory < plan.machine_memory
        text = f"Memory: {size(plan.memory)} for the moments; this machine has "
        console.print(Text(f"{text}{size(plan.machine_memory)}.", "" if fits else "yellow"))


def _missing(plan: Plan) -> list[str]:
    lines = list(plan.problems)
    lines += [f"{n.chosen.name}: {n.chosen.why}" for n in plan.networks if n.state == "missing"]
    for found in plan.images:
        if found.images is not None and found.images < found.whole:
            lines.append(
                f"{found.part}: {found.whole - found.images:,} of {found.whole:,} images; the run "
                "uses those that are there."
            )
    return lines


def _lines(
    title: str, lines: list[str] | tuple[str, ...], console: Console, *, bullet: str = "- "
) -> None:
    if lines:
        console.print()
        console.print(Text(title, style="bold"))
        for line in lines:
            console.print(Text(f"{bullet}{plain(line)}"), soft_wrap=True)
