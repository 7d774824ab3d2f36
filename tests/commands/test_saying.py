"""How much commands say, in words and in JSON; help, completion, and studies by their file."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from npz_worlds import make_worlds, write_npz
from samefeatures.commands.app import app
from samefeatures.report.results_record import MethodLine, NetworkLine, ResultsRecord
from samefeatures.report.similarity_record import MeasureLine, RankingLine, SimilarityRecord
from samefeatures.study.check_record import CheckRecord, NetworkRecord
from samefeatures.study.results import StudyResults

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"
COMMANDS = {
    "demo", "check", "plan", "run", "extract", "fit", "score", "report", "diff", "overlap",
    "export", "reproduce", "miniatures", "similarity",
}  # fmt: skip


def call(*arguments: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "samefeatures", *map(str, arguments)]
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False,
        env={**os.environ, **environment},
    )  # fmt: skip


def valid(text: str, schema: str) -> dict[str, Any]:
    found = json.loads(text)
    jsonschema.validate(found, json.loads((SCHEMAS / f"{schema}.json").read_text("utf-8")))
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Features from files; one network's head has learned nothing."""
    folder = tmp_path_factory.mktemp("saying")
    worlds = make_worlds()
    sources = [write_npz(folder, name, worlds[name]) for name in "ab"]
    still = {"head_weight": 1e-9 * worlds["c"]["head_weight"], "head_bias": np.eye(5)[0]}
    sources.append(write_npz(folder, "c", worlds["c"], **still))
    given = {"networks": sources, "methods": ["ols", "naive"], "out": "out"}
    (folder / "study.yaml").write_text(json.dumps(given))
    return folder


@pytest.fixture(scope="module")
def ran(study: Path) -> subprocess.CompletedProcess[str]:
    return call("run", "study.yaml", "--json", cwd=study)


def test_run_prints_json_alone(study: Path, ran: subprocess.CompletedProcess[str]) -> None:
    assert (ran.returncode, ran.stderr) == (0, "")
    found = valid(ran.stdout, "results")
    results = StudyResults.load(study / "out" / "study.json")
    assert found["format"] == 1
    assert [net["name"] for net in found["networks"]] == ["a", "b", "c"]
    assert [net["hardly_above_chance"] for net in found["networks"]] == [False, False, True]
    assert [net["top1"] for net in found["networks"]] == [net.top1 for net in results.networks]
    ols, naive = found["methods"]
    assert (ols["maps"], ols["judged"], naive["kind"]) == (6, 2, "naive")
    assert ols["median_change_pct"] == pytest.approx(results.median_change("ols", over="maps"))
    assert found["warnings"] == list(results.warnings)
    assert all((study / path).is_file() for path in found["files"].values())
    assert found["eval_images"] == 300


def test_report_of_a_study_file_is_that_of_its_folder(
    study: Path, ran: subprocess.CompletedProcess[str]
) -> None:
    assert ran.returncode == 0
    by_file, by_folder = (call("report", at, "--json", cwd=study) for at in ("study.yaml", "out"))
    assert valid(by_file.stdout, "results") == valid(by_folder.stdout, "results")
    assert valid(by_file.stdout, "results") == json.loads(ran.stdout)
    elsewhere = call("report", "study.yaml", "--out", "nowhere", cwd=study)
    assert elsewhere.returncode == 1
    assert "There are no results at nowhere/study.json" in elsewhere.stderr
    twice = call("report", "out", "--out", "out", cwd=study)
    assert (twice.returncode, twice.stderr) == (
        1,
        "Error: out is the folder of a study itself: leave --out out.\n",
    )
    inside = call("report", "out/study.json", cwd=study)
    assert inside.returncode == 1
    assert "out/study.json is a file. Give the folder that it lies in" in inside.stderr


@pytest.mark.parametrize("option", ["--quiet", "-q"])
def test_quiet_prints_nothing(
    study: Path, ran: subprocess.CompletedProcess[str], option: str
) -> None:
    assert ran.returncode == 0
    for command in (["run", "study.yaml"], ["report", "out"], ["check", "study.yaml"]):
        done = call(*command, option, cwd=study)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    failed = call("report", "nowhere", option, cwd=study)
    assert failed.returncode == 1
    assert failed.stderr.startswith("Error: There are no results at")
    both = call("run", "study.yaml", option, "--verbose", cwd=study)
    assert both.returncode == 1
    assert "--quiet and --verbose contradict each other" in both.stderr


def test_verbose_says_where_an_error_came_from(study: Path) -> None:
    said = call("report", "nowhere", "-v", cwd=study).stderr.splitlines()
    assert said[0] == "Traceback (most recent call last):"
    assert said[-1].startswith("Error: There are no results at")
    plain = call("report", "nowhere", cwd=study).stderr.splitlines()
    assert plain == said[-1:]


def test_check_of_networks_as_json(study: Path) -> None:
    done = call("check", "npz:a.npz", "npz:c.npz", "--json", cwd=study)
    assert (done.returncode, done.stderr) == (0, "")
    found = valid(done.stdout, "check")
    assert (found["study"], found["warnings"]) == (None, [])
    first, _ = found["networks"]
    assert (first["name"], first["features"], first["classes"], first["images"]) == ("a", 8, 5, 300)
    assert f"{first['top1']:.2f} %" in first["facts"]["own top-1"]


def test_check_of_a_study(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for kind, count in (("fit", 20), ("eval", 30)):
        for name in ("0", "1"):
            (tmp_path / kind / name).mkdir(parents=True)
            for k in range(count):
                pixels = rng.integers(0, 256, (28, 28), dtype=np.uint8)
                Image.fromarray(pixels).save(tmp_path / kind / name / f"{k:02}.png")
    (tmp_path / "fit" / "0" / "00.png").write_bytes(b"no image")
    text = "networks: [mini:resnet_v1, mini:nasnet]\ndata: {fit: fit, eval: eval}\nmethods: [ols]\n"
    (tmp_path / "study.yaml").write_text(text)
    before = sorted(tmp_path.rglob("*"))
    done = call("check", "study.yaml", "--limit", "10", cwd=tmp_path, COLUMNS="100")
    assert done.returncode == 0, done.stderr
    assert sorted(tmp_path.rglob("*")) == before, "nothing is written"
    for fact in ("2, of 10 classes each", "on 10 of 60 eval images", "took 40 images", "of 10)"):
        assert fact in done.stdout
    warned = "Warning: Tried 16 of the fit images: 1 image that can't be read: 0/00.png"
    assert warned in done.stderr
    found = valid(call("check", "study.yaml", "--json", cwd=tmp_path).stdout, "check")
    assert [net["images"] for net in found["networks"]] == [60, 60]
    assert found["study"]["methods"] == "ols"
    assert len(found["warnings"]) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["study.yaml", "mini:lenet"], "study.yaml is a study file; check it alone"),
        (["study.yaml", "--data", "x"], "leave --data and --class-map out"),
        (["other.yaml"], "There is no study file at other.yaml"),
        (["wrong.yaml"], "device: 'gpu'. Did you mean 'device: cuda'?"),
        (["labels.yaml"], "Give a class map"),
        (["classes.yaml"], "2 class names"),  # in sorted order, for heads of ten
    ],
)
def test_what_is_wrong_with_a_study_is_said_before_it_runs(
    tmp_path: Path, arguments: list[str], says: str
) -> None:
    for name in ("cats", "dogs"):
        (tmp_path / "named" / name).mkdir(parents=True)
        Image.new("L", (28, 28)).save(tmp_path / "named" / name / "0.png")
    head = "networks: ['mini:resnet_v1']\nmethods: [ols]\n"
    (tmp_path / "study.yaml").write_text(head)
    (tmp_path / "wrong.yaml").write_text(head + "device: gpu\n")
    (tmp_path / "labels.yaml").write_text(head + "data: {fit: named, eval: named}\n")
    data = "data: {fit: named, eval: {source: named, class_map: sorted}}\n"
    (tmp_path / "classes.yaml").write_text(head + data)
    done = call("check", *arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_schemas_name_every_field_of_the_records() -> None:
    for schema, whole, parts in (
        ("results", ResultsRecord, (NetworkLine, MethodLine)),
        ("check", CheckRecord, (NetworkRecord,)),
        ("similarity", SimilarityRecord, (MeasureLine, RankingLine)),
    ):
        said = json.loads((SCHEMAS / f"{schema}.json").read_text("utf-8"))
        jsonschema.Draft202012Validator.check_schema(said)
        for record, fields in [(whole, said), *((p, said["$defs"][p.__name__]) for p in parts)]:
            names = [field.name for field in dataclasses.fields(record)]
            assert list(fields["properties"]) == names
            assert fields["required"] == names
            assert fields["additionalProperties"] is False
            assert all(value["description"] for value in fields["properties"].values())


@pytest.mark.parametrize("command", ["", *sorted(COMMANDS), "miniatures train"])
def test_every_command_has_short_help(command: str) -> None:
    short, long = (
        CliRunner().invoke(app, [*command.split(), option]) for option in ("-h", "--help")
    )
    assert short.exit_code == 0
    assert short.output == long.output
    assert "Usage:" in short.output


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_completion_of_other_shells(shell: str, tmp_path: Path) -> None:
    """Commands are named, files left to the shell; and no heavy package is waited for."""
    samefeatures = Path(sys.executable).with_name("samefeatures")
    if not samefeatures.exists():
        pytest.skip("the command is not installed")

    def completed(words: str, action: str = "get-args") -> subprocess.CompletedProcess[str]:
        given = {
            "_SAMEFEATURES_COMPLETE": f"complete_{shell}",
            "_TYPER_COMPLETE_ARGS": words,
            "_TYPER_COMPLETE_FISH_ACTION": action,
        }
        return subprocess.run(
            [sys.executable, "-X", "importtime", samefeatures], cwd=tmp_path, capture_output=True,
            text=True, check=False, env={**os.environ, **given},
        )  # fmt: skip

    done = completed("samefeatures re")
    assert [name in done.stdout for name in ("report", "reproduce", "run")] == [True, True, False]
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "typer" in loaded
    assert not loaded & {"torch", "numpy", "scipy", "matplotlib", "polars", "pandas"}
    if shell == "zsh":
        assert completed("samefeatures run ").stdout.strip() == "_files"
    else:  # its script takes files where the command says that it has nothing to name
        codes = [completed(f"samefeatures {w}", "is-args").returncode for w in ("re", "run ")]
        assert codes == [0, 1]
    script = subprocess.run(
        [samefeatures, "--show-completion", shell], capture_output=True, text=True, check=True,
        env={**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
    ).stdout  # fmt: skip
    assert f"_SAMEFEATURES_COMPLETE=complete_{shell}" in script


def test_completion_of_bash(tmp_path: Path) -> None:
    """By the script that typer writes, asked as bash asks it."""
    samefeatures = Path(sys.executable).with_name("samefeatures")
    if not samefeatures.exists():
        pytest.skip("the command is not installed")

    def completed(words: str) -> list[str]:
        given = {"_SAMEFEATURES_COMPLETE": "complete_bash", "COMP_WORDS": words}
        count = str(len(words.split(" ")) - 1)
        done = subprocess.run(
            [samefeatures], cwd=tmp_path, capture_output=True, text=True, check=False,
            env={**os.environ, **given, "COMP_CWORD": count},
        )  # fmt: skip
        assert done.stderr == ""
        return done.stdout.split()

    assert completed("samefeatures re") == ["report", "reproduce"]
    assert set(completed("samefeatures ")) >= COMMANDS
    assert completed("samefeatures run --ver") == ["--verbose"]
    assert completed("samefeatures check --js") == ["--json"]
    script = subprocess.run(
        [samefeatures, "--show-completion", "bash"], capture_output=True, text=True, check=True,
        env={**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
    ).stdout  # fmt: skip
    assert "_SAMEFEATURES_COMPLETE=complete_bash" in script
    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0
