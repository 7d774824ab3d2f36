"""Networks that were loaded, in place of sources."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from samefeatures.base.errors import ConfigError, NetworkError
from samefeatures.base.progress import Silent
from samefeatures.networks.load import load
from samefeatures.study.config import parse_config
from samefeatures.study.inputs import open_networks

torch = pytest.importorskip("torch")
GIVEN = {"input_size": (3, 28, 28), "mean": (0.3,) * 3, "std": (0.3,) * 3}


def module() -> Any:
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 8), torch.nn.Flatten(), torch.nn.Linear(8 * 21 * 21, 10)
    )


def opened(networks: list[Any], **keys: Any) -> dict[str, Any]:
    config = parse_config({"networks": networks, **keys})
    return open_networks(config, base=Path(), progress=Silent())


def test_they_are_taken_as_they_are() -> None:
    mine = load(module(), name="mine", preprocessing=GIVEN)
    found = opened(["mini:resnet_v1", mine])
    assert list(found) == ["resnet_v1", "mine"]
    assert found["mine"] is mine
    config = parse_config({"networks": [mine]})
    assert config.networks[0].load == "module:mine"
    assert "overrides" not in config.model_dump_json()


def test_names_meet_as_those_of_sources_do() -> None:
    mine = load(module(), name="resnet_v1", preprocessing=GIVEN)
    with pytest.raises(ConfigError, match="'resnet_v1' stands twice"):
        opened([mine, "mini:resnet_v1"])


def test_the_studys_precision_is_theirs() -> None:
    mine = load(module(), name="mine", preprocessing=GIVEN)
    with pytest.raises(ConfigError, match=r"mine was loaded .* the study says .*bfloat16"):
        opened([mine], precision="bfloat16")
    half = load(module(), name="mine", preprocessing=GIVEN, precision="bfloat16")
    assert opened([half], precision="bfloat16")["mine"] is half


def test_a_bare_module_and_its_name_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"a module is loaded first: samefeatures\.load\(module"):
        parse_config({"networks": [module()]})
    with pytest.raises(NetworkError, match="module:mine is a module of the process that made it"):
        opened(["module:mine"])
