"""What tasks cost: images of their own, probes, and hybrids, from sizes alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from samefeatures.images.questions import RULES
from samefeatures.planning.images import Images
from samefeatures.study.task_config import TaskConfig
from samefeatures.study.task_images import TaskImages

READINGS = 250
"""Times that the fit of a probe goes over its rows, about: all strengths and folds together."""
HARDER = 4
"""Times that a row costs there what it costs to score: there and back, in float64."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSize:
    """One task in numbers.

    Attributes:
        images: Of its own; none where a rule is asked of the study's.
        fit_rows: That probes are fitted on.
        eval_rows: That are scored.
        classes: Of the probes.
    """

    images: tuple[Images, ...] = ()
    fit_rows: int
    eval_rows: int
    classes: int = 2

    def scored(self, networks: int, methods: int, classes: int) -> float:
        """Rows through one head of the study that fits, hybrids and answers alone amount to.

        Args:
            networks: How many.
            methods: That use images.
            classes: Of the study's heads.
        """
        fits = networks * READINGS * HARDER * self.fit_rows
        hybrids = (methods + 1) * networks**2 * self.eval_rows
        return float(fits + hybrids) * self.classes / classes


def task_sizes(
    tasks: Sequence[TaskConfig], own: Mapping[str, TaskImages], eval_rows: int
) -> Iterator[TaskSize]:
    """Every task of a study.

    Args:
        tasks: As in the study file.
        own: Images of those that bring some, by name.
        eval_rows: Of the study.
    """
    for task in tasks:
        if task.name not in own:
            half = eval_rows // 2
            yield TaskSize(fit_rows=half, eval_rows=half)
            continue
        found = own[task.name]
        images = tuple(
            Images(kind=kind, name=part.images.name, count=len(part.images))
            for kind, parts in (("fit", found.fit), ("eval", found.eval))
            for part in parts
        )
        fit, evaluation = (sum(i.rows for i in images if i.kind == k) for k in ("fit", "eval"))
        yield TaskSize(images=images, fit_rows=fit, eval_rows=evaluation, classes=len(found.labels))


RULE_COLUMNS = len(RULES)
"""Numbers that are stored of an image where any rule is asked."""
