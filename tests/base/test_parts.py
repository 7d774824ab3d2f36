"""Parts are found as files of ours and as entry points of others."""

from __future__ import annotations

from pathlib import Path

import pytest

from fake_package import install
from samefeatures.base.errors import ConfigError
from samefeatures.maps import METHODS, Ridge
from samefeatures.maps.method import Method

TOY = """
from samefeatures.maps import Method
class Toy(Method):
    name = "toy"
    place = 1
    def fit(self, problem, targets): yield from ()
    def work(self, sizes): return 0.0
class Other: name = "other"
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = {
        METHODS.group: {
            "toy": "toy_part:Toy", "renamed": "toy_part:Toy", "other": "toy_part:Other",
            "number": "toy_part:__doc__", "ols": "toy_part:Toy", "gone": "toy_gone:X",
        }
    }  # fmt: skip
    install(tmp_path, "toy", {"toy_part": TOY}, points)
    monkeypatch.syspath_prepend(tmp_path)


def test_every_file_holds_the_class_of_its_name() -> None:
    names = METHODS.names
    assert names == [
        "adam", "canonical", "cosine", "logit", "naive", "ols", "procrustes", "rank", "ridge",
    ]  # fmt: skip
    for name in names:
        found = METHODS.get(name)
        assert found.name == name
        assert issubclass(found, Method)
        assert found.__module__ == f"samefeatures.maps.methods.{name}"
    assert METHODS.get("ridge") is Ridge


def test_defaults_are_in_the_order_of_the_tables() -> None:
    assert METHODS.defaults == ["ols", "ridge", "logit", "naive"]


@pytest.mark.usefixtures("installed")
def test_what_other_packages_bring_is_found_after_ours() -> None:
    assert METHODS.names[9:] == ["gone", "number", "other", "renamed", "toy"]
    assert METHODS.get("toy").__module__ == "toy_part"
    assert METHODS.defaults == ["ols", "ridge", "logit", "naive"], "whatever is installed"
    assert METHODS.get("ols").__module__ == "samefeatures.maps.methods.ols"


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("rigde", r"unknown method 'rigde'\. Did you mean 'ridge'\? There are: adam, .*, toy\."),
        ("renamed", r"'renamed' of toy_part:Toy must be a class with name = 'renamed'"),
        ("other", r"derives from samefeatures\.maps\.method\.Method"),
        ("number", "NoneType"),
        ("gone", r"can't be imported \(ModuleNotFoundError"),
    ],
)
def test_what_can_not_be_used_is_one_line(name: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        METHODS.get(name)
