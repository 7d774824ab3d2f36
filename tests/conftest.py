"""Fixtures shared by all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from npz_worlds import make_worlds, write_npz
from samefeatures.study.config import parse_config
from samefeatures.study.study import Study

PROJECT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real networks and images that lie beside the project on some machines, not in it."""
    folder = PROJECT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"real networks and images are not at {folder}")
    return folder


@pytest.fixture
def npz_study(tmp_path: Path) -> Study:
    """Three networks known by features made by hand, and all methods; not scored yet."""
    sources = [write_npz(tmp_path, name, world) for name, world in make_worlds().items()]
    config = parse_config({"networks": sources, "methods": ["ols", "ridge", "logit", "naive"]})
    return Study(config, out=tmp_path / "out", base=tmp_path)
