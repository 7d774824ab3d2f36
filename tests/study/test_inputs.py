"""Opening a study: which networks stay on the device while the others are loaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from npz_worlds import make_worlds, write_npz
from samefeatures.base.errors import ConfigError
from samefeatures.base.progress import Silent
from samefeatures.networks.torch.backend import TorchBackend
from samefeatures.study.config import parse_config
from samefeatures.study.inputs import open_inputs

MODULE = """
from torch import nn

def small(): return nn.Sequential(nn.Flatten(), nn.Linear(12, 4), nn.ReLU(), nn.Linear(4, 10))
"""
PREPROCESSING = {"input_size": [3, 2, 2], "crop_pct": 1.0, "mean": [0.5] * 3, "std": [0.5] * 3}


def _noting(seen: list[object]) -> Callable[[object], None]:
    def rest(self: object) -> None:
        seen.append(self)

    return rest


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"data": {"fit": "a", "eval": "b"}}, r"data: all networks .* Leave 'data' out"),
        ({"workers": 2, "strict": True}, r"Leave 'workers', 'strict' out"),
        ({"store": "s3://bucket"}, "Leave 'store' out"),
        ({"batch_size": 8, "threads": 1}, "Leave 'batch_size', 'threads' out"),
        ({"device": "cuda", "algebra": {"device": "cpu"}, "resident": "all"}, "'resident' out"),
    ],
)
def test_keys_without_an_effect_on_features_from_files_are_refused(
    tmp_path: Path, keys: dict[str, object], says: str
) -> None:
    source = write_npz(tmp_path, "a", make_worlds()["a"])
    with pytest.raises(ConfigError, match=says):
        open_inputs(parse_config({"networks": [source], **keys}), base=tmp_path, progress=Silent())


@pytest.mark.parametrize("side", ["fit", "eval"])
def test_parts_of_one_list_have_names_of_their_own(side: str) -> None:
    """Ids are built from them: rows of two images would have one id."""
    parts = [{"source": "fashion-mnist:eval", "limit": limit} for limit in (3, 5)]
    data = {"fit": "fashion-mnist:fit", "eval": "fashion-mnist:eval", side: parts}
    config = parse_config({"networks": ["mini:nasnet"], "data": data})
    says = (
        r"two parts of one list have the name 'fashion-mnist-eval'\. Give each its own with 'name:'"
    )
    with pytest.raises(ConfigError, match=says):
        open_inputs(config, base=Path(), progress=Silent())
    named = [{**part, "name": name} for part, name in zip(parts, ("few", "more"), strict=True)]
    config = parse_config({"networks": ["mini:nasnet"], "data": {**data, side: named}})
    inputs = open_inputs(config, base=Path(), progress=Silent())
    found = {"fit": inputs.fit, "eval": inputs.eval}[side]
    assert [part.prefix for part in found] == ["few", "more"]


def test_networks_leave_the_device_until_their_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All at once may be more than it holds."""
    (tmp_path / "nets_to_rest.py").write_text(MODULE)
    rested: list[object] = []
    monkeypatch.setattr(TorchBackend, "rest", _noting(rested))
    networks = [
        {"load": "python:nets_to_rest:small", "name": name, **PREPROCESSING} for name in ("a", "b")
    ]
    data = {"fit": "fashion-mnist:fit", "eval": "fashion-mnist:eval"}
    config = parse_config({"networks": [*networks, "mini:nasnet"], "data": data})
    inputs = open_inputs(config, base=tmp_path, progress=Silent())
    assert [id(net.backend) for net in inputs.image_networks[:2]] == [id(b) for b in rested]
