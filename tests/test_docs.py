"""What the docs show is run."""

from __future__ import annotations

import ast
import importlib
import inspect
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from benchmarks import prose
from benchmarks.measure_table import measure_table
from benchmarks.prose import filled

import samefeatures as sf
from npz_worlds import make_worlds, write_npz
from samefeatures.similarity import MEASURES
from samefeatures.similarity.measures.debiased_cka import DebiasedCKA
from samefeatures.study.config import parse_config, read_config
from test_layers import ORDER

PROJECT = Path(__file__).parents[1]
PAGES = [*sorted(PROJECT.glob("*.md")), *sorted((PROJECT / "docs").glob("*.md"))]


def blocks(page: str, language: str) -> list[str]:
    text = (PROJECT / page).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def python_page(words: str) -> Any:
    """The one block of docs/python.md with these words, compiled."""
    (block,) = (text for text in blocks("docs/python.md", "python") if words in text)
    return compile(block, "docs/python.md", "exec")


def test_the_python_page_starts_with_arrays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 5)).astype(np.float32)
    y = (x @ rng.normal(size=(5, 3)) + rng.normal(size=(300, 3))).astype(np.float32)
    places = [tmp_path / "x.npy", tmp_path / "y.npy"]
    memmap, other = (
        np.lib.format.open_memmap(place, "w+", np.float32, array.shape)
        for place, array in zip(places, (x, y), strict=True)
    )
    given = {"x": x[:200], "y": y[:200], "x_test": x[200:], "y_test": y[200:], "x_new": x}
    exec(python_page("m = sf.fit_map("), {**given, "memmap": memmap, "other_memmap": other})
    assert 0.5 < float(capsys.readouterr().out) < 1
    exec(python_page("chosen = sf.fit_map("), {**given, "sf": sf})
    assert 1e-8 <= float(capsys.readouterr().out) <= 100
    labels = rng.integers(0, 4, 100)
    head = {"weight": rng.normal(size=(4, 5)), "bias": np.zeros(4), "labels": labels}
    more = {**given, **head, "z": y[:200] ** 2, "folder": tmp_path, "sf": sf}
    exec(python_page("results = sf.compare("), more)
    assert (tmp_path / "report" / "report.html").exists()
    exec(python_page("moments = sf.moments("), more)
    assert len(capsys.readouterr().out.split()) == 3
    exec(python_page("import OLSMap"), more)
    assert (tmp_path / "map.safetensors").exists()


def test_the_python_page_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exec(python_page("sf.export_onnx("), {"folder": tmp_path})
    assert "through the head of inception_v3" in capsys.readouterr().out
    assert (tmp_path / "hybrid.onnx").exists()


def test_notebooks_and_frames_on_the_python_page(tmp_path: Path) -> None:
    named = zip(("resnet_v1", "nasnet"), make_worlds().values(), strict=False)
    networks = [write_npz(tmp_path, name, world) for name, world in named]
    config = parse_config({"networks": networks, "methods": ["ols"]})
    names = {"results": sf.Study(config, out=tmp_path / "out", base=tmp_path).score()}
    exec(python_page("results.to_pandas()"), names)
    assert names["table"]["nasnet", "resnet_v1"].source == "nasnet"


def test_the_python_page_needs_nothing_but_public_names() -> None:
    text = (PROJECT / "docs" / "python.md").read_text()
    assert set(re.findall(r"\bsf\.(\w+)", text)) <= set(sf.__all__)
    for block in blocks("docs/python.md", "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.Import | ast.ImportFrom):
                said = ast.unparse(node)
                public = ("import samefeatures as sf", "from samefeatures.sklearn import ")
                assert said.startswith(public) or "samefeatures" not in said
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


STUDIES = {"imagenet-ten/study": 10, "imagenet-ten/moments": 10, "cifar10/study": 8}


@pytest.mark.parametrize("name", STUDIES)
def test_example_studies_are_valid(name: str) -> None:
    config = read_config(PROJECT / "examples" / f"{name}.yaml")
    assert len(config.networks) == STUDIES[name]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_paths_lead_somewhere(page: Path) -> None:
    text = page.read_text()
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"
    package = PROJECT / "src" / "samefeatures"
    homes = (PROJECT, PROJECT / "src", package)
    for name in re.findall(
        r"`((?:tests|src|training|docs|examples|benchmarks|scripts)/[^` ]*)`", text
    ):
        assert (PROJECT / name).exists(), f"{page.name} names {name}"
    for name in re.findall(r"`([\w/]+/\w+\.py)`", text):
        assert any((home / name).exists() for home in homes), f"{page.name} names {name}"
    if page.name == "architecture.md":
        for name in re.findall(r"`([\w/]+/)`", text):
            assert (package / name).is_dir(), f"{page.name} names {name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_row_of_a_table_belongs_to_one(page: Path) -> None:
    """A blank line before a row would show it as text."""
    for rows in re.findall(r"(?:^\|.*\n)+", page.read_text(), re.MULTILINE):
        head, marks, *_ = [*rows.splitlines(), ""]
        assert re.fullmatch(r"[\s:|-]+", marks), f"{page.name}: {head}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_figures_in_sentences_are_those_of_the_results(page: Path) -> None:
    text = page.read_text()
    assert filled(text) == text, "write them anew: python -m benchmarks.prose"


def test_ranges_of_measures_are_those_of_the_registry() -> None:
    """Formulae are typed by hand: one for every measure of a pair, on its scale."""
    text = (PROJECT / "docs" / "similarity.md").read_text()
    (table,) = re.findall(r"^\| measure \| formula .*\n((?:\|.*\n)+)", text, re.MULTILINE)
    rows = re.findall(r"^\| `(\w+)` \|.*?\| (\S+) to (\S+) \|", table, re.MULTILINE)
    ours = {name: MEASURES.get(name) for name in MEASURES.ours}
    pairs = {name for name, measure in ours.items() if measure.judges == "spaces"}
    assert sorted(name for name, _, _ in rows) == sorted(pairs)
    values = {"−1": -1.0, "0": 0.0, "1": 1.0, "π/2": math.pi / 2}
    for name, *ends in rows:
        low, high = (values[end] for end in ends)
        same, apart = ours[name].same, ours[name].apart
        assert same == (high if same > apart else low), name
        assert low <= apart <= high, name


def test_the_table_of_measures_is_what_they_say() -> None:
    (first, second, *rows) = measure_table().splitlines()
    assert first.count("|") == second.count("|") == 7
    told = {row.split("`")[1]: [cell.strip() for cell in row.split(" | ")] for row in rows}
    assert set(told) == set(MEASURES.ours)
    assert list(told)[:2] == ["r2", "cosine"]
    assert told["whitened_angle"][3:] == ["π/2 → 0", "a pair", "moments |"]
    assert told["pwcca"][4] == "a pair, directed"
    assert told["r2"][4] == "a map"
    assert told["mutual_knn"][5] == "a sample of the rows |"
    assert told["debiased_cka"][1:3] == [DebiasedCKA.label, DebiasedCKA.says]


def test_the_tree_is_what_its_folders_say_of_themselves() -> None:
    text = (PROJECT / "docs" / "architecture.md").read_text()
    drawn = re.findall(r"^    (\w+)/ +(.*)$", text, re.MULTILINE)
    said = [(name, importlib.import_module(f"samefeatures.{name}").__doc__) for name in ORDER]
    assert drawn == [(name, (doc or "").splitlines()[0]) for name, doc in said]


def test_contributing_says_what_architecture_says() -> None:
    """The steps of a section name all that the table has for it."""
    table = (PROJECT / "docs" / "architecture.md").read_text()
    table = table[table.index("## To add something") :]
    rows = {
        what.capitalize(): touch
        for what, touch in re.findall(r"^\| (.*?) \| (.*) \|$", table, re.M)
    }
    steps = (PROJECT / "CONTRIBUTING.md").read_text()
    shown = re.findall(r"^## (.*)\n((?:(?!## ).*\n)*)", steps, re.MULTILINE)
    told = {title: text for title, text in shown if title in rows}
    assert list(told) == ["A kind of network", "A way to make maps", "A measure"]
    for title, text in told.items():
        for name in re.findall(r"`([^`]*)`", rows[title]):
            assert f"`{name}`" in text, f"{title}: {name}"


def test_a_question_that_the_results_do_not_answer_is_named() -> None:
    for place in ("cifar10: own nobody", "nothing: own a", "cifar10: ols top1 longest"):
        with pytest.raises(ValueError, match=f"'{place}' can't be answered"):
            filled(f"It is <!-- {place} -->5<!-- end --> %.")


def test_answers_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = "method,source,target,top1,change_vs_source_pct,loss_vs_target_points,"
    columns += "p_vs_target,fixed,broken,disagree,as_source"
    rows = ["ols,a,a,90,0,0,1,0,0,,", "ols,b,b,80,0,0,1,0,0,,"]
    rows += ["ols,a,b,81,-10,-1,0.04,9,3,8,4", "ols,b,a,70,-12.5,20,0.01,2,9,8,9"]
    rows += ["new,a,b,82,-8.9,-2,0.5,9,3,8,2", "new,b,a,69,-13.75,21,0.01,2,9,0,0"]
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "results.csv").write_text("\n".join([columns, *rows]))
    (tmp_path / "s" / "spaces.csv").write_text(
        "kind,of,target,top1,r2\nanswers,a,b,90,0.5\nanswers,b,a,72,0.7\npixels,,a,40,\n"
    )
    (tmp_path / "s" / "beyond.csv").write_text(
        'given,of,r2,ci_low\n"answers, pixels",features,0.25,0.1\n'
        '"answers, pixels",features,0.75,-0.1\n"answers, pixels",class noise,0,0\n'
        "answers,features,,\n"
    )
    (tmp_path / "s" / "answers.csv").write_text("labelled_right,seen\n9,10\n10,10\n")
    (tmp_path / "s" / "tables.md").write_text("# T\n\n## How many?\n\nNine.\n\n## Notes\n\nNo.\n")
    monkeypatch.setattr(prose, "DOCS", tmp_path)
    expected = {
        "section How many?": "Nine.",
        "section Notes": "No.",
        "new share as_source of disagree median": "25.00",
        "ols count as_source above disagree": "1",
        "space answers change low": "−10.00",
        "space answers r2 median": "0.600",
        "space pixels top1 high": "40.00",
        "beyond r2_beyond_answers_pixels features median": "0.500",
        "beyond r2_beyond_answers_pixels features sure": "1",
        "beyond r2_beyond_answers_pixels class noise high": "0.000",
        "answers labelled_right low": "9",
        "own a": "90.00",
        "ols beat": "1",
        "ols better": "1",
        "ols worse": "1",
        "new unsure": "1",
        "ols change_vs_source_pct median": "−11.25",
        "ols from b change_vs_source_pct high": "−12.50",
        "ols from a,b into b top1 mean": "81.00",
        "new minus ols top1 mean": "0.00",
        "new minus ols top1 above=0": "1",
        "ols top1 below=75": "1",
    }
    assert {query: prose.answer("s", query) for query in expected} == expected
