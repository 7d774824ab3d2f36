"""Fixtures shared by all tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from npz_worlds import make_worlds, write_npz
from samefeatures.reproduce.published import published_thesis
from samefeatures.study.config import parse_config
from samefeatures.study.study import Study
from small_imagenet import write_imagenet, write_networks

PROJECT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real networks and images that lie beside the project on some machines, not in it."""
    folder = PROJECT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"real networks and images are not at {folder}")
    return folder


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """Address of an S3 server on loopback: one for all tests, as fsspec keeps connections."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def npz_study(tmp_path: Path) -> Study:
    """Three networks known by features made by hand, and all methods; not scored yet."""
    sources = [write_npz(tmp_path, name, world) for name, world in make_worlds().items()]
    config = parse_config({"networks": sources, "methods": ["ols", "ridge", "logit", "naive"]})
    return Study(config, out=tmp_path / "out", base=tmp_path)


@pytest.fixture(scope="session")
def imagenet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six classes of ImageNet in class folders; read only."""
    return write_imagenet(tmp_path_factory.mktemp("imagenet"))


@pytest.fixture(scope="session")
def ten(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that maps the thesis' names to ten small networks; read only."""
    return write_networks(tmp_path_factory.mktemp("networks"), list(published_thesis().networks))
