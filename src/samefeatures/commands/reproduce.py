"""The command group ``samefeatures reproduce``: a thin shell, as ``cli``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from samefeatures.base.errors import ConfigError

if TYPE_CHECKING:
    from samefeatures.reproduce.experiment import Options

app = typer.Typer(help="Redo the thesis or the paper on ImageNet.", no_args_is_help=True)

Data = Annotated[Path, typer.Option("--data", help="Folder with ImageNet (train and val).")]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", help="Folder for everything that comes out.")
]
Weights = Annotated[
    Path | None, typer.Option("--weights-dir", help="Folder with the networks' weights.")
]
Only = Annotated[
    str | None, typer.Option("--networks", help="Only these, separated by commas.", metavar="A,B,…")
]
Others = Annotated[
    Path | None,
    typer.Option(
        "--networks-from",
        help="YAML file 'name: source': run the same path on other networks under these names.",
        metavar="FILE",
    ),
]
Subset = Annotated[
    int | None, typer.Option("--subset", min=1, help="Fit on this many images of each class.")
]
Labels = Annotated[
    Path | None, typer.Option("--labels", help="Labels of a flat val folder (CSV id,class).")
]
Crop = Annotated[
    list[str] | None,
    typer.Option("--crop", help="Another crop for a network; may be repeated.", metavar="NAME=PX"),
]
Device = Annotated[str, typer.Option("--device", help="cpu, cuda or cuda:N.")]
Batch = Annotated[int, typer.Option("--batch-size", min=1, help="Images per forward pass.")]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="Threads that read and decode images.")
]
Download = Annotated[
    bool,
    typer.Option(
        "--download", help="Fetch weights that are missing, from where they are published."
    ),
]
Strict = Annotated[
    bool,
    typer.Option("--strict", help="Stop at a missing network or an image that can't be read."),
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Say what is missing, and what disk and time it takes."),
]


@app.command()
def thesis(  # noqa: PLR0917  (the command line calls it by name)
    data: Data,
    out: Out = None,
    weights_dir: Weights = None,
    networks: Only = None,
    networks_from: Others = None,
    subset: Subset = None,
    labels: Labels = None,
    crop: Crop = None,
    device: Device = "cpu",
    batch_size: Batch = 32,
    workers: Workers = None,
    download: Download = False,
    strict: Strict = False,
    dry_run: DryRun = False,
) -> None:
    """Tables 5.1, 5.2 and 5.3 and the naive experiment, beside the printed ones."""
    from samefeatures.reproduce.experiment import Options

    options = Options(
        data=data,
        out=out or Path("reproduce-thesis"),
        weights_dir=weights_dir,
        networks=_names(networks),
        networks_from=networks_from,
        subset=subset,
        labels=labels,
        crops=_crops(crop),
        device=device,
        batch_size=batch_size,
        workers=workers,
        download=download,
        strict=strict,
    )
    _go("thesis", options, dry_run=dry_run)


@app.command()
def paper(  # noqa: PLR0917  (the command line calls it by name)
    data: Data,
    out: Out = None,
    weights_dir: Weights = None,
    networks_from: Others = None,
    subset: Subset = None,
    labels: Labels = None,
    crop: Crop = None,
    device: Device = "cpu",
    batch_size: Batch = 32,
    workers: Workers = None,
    download: Download = False,
    strict: Strict = False,
    dry_run: DryRun = False,
) -> None:
    """Table 1: Inception-v4 and ResNet-v2 152, both ways, beside the printed one."""
    from samefeatures.reproduce.experiment import Options

    options = Options(
        data=data,
        out=out or Path("reproduce-paper"),
        weights_dir=weights_dir,
        networks_from=networks_from,
        subset=subset,
        labels=labels,
        crops=_crops(crop),
        device=device,
        batch_size=batch_size,
        workers=workers,
        download=download,
        strict=strict,
    )
    _go("paper", options, dry_run=dry_run)


def _go(name: str, options: Options, *, dry_run: bool) -> None:
    from rich.console import Console

    from samefeatures.base.progress import on_terminal
    from samefeatures.reproduce.experiment import check_ready, plan_experiment
    from samefeatures.reproduce.networks import ShippedCatalogue
    from samefeatures.reproduce.plan import make_plan
    from samefeatures.reproduce.plan_terminal import print_plan
    from samefeatures.reproduce.run import reproduce
    from samefeatures.reproduce.terminal import print_comparison

    catalogue = ShippedCatalogue()
    experiment = plan_experiment(name, options, catalogue)
    if dry_run:
        with on_terminal() as progress:
            plan = make_plan(experiment, catalogue, progress)
        print_plan(plan, Console())
        return
    check_ready(experiment)
    for network, why in experiment.missing.items():
        typer.secho(f"Left out {network}: {why}", err=True)
    with on_terminal() as progress:
        comparison = reproduce(experiment, progress)
    print_comparison(comparison, Console())
    out = options.out
    typer.echo(f"\nComparison: {out / 'comparison'}\nReport: {out / 'report' / 'report.html'}")


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip()) if text else ()


def _crops(given: list[str] | None) -> dict[str, int]:
    crops = {}
    for text in given or ():
        name, _, pixels = text.partition("=")
        if not pixels.isdigit() or not int(pixels):
            raise ConfigError(f"--crop is '{text}'; write NAME=PIXELS, e.g. inception_v4=299.")
        crops[name] = int(pixels)
    return crops
