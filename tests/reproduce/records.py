"""Study records made from printed tables, so that a comparison can be fed with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from samefeatures.reproduce.published import Pair, published_paper, published_thesis
from samefeatures.study.results import (
    Cell,
    DataSummary,
    MethodSummary,
    NetworkSummary,
    StudyResults,
)

IMAGES = 50_000


def study(
    accuracy: Mapping[str, Mapping[Pair, float]],
    networks: Sequence[NetworkSummary],
    *,
    n: int = IMAGES,
) -> StudyResults:
    """A study whose methods have these top-1 percents."""
    data = DataSummary(name="val", images=n, rows=n, fingerprint="f")
    return StudyResults(
        title="t",
        networks=tuple(networks),
        methods=tuple(MethodSummary(name=m, options={}, kind=m) for m in accuracy),
        cells=tuple(
            cell(method, pair, table, n) for method, table in accuracy.items() for pair in table
        ),
        fits=(),
        fit_data=data,
        eval_data=data,
        settings={},
        versions={},
    )


def cell(method: str, pair: Pair, table: Mapping[Pair, float], n: int = IMAGES) -> Cell:
    source, target = pair
    top1, own, other = table[pair], table[source, source], table[target, target]
    return Cell(
        method=method,
        source=source,
        target=target,
        n=n,
        correct=round(n * top1 / 100),
        top1=top1,
        correct_top5=n,
        top5=100.0,
        source_top1=own,
        target_top1=other,
        change_vs_source_pct=100 * (top1 - own) / own,
        loss_vs_target_points=other - top1,
        agreement=100.0,
        measures={},
        ci_low=top1,
        ci_high=top1,
        p_vs_target=1.0,
        p_vs_source=1.0,
        p_vs_target_raw=1.0,
        p_vs_source_raw=1.0,
        fixed=0,
        broken=0,
    )


def network(name: str, top1: float, *, dim: int, parameters: int, crop: int) -> NetworkSummary:
    prep = {
        "input_size": [3, crop, crop],
        "crop_pct": 0.875,
        "interpolation": "bilinear",
        "crop_mode": "center",
    }
    return NetworkSummary(
        name=name,
        source=f"thesis:{name}",
        feature_dim=dim,
        classes=1000,
        parameters=parameters,
        preprocessing=prep,
        fingerprint=name,
        top1=top1,
        top5=100.0,
    )


def printed_thesis_as_a_study() -> StudyResults:
    thesis = published_thesis()
    accuracy = {pair: printed.value for pair, printed in thesis.accuracy.items()}
    naive = {p: v if p[0] == p[1] else 0.1 for p, v in accuracy.items()}
    naive["resnet_v1_152", "resnet_v2_152"] = 0.27
    networks = [
        network(
            name,
            accuracy[name, name],
            dim=row.feature_dim,
            parameters=int(row.params_millions.value * 1e6),
            crop=row.local_crop,
        )
        for name, row in thesis.networks.items()
    ]
    logit = {(a, b): accuracy[a, a] for a, b in accuracy}
    return study({"ols": accuracy, "logit": logit, "naive": naive}, networks)


def printed_paper_as_a_study(method: str = "ols") -> StudyResults:
    rows = published_paper().rows
    accuracy = {pair: 100 * row.correct / IMAGES for pair, row in rows.items()}
    networks = [
        network(name, accuracy[name, name], dim=dim, parameters=1, crop=crop)
        for name, dim, crop in (("inception_v4", 1536, 299), ("resnet_v2_152", 2048, 320))
    ]
    return study({method: accuracy}, networks)
