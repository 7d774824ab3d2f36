"""Fixtures of the tests of ``reproduce``."""

from __future__ import annotations

from pathlib import Path

import pytest
from world import write_imagenet, write_networks

from samefeatures.reproduce.published import published_thesis


@pytest.fixture(autouse=True)
def listings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Listings of folders stay out of the user's own cache."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("SAMEFEATURES_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session")
def imagenet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six classes of ImageNet in class folders; read only."""
    return write_imagenet(tmp_path_factory.mktemp("imagenet"))


@pytest.fixture(scope="session")
def ten(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that maps the thesis' names to ten small networks; read only."""
    return write_networks(tmp_path_factory.mktemp("networks"), list(published_thesis().networks))
