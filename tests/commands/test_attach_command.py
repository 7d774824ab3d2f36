"""``samefeatures attach``: a network that comes later."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

import samefeatures as sf
from npz_worlds import make_worlds, write_npz
from samefeatures.base.errors import MapError
from samefeatures.commands.app import app


def test_a_network_is_attached_and_said(tmp_path: Path) -> None:
    worlds = make_worlds()
    for name, world in worlds.items():
        write_npz(tmp_path, name, world)
    study = tmp_path / "study.yaml"
    study.write_text(
        "networks: ['npz:a.npz', 'npz:b.npz']\nmethods: [ols]\ncanonical: {k: [6]}\nout: "
        f"{tmp_path / 'out'}\n"
    )
    assert CliRunner().invoke(app, ["score", str(study)]).exit_code == 0
    space = tmp_path / "out" / "canonical" / "space.safetensors"
    words = ["attach", str(space), "npz:c.npz", "--study", str(study)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "c: the space holds 100.0 % of the variance of its 7 features" in done.output
    assert sf.CanonicalSpace.load(space).names == ("a", "b", "c")
    again = CliRunner().invoke(app, words)
    assert isinstance(again.exception, MapError)
    with pytest.raises(MapError, match="has a network c already"):
        raise again.exception
    nothing = CliRunner().invoke(app, ["attach", str(tmp_path / "no"), *words[2:]])
    assert "There is no canonical space at" in str(nothing.exception)
