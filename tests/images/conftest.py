"""Image files, and a cache folder of each test's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from pictures import MakeFiles, encoded, picture


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("SAMEFEATURES_CACHE", str(folder))
    return folder


@pytest.fixture
def make_files(tmp_path: Path) -> MakeFiles:
    """Writes one small PNG per path below a folder; each with a colour of its own."""

    def make(*paths: str, root: str = "images") -> Path:
        for value, path in enumerate(paths):
            file = tmp_path / root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(encoded(picture(value)))
        return tmp_path / root

    return make
