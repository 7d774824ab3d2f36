"""The command line, as a person meets it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from PIL import Image

from samefeatures import __version__
from screens import without_minutes

STUDY = """
networks: [mini:resnet_v1, mini:mobilenet_v2]
data:
  fit: {source: "fashion-mnist:fit", limit: 300}
  eval: {source: "fashion-mnist:eval", limit: 150}
methods: [ols, naive]
"""


def call(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "samefeatures", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    (folder / "study.yaml").write_text(STUDY)
    done = call("run", "study.yaml", "--out", "out", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_run_prints_the_table_and_writes_the_report(study: Path) -> None:
    again = call("run", "study.yaml", "--out", "out", cwd=study)
    assert again.returncode == 0
    assert without_minutes(again.stderr) == "", "quiet when not a terminal"
    assert "resnet_v1" in again.stdout
    assert "report.html" in again.stdout
    frame = pd.read_csv(study / "out" / "results.csv")
    assert len(frame) == 2 * 4
    top1 = frame.query("method == 'ols' and source != target")["top1"].iloc[0]
    assert f"{top1:.2f}" in again.stdout
    for ending in ("md", "tex", "png", "svg"):
        assert (study / "out" / "report" / f"table_ols.{ending}").stat().st_size > 100


@pytest.mark.parametrize(
    ("stage", "leaves"), [("extract", "features"), ("fit", "maps"), ("score", "results.csv")]
)
def test_stages(study: Path, stage: str, leaves: str, tmp_path: Path) -> None:
    shutil.copy(study / "study.yaml", tmp_path)
    shutil.copytree(study / "out" / "features", tmp_path / "out" / "features")
    done = call(stage, "study.yaml", "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / leaves).exists()


def test_report_alone(study: Path) -> None:
    page = study / "out" / "report" / "report.html"
    page.unlink()
    done = call("report", "out", cwd=study)
    assert done.returncode == 0
    assert page.exists()
    done = call("report", "out", "--precision", "0", cwd=study)
    assert done.returncode == 0
    assert not re.search(r"<span class=.large.>\d+\.", page.read_text())
    wrong = call("report", "out", "--precision", "5", cwd=study)
    assert wrong.returncode == 1
    assert "precision is 5; it must be a whole number, from 0 to 4" in wrong.stderr
    missing = call("report", "nowhere", cwd=study)
    assert missing.returncode == 1
    assert "Run the study first" in missing.stderr


def test_diff(study: Path) -> None:
    done = call("diff", "out", "out", cwd=study)
    assert done.returncode == 0
    assert done.stdout.startswith("The same: ")
    shutil.copytree(study / "out", study / "other", ignore=shutil.ignore_patterns("features"))
    path = study / "other" / "study.json"
    found = json.loads(path.read_text())
    del found["sha256"]
    found["cells"][1]["agreement"] -= 1.5
    path.write_text(json.dumps(found))
    done = call("diff", "out", "other", cwd=study)
    assert done.returncode == 1
    assert "1 row differs, at most agreement by 1.5" in done.stdout
    done = call("diff", "out", "other", "--json", cwd=study)
    assert done.returncode == 1
    assert len(json.loads(done.stdout)["cells"]) == 1
    (study / "odd" / "study.json").mkdir(parents=True)
    for trouble in (["nowhere"], ["odd"], ["other", "-q", "-v"], ["other", "--tolerance", "2"]):
        done = call("diff", "out", *trouble, cwd=study)
        assert done.returncode == 2, trouble  # 1 says that they differ
        assert len(done.stderr.splitlines()) == 1
    done = call("diff", "out", "nowhere", "-v", cwd=study)
    assert done.returncode == 2
    assert "Traceback" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("Error: ")


def test_overlap(study: Path) -> None:
    done = call("overlap", "study.yaml", "resnet_v1", "mobilenet_v2", "--out", "out", cwd=study)
    assert done.returncode == 0, done.stderr
    assert without_minutes(done.stderr) == ""
    lines = [line.split() for line in done.stdout.splitlines()]
    (fixed,) = [line for line in lines if line[:1] == ["fixed"]]
    for place, folder in ((1, "resnet_v1--mobilenet_v2"), (4, "mobilenet_v2--resnet_v1")):
        listed = pd.read_csv(study / "out" / "overlap" / "ols" / folder / "fixed.csv")
        assert len(listed) == int(fixed[place])
        assert (listed["hybrid_says"] == listed["label"]).all()
    page = (study / "out" / "report" / "report.html").read_text()
    assert "data:image/jpeg;base64," in page
    wrong = call("overlap", "study.yaml", "resnet_v1", "vgg", "--out", "out", cwd=study)
    assert wrong.returncode == 1
    assert "no network 'vgg'" in wrong.stderr
    early = call("overlap", "study.yaml", "resnet_v1", "vgg", "--out", "unscored", cwd=study)
    assert "Run the study first" in early.stderr


def test_check(study: Path) -> None:
    done = call("check", "mini:resnet_v1", "mini:nasnet", cwd=study)
    assert done.returncode == 0, done.stderr
    for fact in ("resnet_v1", "nasnet", "96", "132", "10", "28"):
        assert fact in done.stdout
    scored = call("check", "mini:resnet_v1", "--data", "fashion-mnist:eval", "--limit", "100",
                  cwd=study)  # fmt: skip
    assert scored.returncode == 0, scored.stderr
    assert "top-1" in scored.stdout
    refused = call("check", "mini:resnet_v1", "--limit", "5", cwd=study)
    assert refused.returncode == 1
    assert "only with --data" in refused.stderr


def test_export_predicts_what_the_study_says(study: Path) -> None:
    done = call(
        "export", "study.yaml", "resnet_v1", "mobilenet_v2", "--to", "hybrid.onnx", "--out", "out",
        cwd=study,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "150 predictions checked" in done.stdout
    session = onnxruntime.InferenceSession(study / "hybrid.onnx")
    meta = session.get_modelmeta().custom_metadata_map
    assert any("resnet_v1" in value for value in meta.values())
    assert any("input_size" in value for value in meta.values())


def test_errors_are_one_line_and_exit_1(study: Path) -> None:
    for arguments, says in [
        (["run", "nowhere.yaml", "--out", "x"], "no study file"),
        (["run", "study.yaml"], "Give --out"),
        (["check", "mini:resnet_v9"], "resnet_v9"),
        (["check", "tmm:resnet18"], "timm"),
        (["export", "study.yaml", "resnet_v1", "who", "--to", "h.onnx", "--out", "out"], "who"),
        (["miniatures", "train", "--data", "x", "--name", "lenet"], "no miniature 'lenet'"),
        (["miniatures", "pack", "--data", "x"], "dataset-fashion-mnist"),
    ]:
        done = call(*arguments, cwd=study)
        assert done.returncode == 1, (arguments, done.stdout, done.stderr)
        assert done.stderr.startswith("Error: ")
        assert says in done.stderr
        assert "Traceback" not in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1


def test_strict_names_the_image(study: Path, tmp_path: Path) -> None:
    for kind in ("fit", "eval"):
        for c in range(10):
            (tmp_path / kind / str(c)).mkdir(parents=True)
            pixels = np.full((28, 28), 20 * c, np.uint8)
            Image.fromarray(pixels).save(tmp_path / kind / str(c) / "0.png")
    (tmp_path / "fit" / "4" / "0.png").write_bytes(b"no image")
    (tmp_path / "study.yaml").write_text(
        "networks: [mini:resnet_v1]\n"
        "data: {fit: fit, eval: {source: eval, class_map: sorted}}\nmethods: [ols]\n"
    )
    done = call("extract", "study.yaml", "--out", "out", "--strict", cwd=tmp_path)
    assert done.returncode == 1
    assert "4/0.png" in done.stderr
    relaxed = call("run", "study.yaml", "--out", "out", cwd=tmp_path)
    assert relaxed.returncode == 0, relaxed.stderr
    assert "1 image of the fit set could not be read and was" in " ".join(relaxed.stdout.split())


def test_version_and_help(tmp_path: Path) -> None:
    assert call("--version", cwd=tmp_path).stdout.strip() == f"samefeatures {__version__}"
    shown = call("--help", cwd=tmp_path).stdout
    for command in ("demo", "run", "extract", "fit", "score", "report", "check", "export"):
        assert command in shown
