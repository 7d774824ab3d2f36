"""What other packages bring, found by their entry points."""

from __future__ import annotations

from pathlib import Path

import pytest

from fake_package import install
from samefeatures.base.errors import ConfigError
from samefeatures.base.plugins import load_plugin, plugins

GROUP = "samefeatures.test_group"


def test_an_installed_package_is_found_and_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert plugins(GROUP) == {}
    points = {GROUP: {"one": "plugin_one:MADE", "two": "plugin_one:OTHER"}}
    install(tmp_path / "a", "one", {"plugin_one": "MADE, OTHER = 7, 'text'"}, points)
    monkeypatch.syspath_prepend(tmp_path / "a")
    found = plugins(GROUP)
    assert list(found) == ["one", "two"]
    assert load_plugin(found["one"], int) == 7
    with pytest.raises(ConfigError, match=r"'two' of plugin_one:OTHER is str; .*builtins\.int"):
        load_plugin(found["two"], int)


def test_one_name_twice_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for at, target in {"a": "x:Y", "b": "x:Y", "c": "z:Y"}.items():
        install(tmp_path / at, f"dist_{at}", {}, {GROUP: {"same": target}})
        monkeypatch.syspath_prepend(tmp_path / at)
        if at == "b":
            assert list(plugins(GROUP)) == ["same"]
    with pytest.raises(ConfigError, match=r"Two installed packages bring 'same'.*x:Y and z:Y"):
        plugins(GROUP)


def test_a_broken_package_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "bad", {"plugin_bad": "1 / 0"}, {GROUP: {"bad": "plugin_bad:X"}})
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match=r"can't be imported \(ZeroDivisionError.*uninstall"):
        load_plugin(plugins(GROUP)["bad"], int)
