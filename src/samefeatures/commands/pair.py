"""What is asked of two networks of a scored study: ``overlap``, ``export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from samefeatures.commands.loudness import loudness
from samefeatures.commands.options import Method, Out, StudyFile, opened, tell, warn


def overlap(  # noqa: PLR0917  (the command line calls it by name)
    study: StudyFile,
    source: Annotated[str, typer.Argument(help="One network of the pair.")],
    target: Annotated[str, typer.Argument(help="The other.")],
    method: Method = "ols",
    images: Annotated[
        int, typer.Option("--images", min=0, help="Fixed images in the gallery, and broken ones.")
    ] = 48,
    out: Out = None,
) -> None:
    """Who of two networks and their hybrids is right about which images: counts, lists, figure."""
    from samefeatures.base.progress import console
    from samefeatures.gallery.gallery import make_overlaps
    from samefeatures.report.overlaps import print_overlaps
    from samefeatures.report.write import report_study
    from samefeatures.study.results import StudyResults

    with opened(study, out) as found:
        made = make_overlaps(
            found.config.data,
            StudyResults.load(found.results_path),
            out=found.out,
            base=found.base,
            source=source,
            target=target,
            method=method,
            images=images,
            progress=found.progress,
        )
    if not loudness().quiet:
        print_overlaps(made.overlaps, console())
    warn(made.warnings)
    _, paths = report_study(found.out)
    tell(*(f"Lists: {folder}" for folder in made.folders))
    tell(*(f"Report: {path}" for path in paths if path.suffix == ".html"))


def export(  # noqa: PLR0917  (the command line calls it by name)
    study: StudyFile,
    source: Annotated[str, typer.Argument(help="Network whose features are used.")],
    target: Annotated[str, typer.Argument(help="Network whose head is used.")],
    to: Annotated[
        Path, typer.Option("--to", help="File to write: .onnx, or .pt2 for an nn.Module.")
    ],
    method: Method = "ols",
    out: Out = None,
) -> None:
    """Write a hybrid as one file, and check that it predicts what the study says."""
    from samefeatures.export.hybrids import export_hybrid

    with opened(study, out) as found:
        fitted, networks = found.map(method, source, target), found.inputs.networks
        done = export_hybrid(
            fitted,
            networks[source],
            networks[target],
            rows=found.eval_features.rows[source],
            parts=found.inputs.eval,
            to=to,
            class_names=found.inputs.class_names,
            batch_size=found.config.batch_size,
            threads=found.config.threads,
        )
    against = "the study" if done.otherwise is None else "the network in plain float32"
    tell(
        f"{done.path}: {done.images} predictions checked against {against}, "
        f"{done.ties} ties within rounding."
    )
    if done.otherwise is not None:
        tell(f"The study ('precision' or 'compile') predicts {done.otherwise} of them otherwise.")
