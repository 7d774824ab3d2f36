"""``samefeatures reproduce``: the thesis or the paper, on ImageNet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from samefeatures.base.shown import plain
from samefeatures.commands.loudness import loudness, shown
from samefeatures.commands.options import Out, tell

if TYPE_CHECKING:
    from samefeatures.reproduce.experiment import Experiment
    from samefeatures.reproduce.networks import Catalogue


def reproduce(  # noqa: PLR0917  (the command line calls it by name)
    document: Annotated[
        str,
        typer.Argument(
            metavar="thesis|paper",
            help="thesis: Tables 5.1, 5.2 and 5.3 and the naive experiment. paper: Table 1, "
            "Inception-v4 and ResNet-v2 152, both ways. Both beside what is printed.",
        ),
    ],
    data: Annotated[Path, typer.Option("--data", help="Folder with ImageNet (train and val).")],
    out: Out = None,
    weights_dir: Annotated[
        Path | None, typer.Option("--weights-dir", help="Folder with the networks' weights.")
    ] = None,
    networks: Annotated[
        str | None,
        typer.Option("--networks", help="Only these, separated by commas.", metavar="A,B,…"),
    ] = None,
    networks_from: Annotated[
        Path | None,
        typer.Option(
            "--networks-from",
            help="YAML file 'name: source': run the same path on other networks under these names.",
            metavar="FILE",
        ),
    ] = None,
    subset: Annotated[
        int | None, typer.Option("--subset", min=1, help="Fit on this many images of each class.")
    ] = None,
    labels: Annotated[
        Path | None, typer.Option("--labels", help="Labels of a flat val folder (CSV id,class).")
    ] = None,
    crop: Annotated[
        list[str] | None,
        typer.Option(
            "--crop", help="Another crop for a network; may be repeated.", metavar="NAME=PX"
        ),
    ] = None,
    device: Annotated[str, typer.Option("--device", help="cpu, cuda or cuda:N.")] = "cpu",
    batch_size: Annotated[
        int, typer.Option("--batch-size", min=1, help="Images per forward pass.")
    ] = 32,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Threads that read and decode images.")
    ] = None,
    download: Annotated[
        bool,
        typer.Option(
            "--download", help="Fetch weights that are missing, from where they are published."
        ),
    ] = False,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Stop at a missing network or an image that can't be read."),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Say what is missing, and what disk and time it takes."),
    ] = False,
) -> None:
    """Redo the thesis or the paper on ImageNet, and put every printed figure beside ours."""
    from samefeatures.reproduce.experiment import Options, crops_of, names_of, plan_experiment
    from samefeatures.reproduce.networks import Catalogue

    options = Options(
        data=data,
        out=out or Path(f"reproduce-{document}"),
        weights_dir=weights_dir,
        networks=names_of(networks or ""),
        networks_from=networks_from,
        subset=subset,
        labels=labels,
        crops=crops_of(crop or ()),
        device=device,
        batch_size=batch_size,
        workers=workers,
        download=download,
        strict=strict,
    )
    catalogue = Catalogue()
    experiment = plan_experiment(document, options, catalogue)
    if dry_run:
        _look(experiment, catalogue)
    else:
        _go(experiment)


def _look(experiment: Experiment, catalogue: Catalogue) -> None:
    from samefeatures.base.progress import console
    from samefeatures.reproduce.dry_run import try_out
    from samefeatures.reproduce.dry_run_terminal import print_dry_run

    with shown() as progress:
        found = try_out(experiment, catalogue, progress)
    if not loudness().quiet:
        print_dry_run(found, console())


def _go(experiment: Experiment) -> None:
    from samefeatures.base.progress import console
    from samefeatures.reproduce.experiment import check_ready
    from samefeatures.reproduce.run import reproduce
    from samefeatures.reproduce.terminal import print_comparison

    check_ready(experiment)
    for network, why in experiment.missing.items():
        if not loudness().quiet:
            typer.secho(plain(f"Left out {network}: {why}"), err=True)
    with shown() as progress:
        comparison = reproduce(experiment, progress)
    if not loudness().quiet:
        print_comparison(comparison, console())
    out = experiment.options.out
    tell("", f"Comparison: {out / 'comparison'}", f"Report: {out / 'report' / 'report.html'}")
