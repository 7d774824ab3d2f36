"""The command line: a thin shell over the library.

Heavy modules are imported inside the commands, so that ``--help`` answers at once.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from samefeatures.base.errors import SamefeaturesError
from samefeatures.base.version import __version__
from samefeatures.commands.plan import plan
from samefeatures.commands.reproduce import app as reproduce

if TYPE_CHECKING:
    from samefeatures.study.study import Study

app = typer.Typer(
    name="samefeatures",
    help="Do two image classifiers extract the same features?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
miniatures = typer.Typer(help="The ten small networks of the demo.", no_args_is_help=True)
app.add_typer(miniatures, name="miniatures")
app.add_typer(reproduce, name="reproduce")
app.command()(plan)

StudyFile = Annotated[Path, typer.Argument(help="Study file (YAML).", metavar="STUDY.yaml")]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", help="Folder for everything that comes out.")
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Stop at the first image that can't be read.")
]

Ray = Annotated[
    str | None,
    typer.Option(
        "--ray",
        metavar="[ADDRESS]",
        help="Extract and add up on the Ray cluster there; without an address (at the end of the "
        "line) or with 'local', on one of this machine's processors.",
    ),
]


def _version(show: bool) -> None:
    if show:
        typer.echo(f"samefeatures {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command()
def demo(out: Out = None) -> None:
    """Compare ten small CNNs that ship with the package; about a minute."""
    from samefeatures.base.progress import on_terminal
    from samefeatures.study.demo import demo_config
    from samefeatures.study.study import Study

    folder = out or Path("samefeatures-demo")
    with on_terminal() as progress:
        opened = Study(demo_config(), out=folder, base=Path(), progress=progress)
        opened.score()
        _overlaps(opened)
    _report(folder)


@app.command()
def run(study: StudyFile, out: Out = None, strict: Strict = False, ray: Ray = None) -> None:
    """Extract, fit, score and report; goes on where it was stopped."""
    with _opened(study, out, strict=strict, ray=ray) as opened:
        opened.score()
        _overlaps(opened)
    _report(opened.out)


@app.command()
def extract(study: StudyFile, out: Out = None, strict: Strict = False, ray: Ray = None) -> None:
    """Extract the features of every network on every image."""
    with _opened(study, out, strict=strict, ray=ray) as opened:
        opened.extract()
    typer.echo(f"Features: {opened.feature_root}")


@app.command()
def fit(study: StudyFile, out: Out = None, strict: Strict = False, ray: Ray = None) -> None:
    """Fit all maps (and extract what is missing)."""
    with _opened(study, out, strict=strict, ray=ray) as opened:
        opened.fit()
    typer.echo(f"Maps: {opened.out / 'maps'}")


@app.command()
def score(study: StudyFile, out: Out = None, strict: Strict = False, ray: Ray = None) -> None:
    """Score all hybrids (and extract and fit what is missing)."""
    with _opened(study, out, strict=strict, ray=ray) as opened:
        opened.score()
    typer.echo(f"Results: {opened.out / 'results.csv'}")


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="Folder of a scored study.", metavar="DIR")],
) -> None:
    """Write tables, figures and the HTML page of a scored study again, and print the tables."""
    _report(folder)


@app.command()
def overlap(  # noqa: PLR0917  (the command line calls it by name)
    study: StudyFile,
    source: Annotated[str, typer.Argument(help="One network of the pair.")],
    target: Annotated[str, typer.Argument(help="The other.")],
    method: Annotated[str, typer.Option("--method", help="Label of the method.")] = "ols",
    images: Annotated[
        int, typer.Option("--images", min=0, help="Fixed images in the gallery, and broken ones.")
    ] = 48,
    out: Out = None,
) -> None:
    """Who of two networks and their hybrids is right about which images: counts, lists, figure."""
    from rich.console import Console

    from samefeatures.base.progress import on_terminal
    from samefeatures.gallery.gallery import make_overlaps
    from samefeatures.report.overlaps import print_overlaps
    from samefeatures.study.results import StudyResults

    with on_terminal() as progress:
        opened = _open(study, out, strict=False, progress=progress)
        made = make_overlaps(
            opened.config,
            StudyResults.load(opened.results_path),
            out=opened.out,
            base=opened.base,
            source=source,
            target=target,
            method=method,
            images=images,
            progress=progress,
        )
    print_overlaps(made.overlaps, Console())
    _warn(made.warnings)
    paths = _write_report(opened.out)
    typer.echo("\n".join(f"Lists: {folder}" for folder in made.folders))
    typer.echo("\n".join(f"Report: {path}" for path in paths if path.suffix == ".html"))


@app.command()
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
    from rich.console import Console

    from samefeatures.base.progress import on_terminal
    from samefeatures.report.checks import print_facts
    from samefeatures.study.checking import check_networks

    with on_terminal() as progress:
        checks = check_networks(
            networks, data=data, class_map=class_map, limit=limit, progress=progress
        )
    print_facts([check.rows() for check in checks], Console())


@app.command()
def export(  # noqa: PLR0917  (the command line calls it by name)
    study: StudyFile,
    source: Annotated[str, typer.Argument(help="Network whose features are used.")],
    target: Annotated[str, typer.Argument(help="Network whose head is used.")],
    to: Annotated[
        Path, typer.Option("--to", help="File to write: .onnx, or .pt2 for an nn.Module.")
    ],
    method: Annotated[str, typer.Option("--method", help="Label of the method.")] = "ols",
    out: Out = None,
) -> None:
    """Write a hybrid as one file, and check that it predicts what the study says."""
    from samefeatures.base.progress import on_terminal
    from samefeatures.export.hybrids import export_hybrid

    with on_terminal() as progress:
        opened = _open(study, out, strict=False, progress=progress)
        done = export_hybrid(opened, source, target, method=method, to=to)
    against = "the study" if done.otherwise is None else "the network in plain float32"
    typer.echo(
        f"{done.path}: {done.images} predictions checked against {against}, "
        f"{done.ties} ties within rounding."
    )
    if done.otherwise is not None:
        typer.echo(
            f"The study ('precision' or 'compile') predicts {done.otherwise} of them otherwise."
        )


@miniatures.command("train")
def miniatures_train(
    data: Annotated[Path, typer.Option("--data", help="Folder with Fashion-MNIST's .gz files.")],
    out: Out = None,
    name: Annotated[
        list[str] | None, typer.Option("--name", help="Only these; may be repeated.")
    ] = None,
) -> None:
    """Train the ten miniatures anew (extra 'train'); goes on at the last full epoch."""
    from samefeatures.networks.miniatures.catalogue import NAMES, check_names
    from samefeatures.networks.miniatures.training.command import train

    names = check_names(tuple(name or NAMES))
    train(names, data, out or Path("miniatures"), report=typer.echo)


@miniatures.command("pack")
def miniatures_pack(
    data: Annotated[Path, typer.Option("--data", help="Folder with Fashion-MNIST's .gz files.")],
    out: Out = None,
) -> None:
    """Pack the images that the demo ships."""
    from samefeatures.networks.miniatures.training.pack import pack

    for path in pack(data, out or Path("fashion_mnist")):
        typer.echo(path)


@contextmanager
def _opened(study: Path, out: Path | None, *, strict: bool, ray: str | None) -> Iterator[Study]:
    """The study, in this process or on a cluster, with its progress shown."""
    from samefeatures.base.progress import on_terminal

    with on_terminal() as progress:
        if ray is None:
            yield _open(study, out, strict=strict, progress=progress)
            return
        from samefeatures.cluster.opening import cluster_study

        with cluster_study(study, address=ray, out=out, strict=strict, progress=progress) as opened:
            yield opened


def _open(study: Path, out: Path | None, *, strict: bool, progress: object) -> Study:
    from samefeatures.base.progress import Progress, Silent
    from samefeatures.study.study import open_study

    shown: Progress = progress if isinstance(progress, Progress) else Silent()
    return open_study(study, out=out, strict=strict, progress=shown)


def _overlaps(study: Study) -> None:
    from samefeatures.gallery.gallery import refresh_overlaps

    _warn(refresh_overlaps(study))


def _warn(warnings: Sequence[str]) -> None:
    for warning in warnings:
        typer.secho(f"Warning: {warning}", fg=typer.colors.YELLOW, err=True)


def _write_report(folder: Path) -> list[Path]:
    from samefeatures.report.write import write_report
    from samefeatures.scores.overlap import load_overlaps
    from samefeatures.study.results import StudyResults

    results = StudyResults.load(folder / "study.json")
    return write_report(results, folder / "report", overlaps=load_overlaps(folder))


def _report(folder: Path) -> None:
    from rich.console import Console

    from samefeatures.report.terminal import print_tables
    from samefeatures.study.results import StudyResults

    results = StudyResults.load(folder / "study.json")
    paths = _write_report(folder)
    print_tables(results, Console())
    page = next(path for path in paths if path.suffix == ".html")
    typer.echo(f"\nReport: {page}\nTables: {folder / 'report'}\nNumbers: {folder / 'results.csv'}")


def main() -> None:
    """Entry point: errors of this package become one line and exit code 1."""
    # Click has no option whose value may be left out; at the end of the line it is clear.
    args = [*sys.argv[1:], "local"] if sys.argv[-1] == "--ray" else sys.argv[1:]
    try:
        app(args)
    except SamefeaturesError as error:
        typer.secho(f"Error: {error}", fg=typer.colors.RED, err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        typer.secho("Stopped. The same command goes on from here.", err=True)
        sys.exit(130)
