"""``samefeatures plan`` on real studies: what it says, what it leaves alone, what is done."""

from __future__ import annotations

import io
import json
import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from samefeatures.base.errors import ConfigError, OutOfMemoryError
from samefeatures.commands.app import app
from samefeatures.features.extract import extract
from samefeatures.joint.journal import Journal
from samefeatures.joint.record import Moments
from samefeatures.joint.sums import Accumulator
from samefeatures.networks.record import ImageNetwork
from samefeatures.planning import rates
from samefeatures.planning.disks import disks_of
from samefeatures.planning.done import Done, find_done
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


def values(limit: int = 300) -> dict[str, object]:
    return {
        "networks": ["mini:inception_v1", "mini:resnet_v1"],
        "data": {
            kind: {"source": f"fashion-mnist:{kind}", "limit": limit} for kind in ("fit", "eval")
        },
        "methods": ["ols"],
    }


def done_of(study: Study) -> Done:
    """What a plan finds in the folder of a study."""
    stream = study.stream if study.config.store is False else None
    root = study.feature_root
    return find_done(study.inputs, study.config, out=study.out, root=root, stream=stream)


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
    (disk,) = plan.disks
    assert 0 < plan.disk == disk.needed <= (disk.free or 0)
    assert plan.memory > 0


def test_what_is_done_is_not_planned_again(study: Study) -> None:
    before = make_plan(study)
    study.score()
    known = sorted(study.out.rglob("*"))
    done = done_of(study)
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


def test_of_a_finished_study_nothing_is_left_but_its_report(tmp_path: Path) -> None:
    raw = {
        **values(60),
        "measures": ["r2", "cosine", "cka"],
        "controls": {"pixels": 4, "class_noise": 4, "folds": 2},
        "ranks": [1, 2],
        "spectra": True,
        "canonical": {"k": [1]},
        "curve": {"sizes": [40, 60], "seeds": 1},
        "tasks": ["brightness"],
    }

    def opened(**changes: object) -> Study:
        return Study(parse_config({**raw, **changes}), out=tmp_path / "out", base=tmp_path)

    def left(study: Study) -> dict[str, float]:
        return {stage.name: stage.seconds for stage in make_plan(study).stages}

    before = left(opened())
    opened().score()
    behind = list(before)[list(before).index("scores") + 1 : -1]
    names = " ".join(behind)
    assert all(word in names for word in ("cka", "spectra", "ranks", "canonical", "controls"))
    after = left(opened())
    assert all(before[name] > 0 for name in behind)
    assert not any(after[name] for name in behind)
    assert after["report"] > 0
    assert not done_of(opened(ranks=[1, 3])).finished
    assert done_of(opened()).finished
    fewer = {kind: {"source": f"fashion-mnist:{kind}", "limit": 50} for kind in ("fit", "eval")}
    assert not done_of(opened(data=fewer)).finished


def test_features_that_are_half_there_count_half(study: Study) -> None:
    study.extract()
    chunks = sorted((study.out / "features").glob("resnet_v1-*/features/c/1"))
    for chunk in chunks:
        (chunk / "0").unlink()
    done = done_of(study)
    shares = {network: share for (_, _, network), share in done.features.items()}
    assert shares == {"inception_v1": 1.0, "resnet_v1": 0.5}
    assert done.maps == {}


def test_features_of_a_network_whose_code_has_changed_are_not_done(study: Study) -> None:
    """Its key is the same; what it gives of the probe images is not. Nor are those all it has."""
    study.extract()
    networks = study.inputs.networks
    first = networks["resnet_v1"]
    assert isinstance(first, ImageNetwork)
    assert first.split is not None
    assert first.split.probe is not None
    changed = replace(first, split=replace(first.split, probe=2 * first.split.probe))
    networks["resnet_v1"] = changed

    def shares() -> dict[str, float]:
        return {network: share for (_, _, network), share in done_of(study).features.items()}

    assert shares() == {"inception_v1": 1.0, "resnet_v1": 0.0}
    for part in (*study.inputs.fit, *study.inputs.eval):
        extract([changed], part.images, study.feature_root, views=part.views)
    assert shares() == {"inception_v1": 1.0, "resnet_v1": 1.0}


def test_maps_of_other_settings_are_not_done(study: Study) -> None:
    study.fit()
    config = small().model_copy(update={"methods": parse_config(
        {"networks": ["npz:none"], "methods": [{"cosine": {"tolerance": 1e-4}}, "ols"]}
    ).methods})  # fmt: skip
    other = Study(config, out=study.out, base=study.base)
    assert done_of(other).maps == {"cosine": 0.0, "ols": 1.0}
    assert list((study.out / "maps" / "cosine").glob("*.safetensors"))  # nothing was removed


def test_disk_is_what_the_run_takes(study: Study) -> None:
    planned = make_plan(study)
    study.score()
    real = bytes_below(study.out)
    assert planned.disk == pytest.approx(real, rel=0.5)


def test_without_a_store_what_is_done_is_what_went_into_moments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = {**values(700), "store": False}

    def opened(**changes: object) -> Study:
        return Study(parse_config({**raw, **changes}), out=tmp_path / "out", base=tmp_path)

    opened(store=True).extract()  # a store that the other study does not read
    study = opened()
    fit = {share for (kind, _, _), share in done_of(study).features.items() if kind == "fit"}
    assert fit == {0.0}
    # Stopped in the middle: what the checkpoint holds is done.
    monkeypatch.setattr("samefeatures.joint.stream.chunk_rows", lambda _: 256)
    monkeypatch.setattr("samefeatures.joint.stream.CHECKPOINT_SECONDS", 0.0)
    saves = []
    save = Journal.save

    def stopping(self: Journal, path: Path) -> None:
        save(self, path)
        saves.append(path)
        if len(saves) == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "save", stopping)
        with pytest.raises(KeyboardInterrupt):
            study.fit()
    (half,) = set(done_of(opened()).moments.values())
    assert half == pytest.approx(512 / 700)
    assert {s for (k, _, _), s in done_of(opened()).features.items() if k == "fit"} == {half}
    opened().score()
    done = done_of(opened())
    assert set(done.features.values()) == {1.0}
    assert done.moments == {"fit": 1.0, "eval": 1.0}
    assert done.maps == done.scores == {"ols": 1.0}


def test_disk_without_a_store_is_what_the_run_takes(tmp_path: Path) -> None:
    config = small().model_copy(update={"store": False, "methods": small().methods[:1]})
    study = Study(config, out=tmp_path / "out", base=tmp_path)
    planned = make_plan(study)
    study.score()
    assert planned.disk == pytest.approx(bytes_below(study.out), rel=0.5)


def test_a_batch_that_does_not_fit_is_halved_as_a_run_would(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = type(study.inputs.image_networks[0].backend)
    plain = backend.features

    def narrow(self: object, images: np.ndarray) -> np.ndarray:
        if len(images) > most:
            raise OutOfMemoryError("The memory is full.")
        return plain(self, images)  # type: ignore[arg-type]

    most = 3
    monkeypatch.setattr(backend, "features", narrow)
    plan = make_plan(study)
    assert sum("batches of 2" in note for note in plan.notes) == 2
    most = 0
    with pytest.raises(OutOfMemoryError, match="too small for inception_v1 on one image"):
        make_plan(study)


def test_algebra_is_measured_where_it_will_run(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    algebra = {"device": "cuda:9"}
    config = parse_config({**values(), "algebra": algebra})
    with pytest.raises(ConfigError, match="'cuda:9' is not available"):
        make_plan(Study(config, out=study.out, base=study.base))
    config = parse_config({**values(), "algebra": {"precision": "float32"}})
    asked = []

    def noted(start: Moments, **options: object) -> Accumulator:
        asked.append(options)
        return Accumulator(start, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("samefeatures.planning.algebra.Accumulator", noted)
    make_plan(Study(config, out=study.out, base=study.base))
    assert {options["precision"] for options in asked} == {"float32"}


def test_features_on_another_disk_are_counted_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "samefeatures.planning.disks.standing",
        lambda path: SimpleNamespace(stat=lambda: SimpleNamespace(st_dev=path.name)),
    )
    monkeypatch.setattr(
        "samefeatures.planning.disks.free_bytes", lambda path: 7 if path.name == "big" else 5
    )
    out, big = tmp_path / "out", tmp_path / "big"
    small_one, large = disks_of(out, big, features=100, rest=3)
    assert (small_one.needed, small_one.free, small_one.is_short) == (3, 5, False)
    assert (large.place, large.needed, large.free, large.is_short) == (str(big), 100, 7, True)
    (one,) = disks_of(out, out, features=100, rest=3)
    assert one.needed == 103
    here, there = disks_of(out, "s3://bucket/x", features=100, rest=3)
    assert (here.needed, there.needed, there.free, there.is_short) == (3, 100, None, False)


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
    ("seconds", "words"), [(0.2, "under 1 s"), (42, "42 s"), (600, "10.0 min"), (math.nan, "–")]
)
def test_times_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_sizes_in_words() -> None:
    assert [size(x) for x in (3e3, 4e6, 5e9, 6e12)] == ["3 kB", "4.0 MB", "5.0 GB", "6.0 TB"]
