"""Open a study that runs on a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from samefeatures.base.display import Display, ProgressChoice
from samefeatures.base.paths import PathLike, as_path
from samefeatures.cluster.runner import RayRunner
from samefeatures.cluster.session import connected
from samefeatures.study.opening import open_study
from samefeatures.study.study import Study


@contextmanager
def cluster_study(
    path: PathLike,
    *,
    address: str,
    out: PathLike | None = None,
    strict: bool = False,
    progress: ProgressChoice = "quiet",
) -> Iterator[Study]:
    """A study whose extraction and moments run on the Ray cluster at ``address``.

    Args:
        path: Of the study file.
        address: As Ray takes it (``auto``, ``HOST:6379``), or ``local`` for a cluster of this
            machine's processors that lives as long as the block.
        out: Wins over what the file says.
        strict: Wins over what the file says.
        progress: Shows how far all workers are together: ``"bar"``, ``"quiet"``, or a function that
            takes a ``ProgressStep``.

    Raises:
        ConfigError: as ``open_study``.
        MissingExtraError: without Ray.
        ClusterError: when nothing answers at the address.
    """
    shown = Display(progress)
    study = open_study(
        as_path(path), out=None if out is None else as_path(out), strict=strict, progress=shown
    )
    with connected(address):
        runner = RayRunner(study.config, folder=study.out, base=study.base, progress=shown)
        yield Study(study.config, out=study.out, base=study.base, progress=shown, runner=runner)
