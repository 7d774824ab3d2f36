"""``samefeatures curve``: a study file without the key is enough."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from npz_worlds import make_worlds, write_npz
from samefeatures.commands.app import app


def test_curve_of_a_study_that_does_not_name_it(tmp_path: Path) -> None:
    sources = [write_npz(tmp_path, name, world) for name, world in make_worlds(n=64).items()]
    study = tmp_path / "s.yaml"
    study.write_text(json.dumps({"networks": sources, "methods": ["ols"]}))
    out = tmp_path / "out"
    found = CliRunner().invoke(app, ["curve", str(study), "--out", str(out)])
    assert found.exit_code == 0, found.output
    assert "How many images?" in found.output
    assert (out / "by_rows.csv").is_file()
    assert (out / "report" / "by_rows.png").is_file()
    again = CliRunner().invoke(app, ["curve", str(study), "--out", str(out), "--json"])
    said = json.loads(again.stdout)
    assert {point["rows"] for point in said["points"]} == {11, 16, 32, 64}
    assert all(forecast["poor"] for forecast in said["forecasts"])
