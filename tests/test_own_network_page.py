"""docs/own-network.md, run: two modules that were trained here, to a table."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import samefeatures as sf
from samefeatures.study.config import parse_config
from test_docs import blocks

torch = pytest.importorskip("torch")
nn = torch.nn
MEAN, STD = 0.286, 0.353
PAGE = "docs/own-network.md"


def page(words: str) -> Any:
    (block,) = (text for text in blocks(PAGE, "python") if words in text)
    return compile(block, PAGE, "exec")


def pictures(start: int, step: int) -> tuple[Any, Any]:
    """Pixels (n, 3, 28, 28) in [0, 1] and labels; 0 and 10 is what the page's study takes."""
    with as_file(files("samefeatures.images.fashion_mnist") / "eval.npz") as path:
        arrays = np.load(path)
        images, labels = (arrays[key][start::step] for key in ("images", "labels"))
    pixels = torch.from_numpy(images.astype(np.float32) / 255)[:, None]
    return pixels.expand(-1, 3, -1, -1), torch.from_numpy(labels.astype(np.int64))


def trained(width: int, seed: int) -> Any:
    """A CNN after some steps, still in training mode."""
    torch.manual_seed(seed)
    net = nn.Sequential(
        *(nn.Conv2d(3, width, 5, stride=2), nn.BatchNorm2d(width), nn.ReLU()),
        *(nn.Conv2d(width, 2 * width, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(3)),
        *(nn.Flatten(), nn.Dropout(0.1), nn.Linear(18 * width, 10)),
    )
    pixels, labels = pictures(2, 5)
    images = (pixels - MEAN) / STD
    steps = torch.optim.Adam(net.parameters(), 3e-3)
    for _ in range(4):
        for batch, wanted in zip(images.split(100), labels.split(100), strict=True):
            steps.zero_grad()
            nn.functional.cross_entropy(net(batch), wanted).backward()
            steps.step()
    return net


def test_from_modules_to_a_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = trained(8, seed=0), trained(12, seed=1)
    names: dict[str, Any] = {"first": first, "second": second, "folder": tmp_path}
    exec(page("sf.load(first"), names)
    own, crossed = map(float, capsys.readouterr().out.split())
    assert first.training
    assert second.training

    pixels, labels = pictures(0, 10)
    with torch.no_grad():
        right = first.eval()((pixels - MEAN) / STD).argmax(1) == labels
    assert own == pytest.approx(100 * float(right.float().mean()), abs=0.11)
    assert own > 60
    assert crossed > 40
    assert (tmp_path / "report").is_dir()
    a, b, table = (names[each] for each in ("a", "b", "table"))
    fitted = sf.AffineMap.load(tmp_path / "maps" / "ols" / "first--second.safetensors")
    module = sf.hybrid_module(a, fitted.fold(b))
    with torch.no_grad():
        hybrid = module((pixels - MEAN) / STD).argmax(1) == labels
    assert table["first", "second"].top1 == pytest.approx(
        100 * float(hybrid.float().mean()), abs=0.11
    )

    def computed(*_: object) -> None:
        raise AssertionError("features are stored already")

    monkeypatch.setattr("samefeatures.features.batches.Batches.run", computed)
    again = trained(8, seed=0)  # the same weights in another object are the same network
    networks = [sf.load(again, name="first", preprocessing=names["given"]), b]
    config = sf.parse_config({**names["study"], "networks": networks})
    sf.Study(config, out=tmp_path, base=tmp_path).extract()


def test_what_stands_in_front(tmp_path: Path) -> None:
    def net(channels: int) -> Any:
        return nn.Sequential(nn.Conv2d(channels, 4, 8), nn.Flatten(), nn.Linear(4, 3))

    class Last(nn.Module):  # type: ignore[misc,name-defined]
        def forward(self, x: Any) -> Any:
            return colour(x.permute(0, 3, 1, 2))

    colour, grey = net(3), net(1)
    names: dict[str, Any] = {"grey": grey, "bgr": colour, "last": Last()}
    exec(page("class Front"), names)
    image = torch.rand(2, 1, 8, 8).expand(-1, 3, -1, -1)
    assert torch.equal(names["of_grey"](image), grey(image[:, :1]))
    image = torch.rand(2, 3, 8, 8)
    assert torch.equal(names["of_bgr"](image), colour(image[:, [2, 1, 0]]))
    assert torch.equal(names["of_last"](image), colour(image))
    given: Any = {"input_size": (3, 8, 8), "mean": (0.5,) * 3, "std": (0.2,) * 3}
    assert sf.load(names["of_grey"], preprocessing=given).dim == 4


def test_the_entry_of_a_study_file_is_valid() -> None:
    (block,) = blocks(PAGE, "yaml")
    (entry,) = parse_config(yaml.safe_load(block)).networks
    assert entry.overrides["input_size"] == (3, 28, 28)
