"""A connection to a Ray cluster, and tasks on it."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from samefeatures.base.errors import ClusterError, SamefeaturesError, first_line, require
from samefeatures.study.config import ClusterConfig

LOCAL = "local"
"""The address that stands for a cluster of this machine's processors, started for the run."""
POLL = 1.0
IN_FLIGHT = 4096
"""Tasks that Ray is given at a time; a million at once would take memory, and time at each look."""
REACH = 10.0
"""Seconds to wait for somebody at an address."""


class Died(Exception):
    """A worker process died at a task, and again when Ray tried it once more."""


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Connected to the cluster while the block runs, or to one that is started for it.

    Where this process is connected already, that connection is used and left alone.

    Raises:
        MissingExtraError: without Ray.
        ClusterError: when nothing answers at the address, or its Ray or Python is another version.
    """
    ray = require("ray", extra="ray", purpose="Work on several machines")
    if ray.is_initialized():
        yield
        return
    local = address == LOCAL
    if not local:
        _check_reachable(address)
    else:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # read by the processes it starts
    try:
        ray.init(
            address=LOCAL if local else address,
            include_dashboard=False if local else None,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except Exception as error:  # ConnectionError, RuntimeError, ValueError, …
        raise _no_cluster(address, error) from None
    try:
        yield
    finally:
        ray.shutdown()


def _check_reachable(address: str) -> None:
    """Ask first whether anybody is there: Ray itself tries for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        return  # "auto" and the like
    try:
        socket.create_connection((host, int(port)), timeout=REACH).close()
    except OSError as error:
        raise _no_cluster(address, error) from None


def _no_cluster(address: str, error: Exception) -> ClusterError:
    advice = (
        "Start a cluster with 'ray start --head' and give its address, or 'local' for this "
        "machine's processors alone. A cluster that asks for a token, as newer ones do, needs "
        "RAY_AUTH_MODE=token here too."
    )
    reason = first_line(error)
    if isinstance(error, ConnectionAbortedError):  # with the traceback of Ray's own server
        reason += f" {str(error).splitlines()[-1]}"
        advice = (
            "The cluster is there, but what it starts for a client did not answer in time: start "
            "it with RAY_CLIENT_SERVER_CHECK_CHANNEL_TIMEOUT_S=300 if it is busy, or give its "
            "address without 'ray://'."
        )
    return ClusterError(f"Can't connect to Ray at '{address}': {reason.rstrip('.')}. {advice}")


def run_all(
    function: Callable[..., Any],
    calls: Sequence[tuple[Any, ...]],
    *,
    options: ClusterConfig,
    retries: int = 1,
) -> Iterator[tuple[int, Any]]:
    """Run a function on workers, once per call; Ray places the tasks and tries lost ones again.

    Args:
        function: Of a module that the workers have.
        calls: Arguments of each call.
        options: What a worker holds.
        retries: How often Ray tries a task again whose worker died.

    Yields:
        (place in ``calls``, result) as they end; the result is ``Died`` where the worker did,
        and did at each retry.

    Raises:
        SamefeaturesError: what a task raised; the others are cancelled.
        ClusterError: when a task failed in another way, or no machine is left.
    """
    import ray

    remote = on_worker(function, options, retries=retries)
    waiting = iter(enumerate(calls))
    running: dict[Any, int] = {}
    watch = Watch(options)
    try:
        while True:
            for at, call in islice(waiting, IN_FLIGHT - len(running)):
                running[remote.remote(*call)] = at
            if not running:
                return
            # All that end in this time at once: asking costs time for each that is running.
            done, _ = ray.wait(list(running), num_returns=len(running), timeout=POLL)
            watch.check(busy=bool(done))
            for ref in done:
                yield running.pop(ref), result_of(ref)
    finally:
        for ref in running:
            ray.cancel(ref, force=True)


def on_worker(function: Callable[..., Any], options: ClusterConfig, *, retries: int) -> Any:
    """Ray's form of a function that runs where the networks of a study are loaded."""
    import ray

    return ray.remote(
        num_cpus=options.cpus,
        num_gpus=options.gpus,
        max_retries=retries,
        max_calls=0,  # else Ray ends a worker with a GPU, and its networks, after each task
    )(function)


def result_of(ref: Any) -> Any:
    """What a task returned, or ``Died``.

    Raises:
        SamefeaturesError: that the task raised.
        ClusterError: for anything else that it raised.
    """
    import ray
    from ray import exceptions

    lost = (
        exceptions.WorkerCrashedError,
        exceptions.OutOfMemoryError,
        exceptions.NodeDiedError,
        exceptions.ObjectLostError,
    )
    try:
        return ray.get(ref)
    except lost as error:
        return Died(first_line(error))
    except exceptions.RayTaskError as error:
        cause = getattr(error, "cause", None)
        if isinstance(cause, SamefeaturesError):
            raise cause from None
        raise ClusterError(
            f"A task failed on a worker: {first_line(cause or error)}. What is stored is kept."
        ) from None
    except exceptions.RayError as error:
        raise ClusterError(f"The cluster failed: {first_line(error)}.") from None


class Watch:
    """Notices when no machine is left that could run a task."""

    def __init__(self, options: ClusterConfig) -> None:
        self._options = options
        self._alone_since: float | None = None

    def check(self, *, busy: bool) -> None:
        """Raise a ClusterError after ``patience`` seconds without such a machine."""
        if busy or self._someone():
            self._alone_since = None
            return
        now = time.monotonic()
        self._alone_since = self._alone_since or now
        if now - self._alone_since > self._options.patience:
            need = f"{self._options.cpus:g} processors"
            need += f" and {self._options.gpus:g} GPUs" if self._options.gpus else ""
            raise ClusterError(
                f"For {self._options.patience:g} seconds no machine of the cluster has had {need} "
                "to give. What is stored is kept: mend the cluster, or ask for less, and run the "
                "same command again."
            )

    def _someone(self) -> bool:
        import ray

        return any(
            node["Alive"]
            and node["Resources"].get("CPU", 0) >= self._options.cpus
            and node["Resources"].get("GPU", 0) >= min(self._options.gpus, 1)
            for node in ray.nodes()  # type: ignore[no-untyped-call]
        )
