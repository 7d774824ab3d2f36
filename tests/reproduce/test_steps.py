"""The commands that a dry run prints are those that a person would type."""

from __future__ import annotations

import shlex
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from samefeatures.commands.app import app
from samefeatures.reproduce.document import document
from samefeatures.reproduce.experiment import Options
from samefeatures.reproduce.steps import run_command


@pytest.mark.parametrize(
    "options",
    [
        Options(data=Path("/data/a b"), out=Path("o")),
        Options(
            data=Path("/data"),
            out=Path("o"),
            weights_dir=Path("w"),
            networks=("inception_v1", "nasnet_large"),
            networks_from=Path("map.yaml"),
            subset=3,
            labels=Path("labels.csv"),
            workers=2,
            crops={"inception_v1": 299, "nasnet_large": 331},
            device="cuda:1",
            batch_size=64,
            download=True,
            strict=True,
        ),
    ],
)
def test_the_command_is_read_as_what_it_was_made_of(
    options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = SimpleNamespace(document=document("thesis"), options=options)
    program, *words = shlex.split(run_command(experiment))  # type: ignore[arg-type]
    seen: list[tuple[str, Options]] = []

    def stop(name: str, found: Options, _: object) -> None:
        seen.append((name, found))
        raise KeyboardInterrupt

    monkeypatch.setattr("samefeatures.reproduce.experiment.plan_experiment", stop)
    CliRunner().invoke(app, words)
    assert program == "samefeatures"
    assert seen == [("thesis", options)]
    assert len(words) == 4 + 2 + 22 * bool(options.crops)
