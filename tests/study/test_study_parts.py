"""What the stages of a study stand on: made once, of what the study says, and let go."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import samefeatures as sf
from npz_worlds import make_worlds, write_npz
from samefeatures.algebra import HOST, Algebra
from samefeatures.algebra.device import TorchDevice
from samefeatures.algebra.host import Host
from samefeatures.base.errors import (
    ConfigError,
    FeatureError,
    LabelError,
    MapError,
    UnreadableImageError,
)
from samefeatures.base.partial import file_beside
from samefeatures.base.progress import Silent
from samefeatures.base.told import ProgressStep
from samefeatures.features.folds import parts_of
from samefeatures.features.rows import ArrayRows, FeatureRows, check_same_images
from samefeatures.features.sample import SAMPLE
from samefeatures.images.imageset import ImageSet
from samefeatures.images.taking import Listed
from samefeatures.images.views import Views
from samefeatures.joint.record import Moments
from samefeatures.networks.record import ImageNetwork
from samefeatures.study import parts as made_of
from samefeatures.study import runner as running
from samefeatures.study import sides
from samefeatures.study.config import parse_config
from samefeatures.study.inputs import Part, StudyInputs
from samefeatures.study.map_files import map_keys
from samefeatures.study.results import LeftOut
from samefeatures.study.runner import LocalRunner, extract_options
from samefeatures.study.sides import (
    Side,
    data_summary,
    eval_side,
    fingerprint_of,
    fit_side,
    rows_of_others,
    rows_on,
)
from samefeatures.study.study import Study

PAIR = ("resnet_v1", "mobilenet_v2")


def npz_of(folder: Path, out: str = "out", **keys: Any) -> Study:
    """Three networks known by their features, without ids."""
    folder.mkdir(exist_ok=True)
    sources = [write_npz(folder, name, world) for name, world in make_worlds().items()]
    config = parse_config({"networks": sources, "methods": ["ols"], **keys})
    return Study(config, out=folder / out, base=folder)


def pictures_config(**keys: Any) -> Any:
    return parse_config(
        {
            "networks": [f"mini:{name}" for name in PAIR],
            "data": {
                "fit": {"source": "fashion-mnist:fit", "limit": 30, "views": 2},
                "eval": {"source": "fashion-mnist:eval", "limit": 20},
            },
            "methods": ["ols"],
            **keys,
        }
    )


@pytest.fixture(scope="module")
def told() -> list[ProgressStep]:
    return []


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory, told: list[ProgressStep]) -> Study:
    """Two miniatures on few of the packaged images, extracted."""
    folder = tmp_path_factory.mktemp("pictures")
    study = Study(pictures_config(), out=folder / "out", base=folder, progress=told.append)
    study.extract()
    return study


def test_extraction_is_told_image_by_image_and_timed(
    pictures: Study, told: list[ProgressStep]
) -> None:
    last = {step.stage: step for step in told}
    sets = {"fit: fashion-mnist-fit": 60, "eval: fashion-mnist-eval": 20}
    for name in PAIR:
        for stage, rows in sets.items():
            step = last[f"{stage}: {name}"]
            assert (step.done, step.total) == (rows, rows)
            assert "images/s" in step.rate
    kept = json.loads((pictures.out / "extraction.json").read_text())["networks"]
    assert {name: rate["rows"] for name, rate in kept.items()} == dict.fromkeys(PAIR, 80)


def test_features_are_extracted_as_the_study_says() -> None:
    config = pictures_config(batch_size=8, workers=3, strict=True, resident="one", device="cuda")
    options = extract_options(config)
    assert (options.batch_size, options.workers) == (8, 3)
    assert (options.strict, options.resident) == (True, "one")


def test_features_lie_where_the_study_says(tmp_path: Path) -> None:
    plain = Study(pictures_config(), out=tmp_path / "out", base=tmp_path / "base")
    assert plain.feature_root == tmp_path / "out" / "features"
    told = Study(pictures_config(store="kept"), out=tmp_path / "out", base=tmp_path / "base")
    assert told.feature_root == tmp_path / "base" / "kept"


def test_a_runner_hands_on_what_the_study_says(
    pictures: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {}
    opened: list[str] = []

    def taken(*args: Any, **keys: Any) -> list[Any]:
        given.update(keys, args=args)
        return []

    def pretend(device: str) -> Algebra:
        opened.append(device)
        return HOST

    monkeypatch.setattr(running, "extract", taken)
    monkeypatch.setattr(running, "accumulate", taken)
    monkeypatch.setattr(running, "open_algebra", pretend)
    config = pictures_config(
        batch_size=8, workers=3, strict=True, store="kept", device="cuda:1",
        algebra={"precision": "float32"},
    )  # fmt: skip
    progress = Silent()
    runner = LocalRunner(config, folder=tmp_path / "out", base=tmp_path, progress=progress)
    assert runner.meter.on_halved == progress.note
    (part,) = pictures.inputs.fit
    networks = pictures.inputs.image_networks
    assert runner.extract(networks, part, kind="fit") == []
    assert given["args"] == (networks, part.images, tmp_path / "kept")
    assert (given["views"], given["meter"]) == (part.views, runner.meter)
    assert given["options"] == extract_options(config)
    rows = list(pictures.fit_features.rows.values())
    runner.moments(rows, kind="fit")
    assert given["args"] == (rows, tmp_path / "out" / "moments")
    assert (given["kind"], given["progress"], given["precision"]) == ("fit", progress, "float32")
    assert (given["algebra"], opened) == (HOST, ["cuda:1"])


def test_rows_of_the_eval_set_are_measured_as_the_study_says(tmp_path: Path) -> None:
    """All that is asked for: of maps, of moments, of norms, and of some of the rows."""
    names = ["r2", "cka", "debiased_cka", "mutual_knn"]
    study = npz_of(tmp_path, measures=names, sample=40, controls={"class_noise": 4})
    assert list(study.measuring.keys) == names
    rows = {name: world["eval_features"] for name, world in make_worlds().items()}
    moments, found = sf.moments(rows, sample=40), study.measuring.between("a", "b")
    assert found == {
        name: pytest.approx(getattr(moments, name)("a", "b"), rel=1e-9) for name in names[1:]
    }
    inputs = study.control_inputs
    assert (inputs.measures, inputs.sample) == (tuple(names[1:]), 40)
    assert inputs.chosen == study.config.chosen_controls
    assert inputs.chosen.class_noise == 4
    assert "files without labels" in str(inputs.fit_labels())
    assert npz_of(tmp_path).control_inputs.sample == SAMPLE
    assert study.task_images == {}


def test_parts_are_computed_where_the_study_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["cka", "cca", "procrustes", "mutual_knn"]
    expected = npz_of(tmp_path / "host", measures=names).measuring.between("a", "b")
    alone = ("singular_values_alone", "_inverse_by_halves")
    for name in ("sums", "product", "inverse", "eigenvalues", "singular_values", *alone):
        monkeypatch.setattr(Host, name, lambda *_: pytest.fail("the host computed"))
    for module in (made_of, running):
        monkeypatch.setattr(module, "open_algebra", lambda _: TorchDevice("cpu"))
    study = npz_of(tmp_path / "device", measures=names, algebra={"device": "cuda:0"})
    assert sum(fold.n for fold in study.fit_folds(2)) == study.fit_moments().n == 400
    assert study.measuring.between("a", "b") == pytest.approx(expected, rel=1e-9)
    keys = {"controls": {"class_noise": 0}, "algebra": {"device": "cuda:0"}}
    assert npz_of(tmp_path / "controls", **keys).made_spaces.total.n == 400


def test_labels_of_fit_images_are_found_where_controls_count_them(
    pictures: Study, tmp_path: Path
) -> None:
    np.savez(tmp_path / "fit.npz", images=np.zeros((3, 28, 28), np.uint8), labels=[3, 1, 4])
    data = {"fit": "fit.npz", "eval": {"source": "fashion-mnist:eval", "limit": 20}}
    study = Study(pictures_config(data=data), out=tmp_path / "out", base=tmp_path)
    assert list(study.control_inputs.fit_labels()) == [3, 1, 4]
    assert "no labels" in str(pictures.control_inputs.fit_labels())


def test_a_set_of_which_nothing_can_be_read(pictures: Study) -> None:
    few = Part(images("few", 2), None, "few")
    gone = {f"few-{i}": "it is empty" for i in range(2)}
    with pytest.raises(UnreadableImageError, match=r"^few holds .*it is empty"):
        fit_side(inputs_of(pictures, few), Given({(name, "few"): gone for name in PAIR}))
    gone.popitem()
    some = fit_side(inputs_of(pictures, few), Given({(name, "few"): gone for name in PAIR}))
    assert (some.summary.rows, len(some.summary.left_out)) == (1, 1)


def test_sizes_above_the_rows_are_refused_before_any_is_extracted(tmp_path: Path) -> None:
    for size, refused in ((60, False), (61, True)):
        config = pictures_config(curve={"sizes": [10, size], "seeds": 1})
        study = Study(config, out=tmp_path / str(size), base=tmp_path)
        if not refused:
            assert [entry.label for entry in study.followed] == ["ols"]
            continue
        with pytest.raises(ConfigError, match="sizes names 61 rows, and the fit set has 60"):
            study.fit()
        assert not (study.out / "features").exists()
    assert npz_of(tmp_path / "plain").followed == []


def test_ids_and_labels_are_of_whichever_network_has_them() -> None:
    values = np.zeros((2, 1), np.float32)
    plain = ArrayRows(name="a", values=values, fingerprint="a")
    called = replace(plain, name="b", ids=["x", "y"])
    labelled = replace(plain, name="c", labels=np.array([4, 2]))
    summary = data_summary((), (), plain)
    side = Side({"a": plain, "b": called, "c": labelled}, summary)
    assert (side.ids, side.prints) == (["x", "y"], None)
    assert side.labels is not None
    assert side.labels.tolist() == [4, 2]
    assert repr(side) == "Side(networks=['a', 'b', 'c'], rows=2)"
    bare = Side({"a": plain}, summary)
    assert (bare.ids, bare.labels) == (None, None)


def test_keys_of_maps_are_of_rows_and_networks(pictures: Study) -> None:
    rows, networks = pictures.fit_features.rows, pictures.inputs.networks
    assert pictures.map_keys == map_keys(pictures.possible, rows, networks)
    assert {name: part.fingerprint for name, part in rows.items()} != {
        name: network.fingerprint for name, network in networks.items()
    }


def test_labels_that_are_not_there_are_asked_for(tmp_path: Path) -> None:
    world = make_worlds()["a"]
    world.pop("eval_labels")
    write_npz(tmp_path, "a", world)
    config = parse_config({"networks": ["npz:a.npz"], "methods": ["ols"]})
    with pytest.raises(LabelError, match=r"^The eval set has no labels\. Give a labels CSV"):
        _ = Study(config, out=tmp_path / "out", base=tmp_path).eval_labels
    labelled = npz_of(tmp_path / "labelled")
    np.testing.assert_array_equal(labelled.eval_labels, make_worlds()["a"]["eval_labels"])


def test_folds_are_of_images_where_they_are_known_and_else_of_places(
    pictures: Study, tmp_path: Path
) -> None:
    ids = pictures.fit_features.ids
    assert ids is not None
    assert len(set(parts_of(ids, 3, seed=0)[:2])) == 1, "two views of one image"
    study = npz_of(tmp_path)
    source = write_npz(tmp_path, "alone", make_worlds()["a"])
    alone = Study(parse_config({"networks": [source]}), out=tmp_path / "alone", base=tmp_path)
    assert [fold.n for fold in alone.fit_folds(2)] == [200, 200]
    for of, fold_of in ((pictures, parts_of(ids, 3, seed=0)), (study, parts_of(400, 3, seed=0))):
        folds = of.fit_folds(3)
        values = {name: rows.span(0, len(rows)) for name, rows in of.fit_features.rows.items()}
        for k, moments in enumerate(folds):
            mine = {name: x[fold_of == k].astype(float) for name, x in values.items()}
            assert moments.n == (fold_of == k).sum()
            np.testing.assert_allclose(
                moments.mean, np.concatenate([x.mean(axis=0) for x in mine.values()]), rtol=1e-9
            )


def test_moments_are_of_the_precision_that_is_asked_for(tmp_path: Path) -> None:
    methods = [{"name": "ridge", "alpha": "auto", "folds": 2}]
    study = npz_of(tmp_path, algebra={"precision": "float32"}, methods=methods, controls=True)
    assert {fold.precision for fold in study.fit_folds(2)} == {"float32"}
    assert study.fit_moments().precision == study.eval_moments.precision == "float32"
    assert study.control_inputs.precision == "float32"
    assert study.made_spaces.summed.networks.precision == "float32"
    again = npz_of(tmp_path, algebra={"precision": "float32"}, methods=methods, controls=True)
    assert again.fit_moments().precision == again.eval_moments.precision == "float32"
    assert "made_spaces" not in vars(again), "moments that are kept need no control spaces"


def test_a_map_is_fitted_when_it_is_asked_for(tmp_path: Path) -> None:
    study = npz_of(tmp_path)
    for wrong, says in ((("cca", "a", "b"), "no method 'cca'"), (("ols", "z", "b"), "source 'z'")):
        with pytest.raises(MapError, match=says):
            study.map(*wrong)
    assert not (study.out / "maps").exists()
    fitted = study.map("ols", "a", "b")
    assert (fitted.source, fitted.target) == ("a", "b")


def test_the_folder_of_a_study_is_made_and_cleared(tmp_path: Path) -> None:
    """Of a file that nobody builds any more: a run that was stopped left it."""
    out = tmp_path / "far" / "below"
    study = Study(npz_of(tmp_path).config, out=out, base=tmp_path)
    assert study.out.is_dir()
    with file_beside(out / "maps.json") as file:
        left = Path(file.name)
        kept = left.read_bytes()
    left.write_bytes(kept)
    assert left.parent == out
    Study(study.config, out=out, base=tmp_path)
    assert not left.exists()


def test_control_spaces_go_when_nothing_asks_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[bool] = []
    study = npz_of(tmp_path, controls={"class_noise": 0})
    monkeypatch.setattr(made_of, "give_back", lambda: given.append("made_spaces" in vars(study)))
    assert study.made_spaces is study.made_spaces
    study.score()
    assert given == [False]
    study.let_spaces_go()
    assert given == [False, False], "nothing to forget is no error"


class Elsewhere(LocalRunner):
    """As a cluster is: another runner than the study's own."""

    asked: list[str]

    def moments(self, parts: Sequence[FeatureRows], *, kind: str) -> Moments:
        self.asked.append(kind)
        return super().moments(parts, kind=kind)


def test_another_runner_sums_the_moments_of_networks(tmp_path: Path) -> None:
    """With control spaces too, which this process alone can make."""
    of = npz_of(tmp_path, controls=True)
    runner = Elsewhere(of.config, folder=of.out, base=of.base, progress=of.progress)
    runner.asked = []
    study = Study(of.config, out=of.out, base=of.base, runner=runner)
    fit, evaluation = study.fit_moments(), study.eval_moments
    assert runner.asked == ["fit", "eval"]
    assert "made_spaces" not in vars(study)
    assert (fit.n, evaluation.n) == (400, 300)


def test_moments_are_summed_with_those_of_controls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one pass: the study's own runner is not asked for them."""
    monkeypatch.setattr(LocalRunner, "moments", lambda *_, **__: pytest.fail("a second pass"))
    study = npz_of(tmp_path, controls=True)
    worlds = make_worlds()
    for moments, kind in ((study.fit_moments(), "fit"), (study.eval_moments, "eval")):
        rows = [world[f"{kind}_features"] for world in worlds.values()]
        assert moments.n == len(rows[0])
        np.testing.assert_allclose(
            moments.mean, np.concatenate([x.astype(float).mean(axis=0) for x in rows]), rtol=1e-9
        )


@pytest.mark.parametrize(
    ("controls", "taken"),
    [
        (False, False),
        (True, True),
        ({"answers": "soft", "given": ["soft answers"]}, False),
        ({"answers": "soft", "given": ["soft answers", "answers"]}, True),
    ],
)
def test_a_curve_is_beyond_answers_where_controls_give_them(
    tmp_path: Path, controls: Any, taken: bool
) -> None:
    study = npz_of(tmp_path, controls=controls, curve={"sizes": [50, 400], "seeds": 2})
    inputs = study.by_rows_inputs
    assert inputs.beyond is taken
    assert (tuple(inputs.sizes), inputs.seeds) == ((50, 400), 2)
    assert inputs.keys == study.map_keys
    assert (inputs.folder, inputs.precision) == (study.out, "float64")


class Stores(ArrayRows):
    """Rows of one network on one set, some of whose images are left out."""

    left_out: dict[str, str]


def stored(name: str, ids: Sequence[str], left_out: dict[str, str]) -> Any:
    kept = [each for each in ids if each not in left_out]
    rows = np.arange(len(kept), dtype=np.float32)[:, None] + len(name)
    found = Stores(name=name, values=rows, fingerprint=name, ids=kept)
    object.__setattr__(found, "left_out", left_out)
    return found


class Given:
    """Gives rows made by hand, and keeps what it was asked for."""

    def __init__(self, left_out: dict[tuple[str, str], dict[str, str]] | None = None) -> None:
        self.left_out = left_out or {}
        self.asked: list[tuple[str, str, tuple[str, ...]]] = []

    def extract(self, networks: Sequence[ImageNetwork], part: Part, *, kind: str) -> list[Any]:
        names = tuple(net.name for net in networks)
        self.asked.append((kind, part.images.name, names))
        lacks = self.left_out
        return [stored(n, part.images.ids, lacks.get((n, part.images.name), {})) for n in names]


def images(name: str, count: int, **changes: Any) -> ImageSet:
    made = ImageSet.of(
        name,
        name=name,
        ids=[f"{name}-{i}" for i in range(count)],
        labels=None,
        read=lambda _: b"",
        listed=changes.pop("listed", None),
    )
    return replace(made, **changes)


def inputs_of(study: Study, *parts: Part, file: Any = None) -> StudyInputs:
    """The two networks of the study, and one known by a file where it is given."""
    networks = dict(study.inputs.networks)
    if file is not None:
        networks = {"resnet_v1": networks["resnet_v1"], "file": file, **networks}
    return StudyInputs(networks, parts, parts[::-1])


def test_sides_are_the_parts_of_their_sets_in_the_order_of_the_study(pictures: Study) -> None:
    few, more = Part(images("few", 3), None, "few"), Part(images("more", 4), None, "more")
    inputs, given = inputs_of(pictures, few, more), Given()
    fit, evaluation = fit_side(inputs, given), eval_side(inputs, given)
    assert given.asked == [
        ("fit", "few", PAIR), ("fit", "more", PAIR), ("eval", "more", PAIR), ("eval", "few", PAIR),
    ]  # fmt: skip
    assert list(fit.rows) == list(evaluation.rows) == list(PAIR)
    assert fit.summary.name == "few, more"
    assert evaluation.summary.name == "more, few"
    assert fit.ids is not None
    assert list(fit.ids) == [f"few/few-{i}" for i in range(3)] + [
        f"more/more-{i}" for i in range(4)
    ]
    assert fit.labels is None
    (alone,) = fit_side(inputs_of(pictures, few), given).rows["resnet_v1"].chunks(9)
    assert len(alone) == 3


def test_stores_that_leave_out_the_same_are_of_the_same_images(
    pictures: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that ids are looked at only where somebody's rows may be others."""
    looked: list[list[str]] = []

    def counted(parts: Sequence[FeatureRows]) -> None:
        looked.append([part.name for part in parts])
        check_same_images(parts)

    monkeypatch.setattr(sides, "check_same_images", counted)
    few, more = Part(images("few", 3), None, "few"), Part(images("more", 4), None, "more")
    gone = {"more-1": "it is empty"}
    for lacks in ({}, {(name, "more"): gone for name in PAIR}):
        fit_side(inputs_of(pictures, few, more), Given(lacks))
    assert looked == []
    with pytest.raises(FeatureError, match="features of 6 images"):
        fit_side(inputs_of(pictures, few, more), Given({(PAIR[1], "more"): gone}))
    assert looked == [list(PAIR)]


def test_a_file_beside_networks_that_see_is_of_the_same_images(
    pictures: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[list[str]] = []

    def counted(parts: Sequence[FeatureRows]) -> None:
        looked.append([part.name for part in parts])
        check_same_images(parts)

    monkeypatch.setattr(sides, "check_same_images", counted)
    few = Part(images("few", 3), None)
    world = make_worlds(n=3, m=3)["a"]
    ids = {"fit_ids": np.array(few.images.ids), "eval_ids": np.array(few.images.ids)}
    write_npz(tmp_path, "file", {**world, **ids})
    (file,) = npz_networks(tmp_path)
    side = fit_side(inputs_of(pictures, few, file=file), Given())
    assert list(side.rows) == ["resnet_v1", "file", "mobilenet_v2"]
    assert looked == [["resnet_v1", "file"]]
    assert side.labels is None
    np.testing.assert_array_equal(side.rows["file"].span(0, 3), world["fit_features"])
    judged = eval_side(inputs_of(pictures, few, file=file), Given())
    np.testing.assert_array_equal(judged.rows["file"].span(0, 3), world["eval_features"])
    np.testing.assert_array_equal(judged.labels, world["eval_labels"])
    assert judged.rows["file"].fingerprint == file.fingerprint
    for kind, of in (("fit", fit_side), ("eval", eval_side)):
        other = replace(file, **{f"{kind}_ids": [f"other-{i}" for i in range(3)]})
        with pytest.raises(FeatureError, match=r"other-0"):
            of(inputs_of(pictures, few, file=other), Given())


def npz_networks(folder: Path) -> list[Any]:
    config = parse_config({"networks": ["npz:file.npz"], "methods": ["ols"]})
    return list(Study(config, out=folder / "out", base=folder).inputs.networks.values())


def test_rows_of_others_are_extracted_beside_those_of_the_study(pictures: Study) -> None:
    few, more = Part(images("few", 3), None, "few"), Part(images("more", 4), None, "more")
    inputs, given = inputs_of(pictures, few, more), Given()
    assert rows_of_others(inputs, given, []) == ({}, {})
    assert given.asked == [], "nothing is decoded for nobody"
    twin = replace(inputs.image_networks[0], name="twin")
    fit, evaluation = rows_of_others(inputs, given, [twin])
    assert (list(fit), list(evaluation)) == (["twin"], ["twin"])
    assert {names for *_, names in given.asked} == {(*PAIR, "twin")}
    assert [(kind, name) for kind, name, _ in given.asked] == [
        ("fit", "few"), ("fit", "more"), ("eval", "more"), ("eval", "few"),
    ]  # fmt: skip
    assert [rows["twin"].ids[0] for rows in (fit, evaluation)] == ["few/few-0", "more/more-0"]  # type: ignore[index]
    asked = rows_on([more, few], inputs.image_networks[1:], given, kind="task")
    assert list(asked) == [PAIR[1]]
    assert given.asked[-2:] == [("task", "more", PAIR[1:]), ("task", "few", PAIR[1:])]
    assert len(asked[PAIR[1]]) == 7


def test_a_runner_that_forgets_a_network_is_found_out(pictures: Study) -> None:
    class Forgets(Given):
        def extract(self, networks: Sequence[ImageNetwork], part: Part, *, kind: str) -> list[Any]:
            return super().extract(networks, part, kind=kind)[:1]

    few = Part(images("few", 3), None)
    with pytest.raises(ValueError, match="zip"):
        fit_side(inputs_of(pictures, few), Forgets())


def test_a_side_is_summed_up_over_its_parts() -> None:
    few = images("few", 3, upright=False, listed=Listed(3, {".txt": 2}))
    more = images("more", 4, listed=Listed(4, {".txt": 1, "hidden": 5}))
    views = Views(count=2)
    parts = [Part(few, views, "few"), Part(more, None, "more")]
    rows = ArrayRows(name="a", values=np.zeros((9, 1), np.float32), fingerprint="rows")
    found = data_summary(parts, [{"few-0": "it is empty"}, {}], rows)
    assert (found.name, found.images, found.rows) == ("few, more", 7, 9)
    assert found.fingerprint == fingerprint_of(parts)
    assert found.views == {"few": views.as_dict()}
    assert found.left_out == (LeftOut(id="few/few-0", reason="it is empty"),)
    assert found.upright is None
    assert (found.taken, found.passed_over) == (7, {".txt": 3, "hidden": 5})
    (alone,) = (data_summary(parts[:1], [{"few-0": "it is empty"}], rows),)
    assert alone.upright is False
    bare = data_summary([Part(images("bare", 3), None)], [{"bare-1": "why"}], rows)
    assert (bare.views, bare.upright, bare.taken, bare.passed_over) == (None, True, None, {})
    assert bare.left_out == (LeftOut(id="bare-1", reason="why"),)
    with pytest.raises(ValueError, match="zip"):
        data_summary(parts, [{}], rows)


def test_features_from_files_are_a_side_of_their_own() -> None:
    rows = ArrayRows(name="a", values=np.zeros((9, 1), np.float32), fingerprint="rows")
    found = data_summary((), (), rows)
    assert (found.name, found.images, found.rows) == ("features from npz files", 9, 9)
    assert (found.fingerprint, found.left_out, found.taken) == ("rows", (), None)


def test_images_are_told_apart_by_what_they_are_and_are_called() -> None:
    """Order counts, and a corrected label."""
    few, more = Part(images("few", 3), None), Part(images("more", 4), None)
    labelled = Part(replace(few.images, labelled_fingerprint="other labels"), None)
    found = {fingerprint_of(parts) for parts in ([few, more], [more, few], [few], [labelled], [])}
    assert len(found) == 5
    assert fingerprint_of([few]) == fingerprint_of([Part(images("few", 3), Views(count=2))])
