"""Studies made by hand: any accuracies, and the published ones of the thesis."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from spaces_by_hand import with_spaces

from samefeatures.scores.intervals import wilson
from samefeatures.similarity import MEASURES
from samefeatures.study.results import (
    Cell,
    ControlRow,
    Controls,
    DataSummary,
    FitSummary,
    LeftOut,
    MeasureSummary,
    MethodSummary,
    NetworkSummary,
    StudyResults,
)

Table = Sequence[Sequence[float | None]]
PREPROCESSING = {"input_size": (3, 224, 224), "crop_pct": 0.875, "interpolation": "bicubic"}


def make_cell(
    method: str, names: tuple[str, str], own: tuple[float, float], top1: float, n: int
) -> Cell:
    same = names[0] == names[1]
    # As many images change sides as the accuracies demand, and 40 more in both directions.
    correct, before = round(top1 * n / 100), round(own[1] * n / 100)
    fixed = 0 if same else max(correct - before, 0) + 40
    broken = fixed - (correct - before)
    low, high = wilson(correct, n)
    return Cell(
        method=method,
        source=names[0],
        target=names[1],
        n=n,
        correct=round(top1 * n / 100),
        top1=top1,
        correct_top5=n - 1,
        top5=100 * (n - 1) / n,
        source_top1=own[0],
        target_top1=own[1],
        change_vs_source_pct=100 * (top1 - own[0]) / own[0] if own[0] else float("nan"),
        loss_vs_target_points=own[1] - top1,
        agreement=100.0 if same else 0.9 * top1,
        measures={"r2": 1.0, "cosine": 1.0} if same else {"r2": top1 / 120, "cosine": top1 / 110},
        ci_low=low,
        ci_high=high,
        # Significant, whatever the numbers: marks are for the tests that ask for them.
        p_vs_target=float(same),
        p_vs_source=float(same),
        p_vs_target_raw=float(same),
        p_vs_source_raw=float(same),
        fixed=fixed,
        broken=broken,
    )


def make_results(
    tables: Mapping[str, Table],
    names: Sequence[str] | None = None,
    *,
    classes: int = 1000,
    n: int = 50_000,
    fits: Sequence[FitSummary] = (),
    options: Mapping[str, Mapping[str, Any]] | None = None,
    **fields: Any,
) -> StudyResults:
    """A study with these top-1 accuracies: ``tables[method][source][target]``, None if missing."""
    first = next(iter(tables.values()))
    names = names or [f"net_{chr(97 + i)}" for i in range(len(first))]
    own = [first[i][i] or 0.0 for i in range(len(names))]
    cells = [
        make_cell(method, (names[i], names[j]), (own[i], own[j]), top1, n)
        for method, table in tables.items()
        for i, row in enumerate(table)
        for j, top1 in enumerate(row)
        if top1 is not None
    ]
    networks = [
        NetworkSummary(
            name=name,
            source=f"timm:{name}",
            feature_dim=1024 + 64 * i,
            classes=classes,
            parameters=None if i == 1 else 5_000_000 * (i + 1),
            preprocessing=None if i == 1 else PREPROCESSING,
            fingerprint=f"{i:02x}" * 32,
            top1=own[i],
            top5=min(own[i] + 10, 100),
        )
        for i, name in enumerate(names)
    ]
    every: dict[str, Any] = {
        "title": "Do these networks extract the same features?",
        "networks": tuple(networks),
        "methods": tuple(
            MethodSummary(
                name=method,
                options=(options or {}).get(method, {}),
                uses={"logit": "heads", "naive": "nothing"}.get(method, "images"),
            )
            for method in tables
        ),
        "measures": tuple(MeasureSummary.of(MEASURES.get(name)) for name in MEASURES.defaults),
        "cells": tuple(cells),
        "fits": tuple(fits),
        "fit_data": DataSummary(
            name="sample",
            images=1002,
            rows=2000,
            fingerprint="ab" * 32,
            views={"count": 2, "seed": 0},
            left_out=(
                LeftOut(id="a.jpg", reason="truncated"),
                LeftOut(id="b<script>.jpg", reason="empty & 0 bytes"),
            ),
        ),
        "eval_data": DataSummary(name="validation", images=n, rows=n, fingerprint="cd" * 32),
        "settings": {"data": {"fit": "sample"}, "methods": list(tables)},
        "versions": {"samefeatures": "0.1.0", "platform": "Linux-6.18.44-x86_64-with-" * 5},
    }
    return StudyResults(**{**every, **fields})


@pytest.fixture
def make() -> Callable[..., StudyResults]:
    """``make_results``."""
    return make_results


@pytest.fixture
def good() -> StudyResults:
    """Three networks and four methods, as the thesis would have them; one head is too narrow."""
    return good_results()


def good_results() -> StudyResults:
    names = ["net_a", "net_b", "net_c"]
    ols = [[90.0, 89.0, 88.0], [91.5, 92.0, 91.0], [92.9, 93.1, 94.0]]
    ridge: Table = [[90.0, 89.2, None], [91.6, 92.0, 91.1], [93.0, 93.2, 94.0]]
    logit = [[90.0, 90.0, 85.0], [92.0, 92.0, 87.0], [94.0, 94.0, 94.0]]
    naive = [[90.0, 9.5, 10.0], [11.0, 92.0, 12.0], [8.0, 10.5, 94.0]]
    fits = [
        FitSummary(
            method="ols",
            source=a,
            target=b,
            rank=80 if a == "net_b" else 96,
            full_rank=96,
            condition=1e4,
            note="minimum-norm solution: rank 80 of 96" if a == "net_b" else "",
        )
        for a in names
        for b in names
        if a != b
    ]
    fits += [
        FitSummary(
            method="logit",
            source=a,
            target=b,
            rank=8 if b == "net_c" else 10,
            full_rank=10,
            note="not lossless: the head has rank 8 of 10" if b == "net_c" else "",
        )
        for a in names
        for b in names
        if a != b
    ]
    return make_results(
        {"ols": ols, "ridge": ridge, "logit": logit, "naive": naive},
        names,
        classes=10,
        n=10_000,
        fits=fits,
        options={"ridge": {"alpha": 0.01}},
        warnings=("net_b: 80 fit rows are too few for 96 features",),
    )


@pytest.fixture
def controlled(good: StudyResults) -> StudyResults:
    """Controls of net_a; those of random weights could not be taken."""
    top1 = {
        "ols": (89.0, 88.0),
        "naive": (9.5, 10.0),
        "shuffled pairs": (11.0, 10.2),
        "onto logits": (89.0, 88.0),
        "fit set": (None, None),
    }
    rows = tuple(
        ControlRow(
            control=control,
            source="net_a",
            target=target,
            n=10_000,
            correct=None if value is None else round(100 * value),
            top1=value,
            ci_low=None if value is None else value - 0.6,
            ci_high=None if value is None else value + 0.6,
            agreement=95.0 if value is None else value,
        )
        for control, values in top1.items()
        for target, value in zip(("net_b", "net_c"), values, strict=True)
    )
    controls = Controls(
        source="net_a",
        seed=0,
        rows=rows,
        logit_predictions_differing=1,
        logit_difference=3.2e-7,
        left_out={"random weights": "net_a is known by its <features> alone"},
    )
    return replace(good, controls=controls)


@pytest.fixture
def unsure() -> StudyResults:
    """a → b does not differ significantly from its target, b → a not from its source."""
    found = make_results({"ols": [[80.0, 79.8], [79.6, 80.0]]}, n=10_000)
    changed = {("net_a", "net_b"): {"p_vs_target": 0.05}, ("net_b", "net_a"): {"p_vs_source": 1.0}}
    cells = tuple(replace(c, **changed.get((c.source, c.target), {})) for c in found.cells)
    return replace(found, cells=cells)


NASTY = ("a&b_<i>50%</i>", "x#1$y$z|`q`", "back\\slash{~^}*'\"")


@pytest.fixture
def nasty(good: StudyResults) -> StudyResults:
    """Names and texts that mean something to HTML, Markdown, LaTeX, rich and mathtext."""
    return make_results(
        {"ols": [[50.0, 40.0, 30.0], [45.0, 55.0, 35.0], [20.0, 10.0, 60.0]]},
        NASTY,
        title="<script>alert(1)</script> & [bold]co_",
        warnings=("</section><img src=x onerror=alert(1)> [red]not markup[/red]",),
        settings={"networks": list(NASTY), "note": "</pre><script>alert(2)</script>"},
    )


@pytest.fixture
def spaced(controlled: StudyResults) -> StudyResults:
    """The same controls, and control spaces in every source's place."""
    return with_spaces(controlled)


def published_results(folder: Path) -> StudyResults:
    with (folder / "table_5_2_accuracy.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    table = [[float(value) for value in row[1:]] for row in rows[1:]]
    return make_results({"ols": table}, rows[0][1:])


@pytest.fixture
def published() -> StudyResults:
    """Table 5.2 of the thesis."""
    folder = Path(__file__).parents[2] / "../shared/published"
    if not folder.is_dir():
        pytest.skip(f"the published tables are not at {folder}")
    return published_results(folder)
