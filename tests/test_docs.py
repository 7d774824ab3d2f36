"""What the docs show is run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from samefeatures.study.config import parse_config

PROJECT = Path(__file__).parents[1]


def blocks(page: str, language: str) -> list[str]:
    text = (PROJECT / page).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def test_the_python_page_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = blocks("docs/python.md", "python")[0]
    exec(compile(first, "docs/python.md", "exec"), {"folder": tmp_path})
    assert "through the head of inception_v3" in capsys.readouterr().out
    assert (tmp_path / "hybrid.onnx").exists()


def test_study_files_in_the_docs_are_valid() -> None:
    found = [b for page in ("README.md", "docs/formats.md") for b in blocks(page, "yaml")]
    assert found
    for block in found:
        parse_config(yaml.safe_load(block))


@pytest.mark.parametrize("name", ["imagenet-ten", "cifar10"])
def test_example_studies_are_valid(name: str) -> None:
    raw = yaml.safe_load((PROJECT / "examples" / name / "study.yaml").read_text())
    config = parse_config(raw)
    assert len(config.networks) == {"imagenet-ten": 10, "cifar10": 8}[name]


def test_links_between_pages_lead_somewhere() -> None:
    pages = [PROJECT / "README.md", *(PROJECT / "docs").glob("*.md")]
    for page in pages:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
