"""The sweep over zoos: what it says of a model, that it goes on, its page, and a sample of it."""

from __future__ import annotations

import importlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
import torch
from benchmarks import coverage
from benchmarks.coverage import OUTCOMES, Case, Made, run, try_case
from torch import nn

GIVEN = {"input_size": (3, 16, 16), "mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)}


def python_net(folder: Path, end: str) -> tuple[str, nn.Module]:
    """A module in a file of its own, and the same here."""
    name = f"covered_{folder.name.replace('-', '_')}"
    code = (
        "from torch import nn\nimport torch\n\n"
        "def net():\n    torch.manual_seed(0)\n    return nn.Sequential("
        f"nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5), {end})\n"
    )
    (folder / f"{name}.py").write_text(code)
    space: dict = {}
    exec(code, space)
    return f"python:{name}:net", space["net"]().eval()


def made(folder: Path, end: str = "nn.Identity()", off: float = 0.0) -> Made:
    source, net = python_net(folder, end)

    def logits(images: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return net(torch.from_numpy(images)).numpy() + off

    return Made(source=source, logits=logits, preprocessing=GIVEN)


def unmakeable(folder: Path) -> Made:
    raise OSError("\nno weights without the hub\nlong story")


CASES = (
    Case("proved", made),
    Case("refused", lambda folder: made(folder, "nn.ReLU()")),
    Case("wrong", lambda folder: made(folder, off=1.0)),
    Case("failed", made),
    Case("not made", unmakeable),
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(coverage, "KEPT", tmp_path / "coverage.json")
    monkeypatch.setattr(coverage, "PAGE", tmp_path / "coverage.md")
    (tmp_path / "coverage.md").write_text(
        "# A\n\n<!-- summary -->\n<!-- end -->\n<!-- others -->\n<!-- end -->\n"
    )
    return tmp_path


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_comes_of_a_model(case: Case, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unforeseen(*_args: object, **_options: object) -> NoReturn:
        raise RuntimeError("what nobody foresees")

    if case.name == "failed":
        monkeypatch.setattr(coverage, "load", unforeseen)
    found = try_case(case, here)
    assert found["outcome"] == case.name
    assert str(here) not in str(found)
    if case.name == "not made":
        assert found["why"] == "OSError: no weights without the hub"
    assert "\n" not in str(found.get("why"))
    assert ("why" in found) == (case.name not in ("proved", "wrong"))


def test_a_run_goes_on_and_writes_its_page(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        coverage, "try_case", lambda case, folder: {"outcome": case.name, "why": "a|b"}
    )
    run("zoo", CASES[:2], ["torch"])
    tried: list[str] = []

    def again(case: Case, folder: Path) -> dict[str, object]:
        tried.append(case.name)
        return {"outcome": case.name, "why": "later"}

    monkeypatch.setattr(coverage, "try_case", again)
    run("zoo", CASES[:4], ["torch"])
    assert tried == ["wrong", "failed"]
    run("zoo", CASES[:2], ["torch"], again=True)
    assert tried[2:] == ["refused"]
    kept = json.loads((here / "coverage.json").read_text())["zoo"]
    assert kept["versions"] == {"torch": version("torch")}
    coverage.write_page()
    page = (here / "coverage.md").read_text()
    assert "| zoo: refused | refused | later |" in page
    assert "proved |" in page
    kept["versions"] = {"torch": "1"}  # of another version all are tried anew
    (here / "coverage.json").write_text(json.dumps({"zoo": kept}))
    run("zoo", CASES[:1], ["torch"])
    assert tried[3:] == ["proved"]


def test_the_page_holds_what_was_kept() -> None:
    kept, page = coverage.read(), coverage.PAGE.read_text()
    assert coverage.summary(kept) in page
    assert coverage.others(kept) in page
    for zoo in kept.values():
        for case in zoo["cases"].values():
            assert case["outcome"] in OUTCOMES
            assert case["outcome"] not in ("wrong", "failed")


SAMPLE = (
    ("torchvision", "mobilenet_v3_small, 7 classes"),
    ("timm", "mobilenetv3"),
    ("transformers", "ConvNextForImageClassification"),
)


@pytest.mark.parametrize(("zoo", "name"), SAMPLE)
def test_a_sample_of_the_zoos(zoo: str, name: str, tmp_path: Path) -> None:
    (case,) = (
        c for c in importlib.import_module(f"benchmarks.coverage_{zoo}").cases() if c.name == name
    )
    assert try_case(case, tmp_path)["outcome"] == "proved"
