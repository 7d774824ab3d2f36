"""Find the image at which workers die, by halves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from samefeatures.cluster.order import Order
from samefeatures.cluster.session import Died, run_all
from samefeatures.cluster.worker import Task, probe_task
from samefeatures.study.config import ClusterConfig

MOST = 4
"""Images of one chunk at which workers may die; with more it is not the images."""
NOT_LOOKED_AT = "not looked at"


def find_culprits(
    order: Order, task: Task, images: Sequence[int], *, options: ClusterConfig
) -> list[int]:
    """Those of the images at which, each alone, a worker dies, and dies again.

    Args:
        order: Of the run.
        task: One chunk, at which workers died.
        images: Indices of its images that are to be looked at.
        options: Of the cluster.

    Returns:
        Indices; empty when no image kills by itself, or so many that it can't be the images.
    """
    suspects, found = [list(images)], list[int]()
    while suspects:
        halves = [half for group in suspects for half in _halves(group)]
        # One alone must die twice; of more it is enough that the next look goes closer.
        died = [
            half
            for alone, retries in ((False, 0), (True, 1))
            for half in _dying(
                order,
                task,
                [half for half in halves if (len(half) == 1) is alone],
                images,
                options=options,
                retries=retries,
            )
        ]
        found += [half[0] for half in died if len(half) == 1]
        suspects = [half for half in died if len(half) > 1]
        if len(found) + len(suspects) > MOST:
            return []
    return sorted(found)


def _dying(
    order: Order,
    task: Task,
    groups: Sequence[list[int]],
    images: Sequence[int],
    *,
    options: ClusterConfig,
    retries: int,
) -> list[list[int]]:
    """Those of the groups at which a worker dies."""
    calls = [(order, _only(task, group, images)) for group in groups]
    results = run_all(probe_task, calls, options=options, retries=retries)
    return [groups[at] for at, result in results if isinstance(result, Died)]


def _halves(group: list[int]) -> list[list[int]]:
    middle = (len(group) + 1) // 2
    return [half for half in (group[:middle], group[middle:]) if half]


def _only(task: Task, chosen: Sequence[int], images: Sequence[int]) -> Task:
    rest = dict.fromkeys(set(images) - set(chosen), NOT_LOOKED_AT)
    return replace(task, known={**task.known, **rest})
