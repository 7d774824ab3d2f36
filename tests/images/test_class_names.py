"""Names of classes: both places to give them, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from samefeatures.base.errors import ConfigError
from samefeatures.images.class_names import class_names

NAMES = ("tench", "crane", "crane")  # ImageNet too has two cranes


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("names.txt", "tench\ncrane\ncrane\n"),
        ("names.json", json.dumps(NAMES)),
        ("names.json", json.dumps({"0": "tench", "2": "crane", "1": "crane"})),
        (
            "names.json",
            json.dumps({"0": ["n01", "tench"], "1": ["n02", "crane"], "2": ["n3", "crane"]}),
        ),
    ],
)
def test_files(tmp_path: Path, file: str, text: str) -> None:
    (tmp_path / file).write_text(text)
    assert class_names(file, classes=3, base=tmp_path) == NAMES


def test_names_in_the_study_file(tmp_path: Path) -> None:
    assert class_names(NAMES, classes=3, base=tmp_path) == NAMES


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("none.txt", "There are no class names at"),
        ("names.csv", "must end in .txt or .json"),
        ("gap.json", "do not run from 0 without a gap"),
        ("number.json", "neither a list nor an object"),
        ("torn.json", "can't be read"),
        (NAMES[:2], "names 2 classes, but the networks have 3"),
        (("a", " ", "c"), "class 1 has the name ' '"),
        ("numbers.json", "class 0 has the name 1"),
    ],
)
def test_what_is_refused(tmp_path: Path, given: str | tuple[str, ...], said: str) -> None:
    (tmp_path / "names.csv").write_text("tench,0\n")
    (tmp_path / "gap.json").write_text('{"0": "a", "1": "b", "3": "c"}')
    (tmp_path / "number.json").write_text("3")
    (tmp_path / "torn.json").write_text("[")
    (tmp_path / "numbers.json").write_text("[1, 2, 3]")
    with pytest.raises(ConfigError, match=said):
        class_names(given, classes=3, base=tmp_path)
