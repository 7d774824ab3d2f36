"""Whole studies: on features made by hand, and on real pictures through real networks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import samefeatures as sf
from npz_worlds import make_worlds, write_npz
from samefeatures.base.errors import (
    ConfigError,
    FeatureError,
    LabelError,
    MapError,
    NetworkError,
    StoreError,
)
from samefeatures.base.files import write_whole
from samefeatures.base.told import ProgressStep
from samefeatures.features.extract import extract
from samefeatures.joint.sums import Accumulator
from samefeatures.maps import AffineMap, LossCurve
from samefeatures.report.write import write_report
from samefeatures.similarity import MEASURES
from samefeatures.study.config import parse_config
from samefeatures.study.opening import open_study
from samefeatures.study.results import StudyResults
from samefeatures.study.study import Study


def test_equivalent_networks_are_found_equivalent(npz_study: Study) -> None:
    results = npz_study.score()
    ols = results.table("ols")
    for (source, target), cell in ols.items():
        assert cell.source_top1 == ols[source, source].top1
        assert cell.target_top1 == ols[target, target].top1
        if source == target:
            assert (cell.change_vs_source_pct, cell.agreement, cell.r2) == (0, 100, 1)
        else:
            assert abs(cell.change_vs_source_pct) < 3
            assert cell.r2 > 0.95
            assert cell.measure("cosine") > 0.95
            assert cell.agreement > 95
    for cell in results.table("logit").values():
        assert cell.top1 == cell.source_top1
    crossed = [c for c in results.table("naive").values() if c.source != c.target]
    assert max(c.top1 for c in crossed) < 60
    assert results.median_change("ols", over="maps") < 0.5


def test_the_cells_are_the_hybrids_on_the_rows(npz_study: Study, tmp_path: Path) -> None:
    results = npz_study.score()
    a, b = (np.load(tmp_path / f"{k}.npz") for k in "ab")
    fitted = AffineMap.load(tmp_path / "out" / "maps" / "ols" / "a--b.safetensors")
    mapped = a["eval_features"] @ fitted.weight.T + fitted.bias
    logits = mapped @ b["head_weight"].T + b["head_bias"]
    correct = int((logits.argmax(1) == a["eval_labels"]).sum())
    cell = results.table("ols")["a", "b"]
    assert cell.correct == correct
    assert cell.top1 == pytest.approx(100 * correct / 300)
    own_b = b["eval_features"] @ b["head_weight"].T + b["head_bias"]
    same = np.mean(own_b.argmax(1) == logits.argmax(1))
    assert cell.agreement == pytest.approx(100 * same)
    assert cell.loss_vs_target_points == pytest.approx(cell.target_top1 - cell.top1)


def test_result_files_agree(npz_study: Study) -> None:
    results = npz_study.score()
    out = npz_study.out
    frame = pd.read_csv(out / "results.csv")
    assert list(frame.columns)[12:16] == ["agreement", "r2", "cosine", "ci_low"]
    assert len(frame) == 4 * 9
    pd.testing.assert_frame_equal(frame, pd.read_parquet(out / "results.parquet"))
    records = json.loads((out / "results.json").read_text())
    assert [r["correct"] for r in records] == [c.correct for c in results.cells]
    predictions = pd.read_parquet(out / "predictions.parquet")
    assert len(predictions) == 300
    for cell in results.cells:
        own = cell.source == cell.target
        name = f"own/{cell.source}" if own else f"{cell.method}/{cell.source}/{cell.target}"
        assert (predictions[name] == predictions["label"]).sum() == cell.correct
    assert StudyResults.load(npz_study.results_path) == results


def test_a_second_run_computes_nothing(npz_study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    first = npz_study.score()
    monkeypatch.setattr(
        Accumulator, "update", lambda *_, **__: pytest.fail("moments were taken again")
    )
    monkeypatch.setattr(AffineMap, "save", lambda *_: pytest.fail("a map was fitted again"))
    again = Study(npz_study.config, out=npz_study.out, base=npz_study.base)
    monkeypatch.setattr(
        "samefeatures.study.scoring.score_heads", lambda *_, **__: pytest.fail("scored again")
    )
    assert again.score() == first


def test_other_settings_replace_the_maps(npz_study: Study) -> None:
    npz_study.score()
    path = npz_study.maps.path("ridge", "a", "b")
    before = AffineMap.load(path).weight
    raw = json.loads(npz_study.config.model_dump_json())
    changed = parse_config(
        {"networks": raw["networks"], "methods": ["ols", {"name": "ridge", "alpha": 5}]}
    )
    study = Study(changed, out=npz_study.out, base=npz_study.base)
    study.score()
    assert not np.allclose(AffineMap.load(path).weight, before)
    assert len(pd.read_csv(npz_study.out / "results.csv")) == 2 * 9


def test_a_damaged_manifest_costs_a_new_fit_and_nothing_else(npz_study: Study) -> None:
    first = npz_study.score()
    (npz_study.out / "maps" / "ols" / "key.json").write_text('{"ke')
    bystander = npz_study.out / "maps" / "ols" / "notes.txt"
    bystander.write_text("a user's own")
    again = Study(npz_study.config, out=npz_study.out, base=npz_study.base)
    assert again.score() == first
    assert bystander.exists()


def test_a_full_disk_is_one_line_and_costs_nothing(
    npz_study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> None:
        if path.name == "results.parquet":
            raise OSError(28, "No space left on device")
        write_whole(path, data)

    monkeypatch.setattr("samefeatures.study.tables.write_whole", full)
    with pytest.raises(StoreError, match="The disk is full"):
        npz_study.score()
    assert not (npz_study.out / "study.json").exists()
    monkeypatch.undo()
    monkeypatch.setattr(AffineMap, "save", lambda *_: pytest.fail("a map was fitted again"))
    Study(npz_study.config, out=npz_study.out, base=npz_study.base).score()


def test_moments_resume_from_a_checkpoint_to_the_same_bits(
    npz_study: Study, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("samefeatures.joint.kept.CHUNK_BYTES", 1)  # 256 rows a chunk
    monkeypatch.setattr("samefeatures.joint.kept.CHECKPOINT_SECONDS", -1.0)
    real, calls = Accumulator.update, []

    def stop_at_second(self: Accumulator, *blocks: np.ndarray) -> None:
        if len(calls) == 1:
            raise KeyboardInterrupt
        calls.append(len(blocks[0]))
        real(self, *blocks)

    monkeypatch.setattr(Accumulator, "update", stop_at_second)
    with pytest.raises(KeyboardInterrupt):
        npz_study.fit()
    assert list((npz_study.out / "moments").glob("fit-*.checkpoint.npz"))
    seen: list[int] = []
    monkeypatch.setattr(
        Accumulator, "update", lambda self, *b: (seen.append(len(b[0])), real(self, *b))[1]
    )
    npz_study.fit()
    assert seen == [400 - 256]
    whole = Study(npz_study.config, out=tmp_path / "whole", base=npz_study.base)
    whole.fit()
    for path in (npz_study.out / "maps").rglob("*.safetensors"):
        twin = tmp_path / "whole" / path.relative_to(npz_study.out)
        assert path.read_bytes() == twin.read_bytes()


def test_few_images_warn_with_rank_and_numbers(tmp_path: Path) -> None:
    worlds = make_worlds(n=6)
    sources = [write_npz(tmp_path, name, world) for name, world in worlds.items()]
    config = parse_config({"networks": sources, "methods": ["ols"]})
    results = Study(config, out=tmp_path / "out", base=tmp_path).score()
    warned = [w for w in results.warnings if "minimum-norm" in w]
    assert any("from a" in w and "rank 5 of 8" in w and "6 fit rows" in w for w in warned)


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        ([2, 2, 2, 2, 2, 2], "All 6 eval images are of class 2: whatever always names this class"),
        ([0, 1, 2], "The eval set has 3 images for 5 classes"),
    ],
)
def test_eval_sets_that_show_little_are_scored_and_said(
    tmp_path: Path, labels: list[int], says: str
) -> None:
    sources = []
    for name, world in make_worlds().items():
        features = world["eval_features"][: len(labels)]
        changes = {"eval_features": features, "eval_labels": np.array(labels)}
        sources.append(write_npz(tmp_path, name, world, **changes))
    study = Study(parse_config({"networks": sources}), out=tmp_path / "out", base=tmp_path)
    results = study.score()
    assert any(says in warning for warning in results.warnings)
    assert all(cell.n == len(labels) for cell in results.cells)
    write_report(results, tmp_path / "report")


@pytest.mark.parametrize(
    ("m", "says"), [(300, "for a: as labelled"), (30, "are right no more often than")]
)
def test_a_study_of_permuted_labels_says_so(tmp_path: Path, m: int, says: str) -> None:
    """With many images of a class each network shows it, with few that they agree."""
    order, sources = np.roll(np.arange(5), 2), []
    for name, world in make_worlds(m=m).items():
        labels = order[world["eval_labels"]]
        sources.append(write_npz(tmp_path, name, world, eval_labels=labels))
    results = Study(
        parse_config({"networks": sources}), out=tmp_path / "out", base=tmp_path
    ).score()
    found = [text for text in results.warnings if text.startswith("Labels look permuted")]
    assert any(says in text for text in found), results.warnings


def test_a_lossy_head_is_said_by_itself(tmp_path: Path) -> None:
    worlds = make_worlds()
    small = worlds["c"]
    for key in ("fit_features", "eval_features", "head_weight"):
        small[key] = small[key][:, :3]
    sources = [write_npz(tmp_path, name, world) for name, world in worlds.items()]
    config = parse_config({"networks": sources, "methods": ["logit"]})
    results = Study(config, out=tmp_path / "out", base=tmp_path).score()
    assert any(w.startswith("logit into c: not lossless") for w in results.warnings)


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"eval_labels": np.full(300, 7)}, NetworkError, "from 7 to 7, but the head has 5 classes"),
        ({"fit_features": np.zeros((399, 8), np.float32)}, FeatureError, "of 400 images, a of 399"),
        (
            {"head_weight": np.zeros((6, 8)), "head_bias": np.zeros(6)},
            LabelError,
            "different numbers of classes: a 6, b 5",
        ),
        ({"eval_labels": np.arange(300) % 2}, FeatureError, "different labels"),
    ],
)
def test_inputs_that_do_not_fit(
    tmp_path: Path, changes: dict[str, Any], error: type[Exception], says: str
) -> None:
    worlds = make_worlds()
    sources = [write_npz(tmp_path, "a", worlds["a"], **changes)]
    sources.append(write_npz(tmp_path, "b", worlds["b"]))
    study = Study(parse_config({"networks": sources}), out=tmp_path / "out", base=tmp_path)
    with pytest.raises(error, match=says):
        study.score()


def test_names_and_data_that_do_not_fit(tmp_path: Path) -> None:
    source = write_npz(tmp_path, "a", make_worlds()["a"])
    with pytest.raises(ConfigError, match="name 'a' stands twice"):
        Study(parse_config({"networks": [source, source]}), out=tmp_path, base=tmp_path).score()
    bad_name = {"networks": [{"load": source, "name": "x/y"}]}
    with pytest.raises(ConfigError, match="can't be part of a file name"):
        Study(parse_config(bad_name), out=tmp_path, base=tmp_path).score()
    with_data = {"networks": [source], "data": {"fit": "x", "eval": "y"}}
    with pytest.raises(ConfigError, match="Leave 'data' out"):
        Study(parse_config(with_data), out=tmp_path, base=tmp_path).score()
    without = {"networks": ["mini:resnet_v1"]}
    with pytest.raises(ConfigError, match="data: missing"):
        Study(parse_config(without), out=tmp_path, base=tmp_path).score()


def test_names_of_classes_reach_the_results(tmp_path: Path) -> None:
    source = write_npz(tmp_path, "a", make_worlds()["a"])
    alone = Study(parse_config({"networks": [source]}), out=tmp_path, base=tmp_path)
    classes = alone.inputs.classes
    (tmp_path / "names.txt").write_text("".join(f"kind {i}\n" for i in range(classes)))
    config = {"networks": [source], "class_names": "names.txt"}
    study = Study(parse_config(config), out=tmp_path / "out", base=tmp_path)
    study.score()
    kept = StudyResults.load(study.results_path)
    assert kept.class_names == tuple(f"kind {i}" for i in range(classes))
    assert kept.class_name(1) == "1 kind 1"
    short = Study(parse_config({**config, "class_names": ["x"]}), out=tmp_path, base=tmp_path)
    with pytest.raises(ConfigError, match="names 1 classes, but the networks have"):
        short.score()


def test_maps_that_are_not_there(npz_study: Study) -> None:
    with pytest.raises(MapError, match="no method 'cca'"):
        npz_study.maps.load("cca", "a", "b")
    with pytest.raises(MapError, match="no source 'z'"):
        npz_study.maps.load("ols", "z", "b")
    with pytest.raises(MapError, match="from a to itself"):
        npz_study.maps.load("ols", "a", "a")
    with pytest.raises(MapError, match="Fit it first"):
        npz_study.maps.load("ols", "a", "b")


def test_a_study_tells_how_far_it_is(npz_study: Study) -> None:
    told: list[ProgressStep] = []
    study = Study(npz_study.config, out=npz_study.out, base=npz_study.base, progress=told.append)
    study.score()
    stages = dict.fromkeys(step.stage for step in told)
    last = {stage: [s for s in told if s.stage == stage][-1] for stage in stages}
    assert next(iter(stages)) == "load networks"
    assert {"moments of the fit set", "fit maps"} <= set(stages)
    assert last["fit maps"].total == 4 * 3 * 2
    assert all(step.done == step.total for step in last.values())


def test_where_results_go(tmp_path: Path) -> None:
    file = tmp_path / "study.yaml"
    file.write_text("networks: [npz:a.npz]\n")
    with pytest.raises(ConfigError, match="Give --out"):
        open_study(file)
    file.write_text("networks: [npz:a.npz]\nout: results\n")
    told: list[ProgressStep] = []
    study = open_study(file, strict=True, progress=told.append)
    assert (study.out, study.base, study.config.strict) == (tmp_path / "results", tmp_path, True)
    study.progress.note("outside of work")
    with study.progress:
        study.progress.note("within")
    assert [step.note for step in told] == ["within"]

    assert not open_study(file).config.strict
    assert open_study(file, out=tmp_path / "else").out == tmp_path / "else"
    (tmp_path / "taken").write_text("")
    with pytest.raises(StoreError, match="Choose another folder"):
        open_study(file, out=tmp_path / "taken" / "below")


def test_a_curve_is_asked_for_where_the_file_says_nothing_of_one(tmp_path: Path) -> None:
    file = tmp_path / "study.yaml"
    file.write_text("networks: [npz:a.npz, npz:b.npz]\nout: results\n")
    assert open_study(file).config.curve is False
    asked = open_study(file, curve=True, strict=True).config
    assert (asked.curve, asked.strict) == (True, True), "neither takes the other back"
    file.write_text(
        "networks: [npz:a.npz, npz:b.npz]\nout: results\ncurve: {sizes: [7], seeds: 5}\n"
    )
    chosen = open_study(file, curve=True).config.chosen_curve
    assert chosen is not None
    assert (chosen.sizes, chosen.seeds) == ((7,), 5)


@pytest.fixture
def picture_config() -> dict[str, Any]:
    return {
        "networks": ["mini:resnet_v1", "mini:mobilenet_v2"],
        "data": {
            "fit": [
                {"source": "fashion-mnist:fit", "limit": 300, "views": 2},
                {"source": "fashion-mnist:eval", "limit": 100, "name": "more"},
            ],
            "eval": {"source": "fashion-mnist:eval", "limit": 200},
        },
        "methods": ["ols", "ridge"],
    }


def test_a_study_on_pictures(tmp_path: Path, picture_config: dict[str, Any]) -> None:
    study = Study(parse_config(picture_config), out=tmp_path / "out", base=tmp_path)
    results = study.score()
    assert results.fit_data.images == 400
    assert results.fit_data.rows == 700
    assert results.eval_data.rows == 200
    own = [net.top1 for net in results.networks]
    assert min(own) > 80
    crossed = results.table("ols")["resnet_v1", "mobilenet_v2"]
    assert crossed.top1 > own[0] - 15
    assert crossed.r2 > 0.3


def test_networks_from_files_join_networks_that_see(
    tmp_path: Path, picture_config: dict[str, Any]
) -> None:
    study = Study(parse_config(picture_config), out=tmp_path / "out", base=tmp_path)
    fit, evaluation = study.extract()
    rows = {kind: side.rows["resnet_v1"] for kind, side in (("fit", fit), ("eval", evaluation))}
    head = study.inputs.networks["resnet_v1"].head
    copied = {f"{kind}_features": np.concatenate(list(r.chunks(1000))) for kind, r in rows.items()}
    np.savez(
        tmp_path / "copy.npz",
        **copied,
        eval_labels=rows["eval"].labels,
        head_weight=head.weight,
        head_bias=head.bias,
        fit_ids=np.array(rows["fit"].ids),
        eval_ids=np.array(rows["eval"].ids),
    )
    mixed = parse_config({**picture_config, "networks": ["mini:mobilenet_v2", "npz:copy.npz"]})
    joined = Study(mixed, out=tmp_path / "mixed", base=tmp_path).score()
    alone = study.score()
    a = joined.table("ols")["copy", "mobilenet_v2"]
    b = alone.table("ols")["resnet_v1", "mobilenet_v2"]
    assert a.correct == b.correct
    assert a.r2 == pytest.approx(b.r2, rel=1e-9)


def test_the_report_counts_what_was_left_out(
    tmp_path: Path, picture_config: dict[str, Any]
) -> None:
    from PIL import Image

    rng = np.random.default_rng(0)
    for kind in ("fit", "eval"):
        for c in range(10):
            folder = tmp_path / kind / str(c)
            folder.mkdir(parents=True)
            for k in range(3):
                pixels = rng.integers(0, 256, (28, 28), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / f"{k}.png")
    (tmp_path / "eval" / "3" / "1.png").write_bytes(b"")
    picture_config["data"] = {"fit": "fit", "eval": {"source": "eval", "class_map": "sorted"}}
    study = Study(parse_config(picture_config), out=tmp_path / "out", base=tmp_path)
    results = study.score()
    assert [left.id for left in results.eval_data.left_out] == ["3/1.png"]
    assert results.eval_data.rows == 29
    assert all(cell.n == 29 for cell in results.cells)
    assert any("1 image of the eval set could not be read and was" in w for w in results.warnings)


def test_labels_outside_the_classes_are_found_before_anything_is_extracted(
    tmp_path: Path, picture_config: dict[str, Any]
) -> None:
    np.savez(
        tmp_path / "eval.npz",
        images=np.zeros((4, 28, 28), np.uint8),
        labels=np.array([0, 3, 10, 2]),
    )
    picture_config["data"]["eval"] = "eval.npz"
    study = Study(parse_config(picture_config), out=tmp_path / "out", base=tmp_path)
    with pytest.raises(LabelError, match="labels from 0 to 10, but resnet_v1 has 10 classes"):
        study.score()
    assert not (tmp_path / "out" / "features").exists()


def test_extract_is_the_same_as_the_studys(tmp_path: Path, picture_config: dict[str, Any]) -> None:
    study = Study(parse_config(picture_config), out=tmp_path / "out", base=tmp_path)
    _, evaluation = study.extract()
    part = study.inputs.eval[0]
    networks = study.inputs.image_networks
    stores = extract(networks, part.images, tmp_path / "own")
    for network, store in zip(networks, stores, strict=True):
        ours = np.concatenate(list(store.chunks(64)))
        theirs = np.concatenate(list(evaluation.rows[network.name].chunks(100)))
        assert np.array_equal(ours, theirs)


ITERATIVE = [
    "ols",
    "cosine",
    {"name": "cosine", "label": "one_pass", "passes": 1},
    {"name": "adam", "iterations": 250, "batch": 128},
]


@pytest.fixture
def iterative_study(tmp_path: Path) -> Study:
    sources = [write_npz(tmp_path, name, world) for name, world in make_worlds().items()]
    config = parse_config({"networks": sources, "methods": ITERATIVE})
    return Study(config, out=tmp_path / "out", base=tmp_path)


def test_methods_that_see_rows_run_in_a_study(iterative_study: Study) -> None:
    pytest.importorskip("torch", reason="adam needs torch")
    results = iterative_study.score()
    for source, target in (("a", "b"), ("c", "a")):
        cosine = results.table("cosine")[source, target]
        assert cosine.top1 >= results.table("ols")[source, target].top1 - 3
        assert results.table("adam")[source, target].top1 > 50
    fits = {(f.method, f.source, f.target): f for f in results.fits}
    assert fits["ols", "a", "b"].steps is None
    assert fits["adam", "a", "b"].steps == 250
    assert "stopped after 1 passes" in fits["one_pass", "a", "b"].note
    names = {(m.name, tuple(m.options)) for m in results.methods}
    assert ("cosine", ()) in names
    assert ("adam", ("iterations", "batch")) in names
    curves = {(c.method, c.source, c.target): c for c in results.curves}
    assert len(curves) == 3 * 6
    curve = LossCurve.load(iterative_study.maps.curve_path("adam", "a", "b"))
    assert (curve.unit, len(curve.loss)) == ("batch", 250)
    assert curves["adam", "a", "b"].at[-1] == 250
    cosine_curve = curves["cosine", "a", "b"]
    assert cosine_curve.unit == "pass"
    assert cosine_curve.loss[-1] == pytest.approx(fits["cosine", "a", "b"].loss, rel=1e-5)
    assert StudyResults.load(iterative_study.results_path) == results
    left = {p.name for p in (iterative_study.out / "maps" / "adam").iterdir()}
    assert "a--b.curve.npz" in left
    assert not [name for name in left if "checkpoint" in name]


def test_a_stopped_iterative_study_goes_on(
    iterative_study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch", reason="adam needs torch")
    from samefeatures.maps import checkpoint

    monkeypatch.setattr(checkpoint, "SECONDS", 0.0)
    whole = iterative_study.score()

    class Stop:
        """Raises at the third window of an Adam fit out of b."""

        visible = False

        def note(self, text: str) -> None:
            pass

        def task(self, description: str, total: int, *, rate=None):  # type: ignore[no-untyped-def]
            calls = 0

            def advance(steps: int) -> None:
                nonlocal calls
                calls += 1
                if description == "adam from b" and calls == 3:
                    raise KeyboardInterrupt

            return advance

    out = tmp_path / "stopped"
    stopped = Study(iterative_study.config, out=out, base=tmp_path, progress=Stop())
    with pytest.raises(KeyboardInterrupt):
        stopped.fit()
    assert (out / "maps" / "adam" / "b.checkpoint.npz").exists()
    assert (out / "maps" / "adam" / "a--c.safetensors").exists()
    again = Study(iterative_study.config, out=out, base=tmp_path)
    assert again.score() == whole
    for label in ("cosine", "adam"):
        for path in (iterative_study.out / "maps" / label).iterdir():
            assert path.read_bytes() == (out / "maps" / label / path.name).read_bytes()


def test_other_options_remove_maps_curves_and_checkpoints(
    iterative_study: Study, tmp_path: Path
) -> None:
    pytest.importorskip("torch", reason="adam needs torch")
    iterative_study.fit()
    folder = iterative_study.out / "maps" / "adam"
    (folder / "a.checkpoint.npz").write_bytes(b"old")
    entries = [*ITERATIVE[:-1], {"name": "adam", "iterations": 50, "batch": 64}]
    raw = {"networks": [n.load for n in iterative_study.config.networks], "methods": entries}
    Study(parse_config(raw), out=iterative_study.out, base=tmp_path).fit()
    assert len(LossCurve.load(folder / "a--b.curve.npz").loss) == 50
    assert not (folder / "a.checkpoint.npz").exists()


def test_every_measure_is_a_column_of_the_results(tmp_path: Path) -> None:
    worlds = make_worlds(m=200)
    sources = [write_npz(tmp_path, name, world) for name, world in worlds.items()]
    names = MEASURES.names
    config = parse_config({"networks": sources, "methods": ["ols", "naive"], "measures": names})
    results = Study(config, out=tmp_path / "out", base=tmp_path).score()
    spaces = {name: world["eval_features"] for name, world in worlds.items()}
    moments = sf.moments(spaces, sample=200)
    for name in names:
        measure = MEASURES.get(name)
        for cell in results.cells:
            value = cell.measure(name)
            assert value is not None
            if cell.source == cell.target:
                assert value == measure.same
            elif measure.judges == "spaces":
                expected = getattr(moments, name)(cell.source, cell.target)
                assert value == pytest.approx(expected, rel=1e-9)
    pages = write_report(results, tmp_path / "report")
    text = next(path for path in pages if path.name == "tables.md").read_text()
    for name in names:
        if name not in MEASURES.defaults:  # whose numbers stand in the lines under the tables
            assert f"## {MEASURES.get(name).label}" in text
