"""Clusters whose machines differ from the one that runs the study, and clusters that go away."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fsspec
import pytest
import ray
import yaml
from cluster_worlds import alone, held_workers, hold, on_cluster, same, world_config, write_world
from ray.cluster_utils import Cluster

import samefeatures
from samefeatures.base.errors import ClusterError, MissingExtraError, StoreError
from samefeatures.cluster.session import connected
from samefeatures.study.results import StudyResults
from screens import without_minutes

OPEN = {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
"""No token, whatever this user's home holds."""
PATIENT = {"RAY_CLIENT_SERVER_CHECK_CHANNEL_TIMEOUT_S": "3600"}
"""Else Ray gives what it starts for a client 30 seconds to answer; a busy machine takes more."""
QUIET = {"include_dashboard": False, "log_to_driver": False, "logging_level": logging.ERROR}
S3 = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}


@contextmanager
def cluster(patch: pytest.MonkeyPatch, **there: str) -> Iterator[None]:
    """A cluster whose worker processes have these environment variables; this one has not."""
    with pytest.MonkeyPatch.context() as only_there:
        only_there.setenv("RAY_USAGE_STATS_ENABLED", "0")
        for name, value in there.items():
            only_there.setenv(name, value)
        ray.init(address="local", num_cpus=2, **QUIET)
    yield
    ray.shutdown()


@pytest.fixture
def bucket(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in {**S3, "AWS_ENDPOINT_URL": s3_server}.items():
        monkeypatch.setenv(name, value)
    fsspec.filesystem("s3").mkdirs("cluster", exist_ok=True)
    return f"s3://cluster/{uuid.uuid4()}"


def test_a_store_on_s3(tmp_path: Path, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write_world(tmp_path, fit=600, evaluation=40)
    config = world_config(tmp_path, "small", "second", store=bucket)
    with cluster(monkeypatch):
        study = on_cluster(config, tmp_path, tmp_path / "many")
        results = study.score()
        near = alone(world_config(tmp_path, "small", "second"), tmp_path, tmp_path / "one")
        same(near, study)
    assert not (tmp_path / "many" / "features").exists()
    assert [c.correct for c in near.score().cells] == [c.correct for c in results.cells]


def test_a_store_that_a_worker_cant_write(
    tmp_path: Path, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The workers look for the bucket where nobody answers."""
    write_world(tmp_path, fit=10, evaluation=10)
    config = world_config(tmp_path, "small", store=bucket)
    with cluster(monkeypatch, **S3, AWS_ENDPOINT_URL="http://127.0.0.1:9", AWS_MAX_ATTEMPTS="1"):
        study = on_cluster(config, tmp_path, tmp_path / "many")
        with pytest.raises(StoreError, match=rf"On the machine \S+: Can't .* {bucket}/small-"):
            study.extract()


def test_another_version_on_the_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of the package with another version number is what the workers import."""
    write_world(tmp_path, fit=10, evaluation=10)
    package = Path(samefeatures.__file__).parent
    shutil.copytree(package, tmp_path / "other" / "samefeatures")
    found = tmp_path / "other" / "samefeatures" / "base" / "version.py"
    text = found.read_text()
    assert f'"{samefeatures.__version__}"' in text
    found.write_text(text.replace(f'"{samefeatures.__version__}"', '"99.0"'))
    with cluster(monkeypatch, PYTHONPATH=str(tmp_path / "other")):
        study = on_cluster(world_config(tmp_path, "small"), tmp_path, tmp_path / "many")
        expected = rf"samefeatures 99\.0 instead of {samefeatures.__version__}"
        with pytest.raises(ClusterError, match=expected):
            study.extract()


def test_a_cluster_that_shrinks_to_nothing(tmp_path: Path) -> None:
    """All machines that could work go away: said after a while; what is stored stays."""
    write_world(tmp_path, fit=2600, evaluation=10)
    hold(tmp_path, range(24, 400))  # two or more of eleven chunks are stored, of eight batches each
    config = world_config(tmp_path, "held", cluster={"patience": 3})
    machines = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
    )
    worker = machines.add_node(num_cpus=2)
    ray.init(address=machines.address, log_to_driver=False, logging_level=logging.ERROR)
    ended = threading.Event()
    thread = threading.Thread(target=lambda: remove_in_mid_run(machines, worker, tmp_path, ended))
    try:
        study = on_cluster(config, tmp_path, tmp_path / "many")
        assert study.inputs
        thread.start()
        with pytest.raises(ClusterError, match=r"3 seconds no machine .*What is stored is kept"):
            study.extract()
    finally:
        ended.set()
        thread.join()
        ray.shutdown()
        machines.shutdown()
    stored = list((tmp_path / "many" / "features").glob("held-*/features/c/*"))
    assert 2 <= len(stored) < 11
    times = {path: path.stat().st_mtime_ns for path in stored}
    (tmp_path / "hold").unlink()
    alone(config, tmp_path, tmp_path / "many").extract()  # goes on, with none of them again
    assert {path: path.stat().st_mtime_ns for path in stored} == times


def remove_in_mid_run(
    machines: Cluster, worker: object, folder: Path, ended: threading.Event
) -> None:
    """As soon as both workers are in the middle of a batch."""
    while len(held_workers(folder)) < 2:
        if ended.wait(0.02):
            return
    machines.remove_node(worker, allow_graceful=False)


def test_nobody_at_the_address() -> None:
    with (
        pytest.raises(
            ClusterError,
            match=r"Can't connect to Ray at '127\.0\.0\.1:9'.*ray start.*RAY_AUTH_MODE",
        ),
        connected("127.0.0.1:9"),
    ):
        pass


def test_a_cluster_too_busy_for_a_client(monkeypatch: pytest.MonkeyPatch) -> None:
    def init(**_: object) -> None:
        raise ConnectionAbortedError(
            "Initialization failure from server:\nTraceback\nRuntimeError: Proxy failed to Connect"
        )

    monkeypatch.setattr(ray, "init", init)
    with (
        pytest.raises(
            ClusterError, match=r"Proxy failed to Connect\. The cluster is there.*TIMEOUT_S=300"
        ) as caught,
        connected("ray://auto"),
    ):
        pass
    assert "\n" not in str(caught.value)


def test_without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with (
        pytest.raises(MissingExtraError, match=r"pip install 'samefeatures\[ray\]'"),
        connected("auto"),
    ):
        pass


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """Ray puts sockets into it, whose paths the system holds to 107 bytes; pytest's are longer."""
    with tempfile.TemporaryDirectory(dir="/tmp", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
def started(short_folder: Path) -> Iterator[tuple[int, int]]:
    """Ports of a cluster that ``ray start`` made: for drivers, and for Ray's clients."""
    ports = (free_port(), free_port())
    head = ["--head", "--block", f"--port={ports[0]}", f"--ray-client-server-port={ports[1]}"]
    more = ["--num-cpus=2", "--include-dashboard=false", f"--temp-dir={short_folder}"]
    command = [str(Path(sys.executable).parent / "ray"), "start", *head, *more]
    with (short_folder / "log").open("w") as log:
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            env={**os.environ, **OPEN, **PATIENT},
            start_new_session=True,
        )
        try:
            for port in ports:
                wait_for(port, process, short_folder / "log")
            yield ports
        finally:
            process.terminate()  # Ray ends what it started
            process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until somebody listens there, or the process has ended."""
    while True:
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port)).close()
            return
        time.sleep(0.1)


def test_the_command(tmp_path: Path, started: tuple[int, int]) -> None:
    """As a user types it: a cluster of this machine's processors, and one that was started."""
    study = {
        "networks": ["mini:resnet_v1", "mini:nasnet"],
        "data": {
            "fit": {"source": "fashion-mnist:fit", "limit": 600},
            "eval": {"source": "fashion-mnist:eval", "limit": 300},
        },
        "methods": ["ols"],
    }
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study))
    command = [sys.executable, "-m", "samefeatures", "run", str(tmp_path / "study.yaml")]
    driver, client = (f"127.0.0.1:{port}" for port in started)
    ways = {
        "one": [],
        "local": ["--ray"],
        "driver": ["--ray", driver],
        "client": ["--ray", f"ray://{client}"],
    }
    for out, more in ways.items():
        whole = [*command, "--out", str(tmp_path / out), *more]
        env = {**os.environ, **OPEN}
        done = subprocess.run(whole, capture_output=True, text=True, check=False, env=env)
        assert done.returncode == 0, done.stderr
        assert without_minutes(done.stderr) == ""
    one, *others = (StudyResults.load(tmp_path / out / "study.json") for out in ways)
    for many in others:
        assert [c.correct for c in many.cells] == [c.correct for c in one.cells]
        assert (many.fit_data, many.eval_data) == (one.fit_data, one.eval_data)
