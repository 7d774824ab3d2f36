"""``samefeatures plan`` on real studies: what it says, what it leaves alone, what is done."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from samefeatures.cli import app
from samefeatures.planning import rates
from samefeatures.planning.done import find_done
from samefeatures.planning.machine import bytes_below, free_bytes, machine_memory, peak_memory
from samefeatures.planning.plan import make_plan
from samefeatures.planning.terminal import print_plan
from samefeatures.planning.words import duration, size
from samefeatures.study.config import StudyConfig, parse_config
from samefeatures.study.study import Study


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "SECONDS", 0.2)
    monkeypatch.setattr(rates, "LEAST", 0.05)


def small(limit: int = 300) -> StudyConfig:
    return parse_config(
        {
            "networks": ["mini:inception_v1", "mini:resnet_v1"],
            "data": {
                "fit": {"source": "fashion-mnist:fit", "limit": limit},
                "eval": {"source": "fashion-mnist:eval", "limit": limit},
            },
            "methods": ["ols", {"cosine": {"tolerance": 1e-2}}],
        }
    )


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study(small(), out=tmp_path / "out", base=tmp_path)


def test_a_plan_computes_nothing_of_the_study(study: Study) -> None:
    plan = make_plan(study)
    assert not list(study.out.rglob("*"))
    assert (plan.fit_rows, plan.eval_rows, len(plan.networks)) == (300, 300, 2)
    assert plan.features == sum(n.dim for n in study.inputs.networks.values())
    assert all(stage.seconds >= 0 for stage in plan.stages)
    assert plan.seconds > 0
    assert plan.longest in plan.stages
    assert plan.disk <= plan.free
    assert plan.memory > 0


def test_what_is_done_is_not_planned_again(study: Study) -> None:
    before = make_plan(study)
    study.score()
    known = sorted(study.out.rglob("*"))
    done = find_done(study)
    assert set(done.features.values()) == {1.0}
    assert done.moments == {"fit": 1.0, "eval": 1.0}
    assert done.maps == {"ols": 1.0, "cosine": 1.0}
    assert done.scores == {"ols": 1.0, "cosine": 1.0}
    after = make_plan(study)
    assert sorted(study.out.rglob("*")) == known
    left = {s.name: s.seconds for s in after.stages}
    for name in ("decode and crop", "network inception_v1", "store features", "maps: ols"):
        assert left[name] == 0
    assert after.seconds < before.seconds


def test_features_that_are_half_there_count_half(study: Study) -> None:
    study.extract()
    chunks = sorted((study.out / "features").glob("resnet_v1-*/features/c/1"))
    for chunk in chunks:
        (chunk / "0").unlink()
    done = find_done(study)
    shares = {network: share for (_, _, network), share in done.features.items()}
    assert shares == {"inception_v1": 1.0, "resnet_v1": 0.5}
    assert done.maps == {}


def test_maps_of_other_settings_are_not_done(study: Study) -> None:
    study.fit()
    config = small().model_copy(update={"methods": parse_config(
        {"networks": ["npz:none"], "methods": [{"cosine": {"tolerance": 1e-4}}, "ols"]}
    ).methods})  # fmt: skip
    other = Study(config, out=study.out, base=study.base)
    assert find_done(other).maps == {"cosine": 0.0, "ols": 1.0}
    assert list((study.out / "maps" / "cosine").glob("*.safetensors"))  # nothing was removed


def test_disk_is_what_the_run_takes(study: Study) -> None:
    planned = make_plan(study)
    study.score()
    real = bytes_below(study.out)
    assert planned.disk == pytest.approx(real, rel=0.5)


def test_features_from_files(npz_study: Study) -> None:
    plan = make_plan(npz_study)
    assert (plan.fit_rows, plan.eval_rows) == (400, 300)
    assert not any(stage.name.startswith("network") for stage in plan.stages)


def test_views_and_two_sources_are_counted(tmp_path: Path) -> None:
    raw = small(64).model_dump(exclude_none=True)
    config = parse_config(
        {
            "networks": [{"load": "mini:inception_v1"}],
            "data": {
                "fit": [
                    {"source": "fashion-mnist:fit", "limit": 40, "views": 3, "name": "crops"},
                    {"source": "fashion-mnist:fit", "limit": 20, "name": "plain"},
                ],
                "eval": {"source": "fashion-mnist:eval", "limit": 10},
            },
        }
    )
    assert raw["data"]
    plan = make_plan(Study(config, out=tmp_path / "out", base=tmp_path))
    assert (plan.fit_rows, plan.eval_rows) == (40 * 3 + 20, 10)


def test_on_the_terminal_and_as_json(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(
        "networks: [mini:inception_v1, mini:resnet_v1]\n"
        "data:\n  fit: {source: fashion-mnist:fit, limit: 50}\n"
        "  eval: {source: fashion-mnist:eval, limit: 50}\n"
    )
    runner = CliRunner()
    shown = runner.invoke(app, ["plan", str(path), "--out", str(tmp_path / "o")])
    assert shown.exit_code == 0, shown.output
    for part in ("network resnet_v1", "moments of the fit set", "longest:", "within"):
        assert part in shown.output
    found = runner.invoke(app, ["plan", str(path), "--out", str(tmp_path / "o"), "--json"])
    record = json.loads(found.output)
    assert record["fit_rows"] == 50
    assert record["seconds"] == pytest.approx(sum(s["seconds"] for s in record["stages"]))
    assert record["longest"] in {s["name"] for s in record["stages"]}


def test_the_table_fits_a_terminal(study: Study) -> None:
    console = Console(width=100, record=True, file=io.StringIO())
    print_plan(make_plan(study), console)
    assert max(map(len, console.export_text().splitlines()[:-3])) <= 100


def test_the_machine(tmp_path: Path) -> None:
    assert free_bytes(tmp_path / "not" / "there") == pytest.approx(free_bytes(tmp_path), rel=0.01)
    (tmp_path / "x").write_bytes(b"12345")
    assert bytes_below(tmp_path) == 5
    assert bytes_below(tmp_path / "none") == 0
    assert machine_memory() is not None
    assert (peak_memory() or 0) > 10**7


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "under 1 s"), (42, "42 s"), (600, "10.0 min"), (None, "–")]
)
def test_times_in_words(seconds: float | None, words: str) -> None:
    assert duration(seconds) == words


def test_sizes_in_words() -> None:
    assert [size(x) for x in (3e3, 4e6, 5e9, 6e12)] == ["3 kB", "4.0 MB", "5.0 GB", "6.0 TB"]
