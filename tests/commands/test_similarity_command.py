"""``samefeatures similarity``: of a study that was never run, and of a folder."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner, Result

from npz_worlds import make_worlds, write_npz
from samefeatures.base.errors import ConfigError, SamefeaturesError
from samefeatures.commands.app import app

SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "similarity.json"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    sources = [write_npz(tmp_path, name, world) for name, world in make_worlds().items()]
    path = tmp_path / "study.yaml"
    path.write_text(f"networks: {json.dumps(sources)}\nmethods: [ols]\nout: out\n")
    return path


def call(*arguments: str | Path) -> Result:
    done = CliRunner().invoke(app, ["similarity", *map(str, arguments)])
    if isinstance(done.exception, SamefeaturesError):
        raise done.exception
    return done


def test_a_study_that_was_never_run(study: Path) -> None:
    done = call(study, "--measure", "cka", "--measure", "angle", "--order", "dendrogram")
    assert done.exit_code == 0, done.output
    assert "CKA  up is nearer" in done.output
    assert "Angle  down is nearer" in done.output
    folder = study.parent / "out" / "similarity"
    assert (folder / "similarity.csv").read_text().startswith("measure,source,target,value,rows\n")
    assert (folder / "similarity_angle.pdf").exists()
    assert not (study.parent / "out" / "maps").exists()


def test_json_of_a_scored_study_in_its_folder(study: Path) -> None:
    assert CliRunner().invoke(app, ["score", str(study)]).exit_code == 0
    done = call(study.parent / "out", "--json", "--measure", "cka")
    found = json.loads(done.stdout)
    jsonschema.validate(found, json.loads(SCHEMA.read_text("utf-8")))
    assert found["networks"] == ["a", "b", "c"]
    assert found["measures"][0]["matrix"][0][0] == 1
    assert {line["against"] for line in found["rankings"]} == {
        "change_vs_source_pct",
        "loss_vs_target_points",
    }
    assert (
        found["measures"][0]["matrix"]
        == json.loads(call(study, "--json", "--measure", "cka").stdout)["measures"][0]["matrix"]
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--measure", "procrustez"], r"'procrustez'\. Did you mean 'procrustes'"),
        (["--measure", "cosine"], "'cosine' judges a map"),
        (["--order", "dendro"], r"'dendro'\. .*There are: study, dendrogram"),
    ],
)
def test_slips_are_told_before_anything_is_done(
    study: Path, arguments: list[str], says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        call(study, *arguments)
    assert not (study.parent / "out" / "features").exists()
