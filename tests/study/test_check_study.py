"""A study before it is run: what is found, and what is odd."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from npz_worlds import make_worlds, write_npz
from onnx_nets import CLASSES, META, gemm_net, save
from samefeatures.base.errors import ConfigError, LabelError, UnreadableImageError
from samefeatures.base.told import ProgressStep
from samefeatures.features.extract import extract
from samefeatures.images.source import ImageSource
from samefeatures.images.sources import open_images
from samefeatures.networks.record import ImageNetwork
from samefeatures.study import check_study as module
from samefeatures.study.check_study import StudyCheck, check_study
from samefeatures.study.checking import check_networks
from samefeatures.study.config import parse_config

TEST = "fashion-mnist:eval"
PAIR: dict[str, Any] = {"networks": ["mini:resnet_v1", "mini:nasnet"], "methods": ["ols"]}


def pictures(root: Path, *, broken: dict[str, bytes] | None = None) -> None:
    """Two images of each class below folders that are called by their numbers."""
    rng = np.random.default_rng(len(root.name))
    for label in range(CLASSES):
        (root / str(label)).mkdir(parents=True)
        for k in range(2):
            pixels = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / str(label) / f"{k}.png")
    for name, content in (broken or {}).items():
        (root / name).write_bytes(content)


def checked(folder: Path, raw: dict[str, Any], **options: Any) -> StudyCheck:
    return check_study(parse_config(raw), base=folder, **{"limit": 20, **options})


def test_networks_known_by_their_features(tmp_path: Path) -> None:
    sources = [write_npz(tmp_path, name, world) for name, world in make_worlds().items()]
    config = parse_config({"networks": sources, "methods": ["ols"]})
    found = check_study(config, base=tmp_path, limit=5)
    assert [check.network.name for check in found.checks] == ["a", "b", "c"]
    assert all(check.score is not None and check.score.n == 300 for check in found.checks)
    assert found.facts["networks"] == "3, of 5 classes each"
    assert found.warnings == ()
    assert [path.suffix for path in tmp_path.iterdir()] == [".npz"] * 3


def test_one_class_alone_is_said(tmp_path: Path) -> None:
    same = {"eval_labels": np.zeros(300, np.int64)}
    worlds = make_worlds()
    sources = [write_npz(tmp_path, name, worlds[name], **same) for name in "ab"]
    config = parse_config({"networks": sources, "methods": ["ols"]})
    (warning,) = check_study(config, base=tmp_path, limit=5).warnings
    assert warning.startswith("All 300 eval images are of class 0")


def test_some_images_of_each_part_are_scored(tmp_path: Path) -> None:
    sets = [{"source": f"fashion-mnist:{kind}", "name": kind, "limit": 40} for kind in ("eval",)]
    again = {"source": "fashion-mnist:eval", "name": "again", "limit": 30}
    raw = {"networks": ["mini:resnet_v1"], "methods": ["ols"]}
    data = {"fit": {"source": "fashion-mnist:fit", "limit": 20, "views": 2}, "eval": [*sets, again]}
    found = check_study(parse_config({**raw, "data": data}), base=tmp_path, limit=20)
    (check,) = found.checks
    assert check.score is not None
    assert check.score.n == 20
    assert found.facts["own accuracy"] == "on 20 of 70 eval images"
    assert found.facts["fit"] == "fashion-mnist-fit, 20 images, 40 rows"
    assert "rows" not in found.facts["eval"]


def test_networks_stand_in_the_order_of_the_study(tmp_path: Path) -> None:
    """A file between two that see images; and labels of the images are counted once."""
    rng = np.random.default_rng(0)
    sides = {f"{side}_features": rng.normal(size=(40, 4)) for side in ("fit", "eval")}
    head = {"head_weight": rng.normal(size=(10, 4)), "head_bias": rng.normal(size=10)}
    labels = np.arange(40) % 10
    file = write_npz(tmp_path, "file", sides | head, eval_labels=labels)
    networks = ["mini:resnet_v1", file, "mini:nasnet"]
    raw: dict[str, Any] = {**PAIR, "networks": networks, "measures": ["r2", "cka"]}
    images = {"source": TEST, "limit": 8}
    raw["data"] = {"fit": {"source": "fashion-mnist:fit", "limit": 5}, "eval": images}
    found = checked(tmp_path, raw, limit=3)
    assert [check.network.name for check in found.checks] == ["resnet_v1", "file", "nasnet"]
    assert [check.score and check.score.n for check in found.checks] == [3, 40, 3]
    assert len(found.warnings) == 1
    assert found.warnings[0].startswith("The eval set has 8 images for 10 classes")
    assert found.facts == {
        "networks": "3, of 10 classes each",
        "methods": "ols",
        "measures": "r2, cka",
        "device": "cpu",
        "fit": "fashion-mnist-fit, 5 images",
        "eval": "fashion-mnist-eval, 8 images",
        "own accuracy": "on 3 of 8 eval images",
    }
    eight = open_images(ImageSource(source=TEST, limit=8), labelled=True)
    network, mine = found.checks[2].network, found.checks[2].score
    assert isinstance(network, ImageNetwork)
    (rows,) = extract([network], eight, tmp_path / "store")
    at = [0, 2, 5]  # three of eight, evenly
    assert rows.labels is not None
    assert mine is not None
    said = network.head.logits(rows.span(0, 8)[at]).argmax(axis=1)
    np.testing.assert_array_equal(mine.predictions, said)
    assert mine.correct == int((said == rows.labels[at]).sum())


@pytest.mark.parametrize(("limit", "scored"), [(1, 2), (5, 4), (99, 9)])
def test_each_part_gives_as_many_and_at_least_one(tmp_path: Path, limit: int, scored: int) -> None:
    parts = [{"source": TEST, "name": name, "limit": n} for name, n in (("x", 5), ("y", 4))]
    fit = {"source": "fashion-mnist:fit", "limit": 3, "views": 1}
    raw = {**PAIR, "networks": ["mini:resnet_v1"], "data": {"fit": fit, "eval": parts}}
    found = checked(tmp_path, raw, limit=limit)
    assert [check.score and check.score.n for check in found.checks] == [scored]
    assert found.facts["own accuracy"] == f"on {scored} of 9 eval images"
    assert found.facts["eval"] == "x, 5 images; y, 4 images"
    assert found.facts["fit"] == "fashion-mnist-fit, 3 images"


@pytest.fixture
def damaged(tmp_path: Path) -> dict[str, Any]:
    """Two parts a side, of each side the second with images that can't be read."""
    save(gemm_net(), tmp_path / "net")
    pictures(tmp_path / "fit")
    pictures(tmp_path / "fit more", broken={"0/1.png": b"", "4/0.png": b"no picture"})
    pictures(tmp_path / "val")
    (tmp_path / "val" / "notes.txt").touch()
    (tmp_path / "val more").mkdir()
    for label in range(CLASSES):
        (tmp_path / "val more" / str(label)).mkdir()
    (tmp_path / "val more/3/0.png").touch()
    evaluation = [
        {"source": name, "class_map": "sorted", "name": name.replace(" ", "-")}
        for name in ("val", "val more")
    ]
    return {
        "networks": ["onnx:net/model.onnx", {"load": "onnx:net/model.onnx", "name": "twin"}],
        "methods": ["ols"],
        "batch_size": 3,
        "strict": True,
        "data": {"fit": ["fit", {"source": "fit more", "name": "more"}], "eval": evaluation},
    }


def test_what_can_not_be_read_is_said_and_the_rest_is_scored(
    tmp_path: Path, damaged: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a strict study, too: all of it is to be seen at once."""
    seen: list[tuple[list[str], int]] = []

    def noted(networks: Any, *given: Any, options: Any, **more: Any) -> Any:
        seen.append(([net.name for net in networks], options.batch_size))
        return extract(networks, *given, options=options, **more)

    monkeypatch.setattr(module, "extract", noted)
    told: list[ProgressStep] = []
    before = {path.name for path in tmp_path.iterdir()}
    found = checked(tmp_path, damaged, limit=40, progress=told.append)
    # All networks see eval images, and one of them is enough for fit images, part by part.
    assert seen == [(["net", "twin"], 3)] * 2 + [(["net"], 3)] * 2
    check, twin = found.checks
    assert twin.left_out == check.left_out
    assert check.score is not None
    assert check.score.n == 2 * CLASSES
    assert list(check.left_out) == ["val-more/3/0.png"]
    (said,) = [text for text in found.warnings if text.startswith("Tried")]
    assert said.startswith(
        "Tried 16 of the fit images: 2 images that can't be read, among them more/0/1.png: "
    )
    assert found.facts["fit"] == (
        f"fit, {2 * CLASSES} images (took {2 * CLASSES} images); "
        f"more, {2 * CLASSES} images (took {2 * CLASSES} images)"
    )
    assert found.facts["eval"].startswith(
        f"val, {2 * CLASSES} images (took {2 * CLASSES} images; passed over 1 .txt); val-more, "
    )
    last = {step.stage: (step.done, step.total) for step in told}
    assert last["load networks"] == (2, 2)
    assert last["features: net"] == (8, 8)
    assert {step.total for step in told if "features" in step.stage} == {2 * CLASSES, 1, 8}
    assert {path.name for path in tmp_path.iterdir()} == before, "nothing is written"


def test_where_nothing_can_be_read_it_is_refused(tmp_path: Path, damaged: dict[str, Any]) -> None:
    pair = damaged["data"]["eval"]
    pictures(tmp_path / "worse", broken=dict.fromkeys(("0/0.png", "0/1.png"), b""))
    for path in (tmp_path / "worse").glob("[1-9]/*.png"):
        path.unlink()
    pair[0]["source"] = "worse"
    with pytest.raises(UnreadableImageError, match=r"^val, val-more holds 3 images that can't be"):
        checked(tmp_path, damaged)


def test_nothing_is_said_of_fit_images_that_can_be_read(tmp_path: Path) -> None:
    data = {"fit": {"source": "fashion-mnist:fit", "limit": 20}, "eval": {"source": TEST}}
    assert checked(tmp_path, {**PAIR, "data": data}).warnings == ()


def test_labels_of_any_file_tell_of_classes(tmp_path: Path) -> None:
    """The fault: where the first file had no labels, nothing was said of those of the second."""
    worlds = make_worlds()
    bare = {k: v for k, v in worlds["a"].items() if k != "eval_labels"}
    same = np.full(300, 3)
    sources = [
        write_npz(tmp_path, "a", bare),
        *(write_npz(tmp_path, name, worlds[name], eval_labels=same) for name in "bc"),
    ]
    (warning,) = checked(tmp_path, {"networks": sources, "methods": ["ols"]}).warnings
    assert warning.startswith("All 300 eval images are of class 3")
    assert checked(tmp_path, {"networks": sources[:1], "methods": ["ols"]}).warnings == ()


def test_controls_ask_for_labels_of_the_fit_images(tmp_path: Path) -> None:
    side = {"source": TEST, "limit": 9}
    parts = [{**side, "name": "x", "views": 2}, {**side, "name": "y"}]
    raw = {**PAIR, "data": {"fit": parts, "eval": side}, "tasks": ["brightness", "hue"]}
    found = checked(tmp_path, {**raw, "controls": True}, limit=2)
    assert found.facts["fit labels"] == "known; controls alone use them"
    assert found.facts["tasks"] == "brightness, hue"
    assert found.facts["fit"] == "x, 9 images, 18 rows; y, 9 images"
    assert "labels" not in found.facts
    alone = {**raw, "networks": PAIR["networks"][:1], "tasks": []}
    assert not {"fit labels", "tasks"} & set(checked(tmp_path, alone, limit=2).facts)


def test_labels_of_fit_images_that_are_of_no_class(tmp_path: Path) -> None:
    """They start at the base, as all images do."""
    pixels = np.zeros((3, 28, 28), np.uint8)
    np.savez(tmp_path / "own.npz", images=pixels, labels=np.array([0, 10, 2]))
    data = {"fit": "own.npz", "eval": {"source": TEST, "limit": 2}}
    found = checked(tmp_path, {**PAIR, "data": data, "controls": True})
    assert found.facts["fit labels"].startswith(
        "none: the fit images have no labels that could be used: 'own' has labels from 0 to 10, "
        "but resnet_v1 has 10 classes"
    )


def test_files_have_no_facts_of_images(tmp_path: Path) -> None:
    files = [write_npz(tmp_path, name, make_worlds()[name]) for name in "ab"]
    found = checked(tmp_path, {"networks": files, "methods": ["ols"], "controls": True})
    assert set(found.facts) == {"networks", "methods", "measures", "device"}


def test_what_was_done_to_labels_is_a_fact(tmp_path: Path) -> None:
    classes = [f"kind {k}" for k in range(CLASSES)]
    save(gemm_net(), tmp_path / "net", meta={**META, "class_names": classes[::-1]})
    pictures(tmp_path / "val")
    for k, name in enumerate(classes):
        (tmp_path / "val" / str(k)).rename(tmp_path / "val" / name)
    data = {"fit": "val", "eval": {"source": "val", "class_map": "sorted"}}
    raw = {"networks": ["onnx:net/model.onnx"], "methods": ["ols", "naive"], "data": data}
    found = checked(tmp_path, raw)
    assert found.facts["labels"].startswith("Labels of 'val' follow the names of the classes: ")
    assert found.facts["methods"] == "ols, naive"


def test_labels_that_are_shifted_are_said_of_the_network(tmp_path: Path) -> None:
    """As ``check`` of networks alone says it of the same images."""
    images = open_images(ImageSource(source=TEST, limit=240), labelled=True)
    assert images.labels is not None
    keep = [i for i, label in enumerate(images.labels) if label < 9]
    pixels = np.stack([np.asarray(images.read(i)) for i in keep])
    np.savez(tmp_path / "own.npz", images=pixels, labels=images.labels[keep] + 1)
    data = {"fit": {"source": "fashion-mnist:fit", "limit": 3}, "eval": "own.npz"}
    one = PAIR["networks"][:1]
    found = checked(tmp_path, {**PAIR, "networks": one, "data": data}, limit=500)
    alone = check_networks(one, data=str(tmp_path / "own.npz"))
    for check, same in zip(found.checks, alone, strict=True):
        name = check.network.name
        for warning in (check.warning, same.warning):
            assert warning is not None
            assert warning.startswith(f"Labels look permuted for {name}: as labelled it is right")
            assert "the labels may count from 1" in warning
        assert same.listed is None
        assert same.rows()["warning"] == check.rows()["warning"]


def test_images_of_a_task_are_looked_at(tmp_path: Path) -> None:
    pictures(tmp_path / "own")
    side = {"source": TEST, "limit": 9}
    task = {
        "name": "own",
        **{key: {"source": "own", "class_map": "sorted"} for key in ("fit", "eval")},
    }
    raw = {**PAIR, "data": {"fit": side, "eval": side}, "tasks": [task]}
    assert checked(tmp_path, raw).facts["tasks"] == "own"
    (tmp_path / "own/2/0.png").unlink()
    with pytest.raises(LabelError, match="tasks: own: 1 of 5 classes have fewer than 2 fit images"):
        checked(tmp_path, raw)


def test_the_place_of_the_algebra_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(module, "open_algebra", asked.append)
    source = write_npz(tmp_path, "a", make_worlds()["a"])
    raw = {"networks": [source], "methods": ["ols"], "algebra": {"device": "cuda:1"}}
    checked(tmp_path, raw)
    assert asked == ["cuda:1"]
    with pytest.raises(ConfigError, match="progress is"):
        checked(tmp_path, raw, progress="bars")
