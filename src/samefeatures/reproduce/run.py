"""Run the study behind a document, and put its results beside what is printed."""

from __future__ import annotations

from pathlib import Path

from samefeatures.base.progress import Progress
from samefeatures.report.write import write_report
from samefeatures.reproduce.experiment import Experiment, check_ready, write_study
from samefeatures.reproduce.figures import Comparison
from samefeatures.reproduce.write import write_comparison
from samefeatures.study.study import Study


def reproduce(experiment: Experiment, progress: Progress) -> Comparison:
    """Extract, fit, score, report and compare; goes on where it was stopped.

    Leaves in the out folder what every study leaves, ``study.yaml``, and ``comparison/``.

    Raises:
        SamefeaturesError: when images or networks are missing, and as every study.
    """
    check_ready(experiment)
    config = write_study(experiment)
    out = experiment.options.out
    results = Study(config, out=out, base=Path(), progress=progress).score()
    write_report(results, out / "report")
    comparison = experiment.document.compare(results, why=experiment.absent)
    write_comparison(comparison, out / "comparison")
    return comparison
