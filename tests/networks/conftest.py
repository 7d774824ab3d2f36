"""Fixtures of the tests of networks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from hub_server import Hub, serving, use_hub
from processes import keras_on_torch, run_python

from once import make_once
from preps import imagenet
from samefeatures.images.decode import decode
from samefeatures.images.sources import ImageSource, open_images
from samefeatures.networks.keras.importing import import_keras

PROJECT = Path(__file__).parents[2]


@pytest.fixture(autouse=True, scope="session")
def _one_torch_thread() -> Iterator[None]:
    """Threads that wait for each other make small networks slow on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A Hub of our own, and an empty cache, for the library in this process."""
    from huggingface_hub import close_session

    with serving() as server:
        use_hub(monkeypatch, server.url, tmp_path / "cache")
        yield server
    close_session()


@pytest.fixture(scope="session")
def keras() -> ModuleType:
    """Keras on torch; on TensorFlow it runs in a process of its own."""
    with keras_on_torch():
        keras = import_keras(purpose="A test")
    assert keras.backend.backend() == "torch"
    return keras


@pytest.fixture(scope="session")
def keras_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Networks that Keras saved on TensorFlow, and what it computed on real images."""

    def make(folder: Path) -> None:
        np.savez(folder / "pixels.npz", **real_pixels(64, 96, 128, 224))
        script = str(Path(__file__).with_name("keras_nets.py"))
        run_python(script, str(folder), backend="tensorflow")

    return make_once(tmp_path_factory, "keras_nets", make)


def real_pixels(*sizes: int) -> dict[str, np.ndarray]:
    """(n, size, size, 3) bytes by size: clothes, and photographs where some lie beside us."""
    sources = [ImageSource(source="fashion-mnist:eval", limit=3)]
    photographs = PROJECT.parent / "shared" / "data" / "images" / "imagenet-sample"
    if photographs.is_dir():
        sources.append(ImageSource(source=str(photographs), limit=3))
    sets = [open_images(source, labelled=False) for source in sources]
    images = [decode(each.read(i)) for each in sets for i in range(len(each))]
    return {
        str(size): np.stack(
            [imagenet(input_size=(3, size, size)).pixels(image) for image in images]
        )
        for size in sizes
    }
