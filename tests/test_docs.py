"""What the docs show is run."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest
import yaml

import samefeatures as sf
from samefeatures.study.config import parse_config

PROJECT = Path(__file__).parents[1]
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]


def blocks(page: str, language: str) -> list[str]:
    text = (PROJECT / page).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def test_the_python_page_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = blocks("docs/python.md", "python")[0]
    exec(compile(first, "docs/python.md", "exec"), {"folder": tmp_path})
    assert "through the head of inception_v3" in capsys.readouterr().out
    assert (tmp_path / "hybrid.onnx").exists()


def test_the_python_page_needs_nothing_but_public_names() -> None:
    text = (PROJECT / "docs" / "python.md").read_text()
    assert set(re.findall(r"\bsf\.(\w+)", text)) <= set(sf.__all__)
    for block in blocks("docs/python.md", "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.Import | ast.ImportFrom):
                assert ast.unparse(node) == "import samefeatures as sf"
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="sf"), attr=name)):
                    given = {keyword.arg for keyword in node.keywords}
                    taken = set(inspect.signature(getattr(sf, name)).parameters)
                    assert given <= taken, f"{name} does not take {given - taken}"


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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_paths_lead_somewhere(page: Path) -> None:
    text = page.read_text()
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"
    homes = (PROJECT, PROJECT / "src", PROJECT / "src" / "samefeatures")
    for name in re.findall(r"`((?:tests|src|docs|examples|benchmarks|scripts)/[^` ]*)`", text):
        assert (PROJECT / name).exists(), f"{page.name} names {name}"
    for name in re.findall(r"`([\w/]+/\w+\.py)`", text):
        assert any((home / name).exists() for home in homes), f"{page.name} names {name}"
