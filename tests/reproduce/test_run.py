"""The whole path on a study of the same shape: ten networks, class folders, the comparison."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from fakes import FakeCatalogue
from rich.console import Console

from samefeatures.base.errors import ConfigError, DataError
from samefeatures.base.progress import Silent
from samefeatures.joint.record import Moments
from samefeatures.reproduce.experiment import Options, plan_experiment
from samefeatures.reproduce.figures import Comparison
from samefeatures.reproduce.published import published_thesis
from samefeatures.reproduce.run import reproduce
from samefeatures.reproduce.terminal import print_comparison
from samefeatures.study.results import StudyResults
from small_imagenet import SYNSETS, write_imagenet

GONE = "resnet_v1_152"


@pytest.fixture(scope="module")
def nine(ten: Path) -> Path:
    """The mapping without one network."""
    mapping = yaml.safe_load(ten.read_text())
    del mapping[GONE]
    path = ten.with_name("nine.yaml")
    path.write_text(yaml.safe_dump(mapping, sort_keys=False))
    return path


@pytest.fixture(scope="module")
def options(imagenet: Path, nine: Path, tmp_path_factory: pytest.TempPathFactory) -> Options:
    out = tmp_path_factory.mktemp("reproduce") / "out"
    return Options(data=imagenet, out=out, networks_from=nine, subset=10, workers=2)


@pytest.fixture(scope="module")
def comparison(options: Options) -> Comparison:
    return reproduce(plan_experiment("thesis", options, FakeCatalogue()), Silent())


def test_every_cell_of_nine_networks_is_there_and_the_rest_is_missing(
    comparison: Comparison, options: Options
) -> None:
    results = StudyResults.load(options.out / "study.json")
    assert [n.name for n in results.networks] == [n for n in comparison.networks if n != GONE]
    ols = results.table("ols")
    table = comparison.table("5.2", "top-1")
    assert len(table) == 100
    for pair, figure in table.items():
        assert (figure.ours is None) == (GONE in pair)
        if GONE not in pair:
            assert figure.ours == ols[pair].top1
            assert figure.difference == pytest.approx(
                ols[pair].top1 - published_thesis().accuracy[pair].value
            )
    assert "at most 10 of each class" in "\n".join(comparison.setup)
    assert comparison.missing == {GONE: f"not in {options.networks_from}."}
    assert any(figure.misprint for figure in comparison.figures)
    assert "19 are missing" in "\n".join(comparison.summary)


def test_the_networks_learned_the_classes(comparison: Comparison, options: Options) -> None:
    """Otherwise the figures of this test would be those of guesses."""
    own = [f.ours for f in comparison.figures if f.what == "local top-1" and f.ours is not None]
    assert len(own) == 9
    assert min(own) > 60
    results = StudyResults.load(options.out / "study.json")
    assert results.fit_data.rows == 10 * len(SYNSETS)  # --subset
    assert results.eval_data.rows == 8 * len(SYNSETS)
    logit = comparison.table("5.3", "top-1")
    assert any(figure.ours is not None for figure in logit.values())


def test_everything_is_written(comparison: Comparison, options: Options) -> None:
    folder = options.out / "comparison"
    with (folder / "comparison.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(comparison.figures) == 442
    statuses = {row["status"] for row in rows}
    assert statuses == {"missing", "differs"} | ({"equal"} & statuses)
    assert all((row["ours"] == "") == (row["status"] == "missing") for row in rows)
    record = json.loads((folder / "comparison.json").read_text(encoding="utf-8"))
    assert len(record["figures"]) == 442
    assert record["missing"] == comparison.missing
    assert {m["where"] for m in record["misprints"]} >= {"Table 5.2", "Section 5.4"}
    page = (folder / "comparison.md").read_text(encoding="utf-8")
    assert "## What differs in the set-up" in page
    assert "0.28\\*" in page
    assert (folder / "table_5_2_top1.tex").read_text(encoding="utf-8").count("tabular") > 100
    assert (options.out / "report" / "report.html").exists()
    assert (options.out / "study.yaml").exists()


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_the_screen_is_never_wider_than_it_is(comparison: Comparison, width: int) -> None:
    console = Console(width=width, record=True, file=io.StringIO())
    print_comparison(comparison, console)
    text = console.export_text()
    tables = text[: text.index("Missing\n")]
    notes = ("Ours, printed", "Reported:", "Printed table:")
    lines = [line for line in tables.splitlines() if not line.startswith(notes)]
    assert max(map(len, lines)) <= width
    assert f"{GONE}: not in" in text
    assert "0.28*" in text
    assert "–" in text


def test_the_same_command_computes_nothing_twice(
    comparison: Comparison, options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Moments, "update", lambda *_: pytest.fail("moments were taken again"))
    again = reproduce(plan_experiment("thesis", options, FakeCatalogue()), Silent())
    assert again == comparison


def test_the_paper_on_two_networks(imagenet: Path, ten: Path, tmp_path: Path) -> None:
    two = tmp_path / "two.yaml"
    mapping = yaml.safe_load(ten.read_text())
    load = {n: f"onnx:{ten.parent / n}/model.onnx" for n in ("inception_v4", "resnet_v2_152")}
    assert set(load) <= set(mapping)
    two.write_text(yaml.safe_dump(load))
    options = Options(data=imagenet, out=tmp_path / "out", networks_from=two)
    found = reproduce(plan_experiment("paper", options, FakeCatalogue()), Silent())
    top1 = found.table("1", "top-1")
    assert len(top1) == 4
    assert all(figure.ours is not None for figure in top1.values())
    assert all(f.ours is None for f in found.figures if f.what == "correct")  # of other images
    assert {m.where for m in found.misprints} >= {"Table 1", "Section 6"}
    assert (tmp_path / "out" / "comparison" / "table_1.tex").exists()


def test_a_flat_val_folder_with_its_labels(ten: Path, tmp_path: Path) -> None:
    data = write_imagenet(tmp_path / "flat", train=4, val=4, flat=True)
    lines = [SYNSETS[i % len(SYNSETS)] for i in range(4 * len(SYNSETS))]
    name = "imagenet_2012_validation_synset_labels.txt"
    (data / name).write_text("\n".join(lines) + "\n")
    names = ("inception_v4", "nasnet_large")
    options = Options(data=data, out=tmp_path / "out", networks_from=ten, networks=names)
    found = reproduce(plan_experiment("thesis", options, FakeCatalogue()), Silent())
    own = [f.ours for f in found.figures if f.what == "local top-1" and f.ours is not None]
    assert len(own) == 2
    assert min(own) > 60, "labels belong to their images"


def test_it_does_not_start_without_images_or_with_one_network(
    options: Options, imagenet: Path, ten: Path, tmp_path: Path
) -> None:
    def start(**changes: object) -> None:
        changed = replace(options, out=tmp_path / "out", **changes)  # type: ignore[arg-type]
        reproduce(plan_experiment("thesis", changed, FakeCatalogue()), Silent())

    with pytest.raises(DataError, match="no folder at"):
        start(data=tmp_path / "nowhere")
    with pytest.raises(ConfigError, match=r"1 of 1 networks can be loaded; a comparison needs two"):
        start(networks=("nasnet_large",))
    with pytest.raises(ConfigError, match=rf"{GONE}: not in .* \(--strict leaves no network out"):
        start(strict=True)
    assert not (tmp_path / "out").exists()
