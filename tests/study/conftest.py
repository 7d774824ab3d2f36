from __future__ import annotations

from pathlib import Path

import pytest
from npz_worlds import make_worlds, write_npz

from samefeatures.study.config import parse_config
from samefeatures.study.study import Study


@pytest.fixture
def npz_study(tmp_path: Path) -> Study:
    sources = [write_npz(tmp_path, name, world) for name, world in make_worlds().items()]
    config = parse_config({"networks": sources, "methods": ["ols", "ridge", "logit", "naive"]})
    return Study(config, out=tmp_path / "out", base=tmp_path)
