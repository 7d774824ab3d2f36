"""Joint moments over a cluster: leaves of equal rows, merged in a fixed binary tree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from samefeatures.base.errors import ClusterError
from samefeatures.base.progress import Advance
from samefeatures.cluster.order import Order
from samefeatures.cluster.session import POLL, Died, Watch, on_worker, result_of
from samefeatures.cluster.worker import merge_task, moments_task
from samefeatures.features.rows import FeatureRows
from samefeatures.joint.kept import chunk_rows
from samefeatures.joint.record import Moments
from samefeatures.study.config import ClusterConfig


def moments_over(
    order: Order,
    parts: Sequence[FeatureRows],
    *,
    kind: str,
    options: ClusterConfig,
    advance: Advance,
) -> Moments:
    """Moments of all rows; partial ones go from worker to worker, and only the last comes home.

    Which rows make a leaf, and which two moments are merged, depends on the number of rows alone:
    the result is the same whoever is fast, and equal to one process's to about 1e-15 of the
    largest value.

    Raises:
        ClusterError: when a worker dies at the same rows again and again, or none is left.
        SamefeaturesError: what a task raised.
    """
    import ray

    running = _planted(order, _spans(len(parts[0]), options), parts, kind, options)
    *_, root = running
    watch = Watch(options)
    try:
        while running:
            done, _ = ray.wait(list(running), num_returns=1, timeout=POLL, fetch_local=False)
            watch.check(busy=bool(done))
            for ref in done:
                advance(running.pop(ref))  # and forget it, so that its memory can be freed
        result = result_of(root)
    finally:
        for ref in running:
            ray.cancel(ref, force=True)
    if isinstance(result, Died):
        raise ClusterError(
            f"Workers died at the moments of the {kind} set, three times over: {result}. Most "
            "likely memory ran out; give a worker more of the machine ('cpus')."
        )
    moments: Moments = result.copy()  # what comes out of Ray's memory is read-only
    return moments


def _planted(
    order: Order,
    spans: Sequence[tuple[int, int]],
    parts: Sequence[FeatureRows],
    kind: str,
    options: ClusterConfig,
) -> dict[Any, int]:
    """The leaves and the root of the tree as Ray works on them, with the rows of each leaf."""
    import ray

    leaf = on_worker(moments_task, options, retries=2)  # may add up on a GPU
    merge = ray.remote(num_cpus=options.cpus, max_retries=2)(merge_task)
    step = chunk_rows(sum(part.dim for part in parts))
    running = {leaf.remote(order, kind, *span, step): span[1] - span[0] for span in spans}
    level = list(running)
    while len(level) > 1:
        pairs = [level[i : i + 2] for i in range(0, len(level), 2)]
        level = [merge.remote(*pair) if len(pair) == 2 else pair[0] for pair in pairs]
    running.setdefault(level[0], 0)
    return running


def _spans(rows: int, options: ClusterConfig) -> list[tuple[int, int]]:
    step = options.leaf_rows
    return [(start, min(rows, start + step)) for start in range(0, rows, step)] or [(0, 0)]
