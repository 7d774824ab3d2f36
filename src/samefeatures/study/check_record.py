"""What ``samefeatures check --json`` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from samefeatures.study.check_study import StudyCheck
from samefeatures.study.checking import Check


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkRecord:
    """A network.

    Attributes:
        name: Short name.
        source: Source string.
        features: Dimensions.
        classes: Of its head; None where it has none.
        fingerprint: Of weights and preprocessing.
        images: That it was scored on with its own head; None where there were none.
        top1: Percent of them.
        top5: Percent of them.
        facts: All that is printed, by label.
        warning: That its labels look permuted.
    """

    name: str
    source: str
    features: int
    classes: int | None
    fingerprint: str
    images: int | None
    top1: float | None
    top5: float | None
    facts: Mapping[str, str]
    warning: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRecord:
    """What was checked. ``format`` is raised when a field changes its meaning or goes away.

    Attributes:
        networks: In their order.
        study: Facts of the study by label; None where networks alone were checked.
        warnings: Of the study.
    """

    format: Literal[1] = 1
    networks: tuple[NetworkRecord, ...]
    study: Mapping[str, str] | None
    warnings: tuple[str, ...]


def check_record(checks: Sequence[Check], study: StudyCheck | None = None) -> CheckRecord:
    """Of networks, or of a study with its networks."""
    return CheckRecord(
        networks=tuple(map(_network, checks)),
        study=None if study is None else dict(study.facts),
        warnings=() if study is None else study.warnings,
    )


def _network(check: Check) -> NetworkRecord:
    network, score = check.network, check.score
    return NetworkRecord(
        name=network.name,
        source=network.source,
        features=network.dim,
        classes=network.head.classes if network.head else None,
        fingerprint=network.fingerprint,
        images=score.n if score else None,
        top1=score.top1 if score else None,
        top5=score.top5 if score else None,
        facts=check.rows(),
        warning=check.warning,
    )
