"""The facts of a network, for ``samefeatures check``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from PIL import Image

from npz_worlds import make_worlds, write_npz
from onnx_nets import CLASSES, META, D, gemm_net, save
from samefeatures.base.errors import ConfigError, LabelError, UnreadableImageError
from samefeatures.base.progress import Advance
from samefeatures.networks.load import load
from samefeatures.networks.record import ImageNetwork
from samefeatures.study.checking import Check, check_networks
from samefeatures.study.config import parse_config
from samefeatures.study.study import Study


def test_facts_of_a_network_that_sees_images(tmp_path: Path) -> None:
    source = f"onnx:{save(gemm_net(), tmp_path / 'net')}"
    (check,) = check_networks([source])
    rows = check.rows()
    assert rows.pop("split").startswith("Gemm 'logits'; head(features(x)) off by ")
    assert rows == {
        "name": "net",
        "source": source,
        "features": str(D),
        "classes": str(CLASSES),
        "parameters": str(D * 28 + CLASSES * (D + 1)),
        "input": "(3, 16, 16), crop_pct 1.0, bilinear, center crop",
        "mean, std": "(0.5, 0.5, 0.5), (0.25, 0.25, 0.25)",
        "runtime": f"onnxruntime {onnxruntime.__version__}",
        "fingerprint": load(source).fingerprint[:16],
    }


def test_facts_that_some_networks_have_alone() -> None:
    mini = load("mini:nasnet")
    assert isinstance(mini, ImageNetwork)
    plain = Check(mini, None).rows()
    assert not {"note", "labels", "images", "warning", "own top-1", "left out"} & set(plain)
    told = replace(mini, notes=("one", "two"), loading={"layers": "3 of 4"}, split=None)
    rows = Check(told, None, {}, "odd", None, "by name").rows()
    assert (rows["note"], rows["layers"]) == ("one; two", "3 of 4")
    assert (rows["labels"], rows["warning"]) == ("by name", "odd")
    assert plain.keys() - rows.keys() == {"split"}
    assert list(rows)[-1] == "warning", "what is to be looked at stands last"


def test_a_check_stands_on_a_line(tmp_path: Path) -> None:
    mini = load("mini:nasnet")
    assert repr(Check(mini, None)) == "Check(network='nasnet', top1=None, odd=None)"
    world = make_worlds(n=40, m=30)["a"]
    write_npz(tmp_path, "x", world, eval_labels=np.arange(30) % 5)
    (check,) = check_networks([f"npz:{tmp_path / 'x.npz'}"])
    assert check.score is not None
    said = replace(check, warning="odd")
    assert repr(said) == f"Check(network='x', top1={check.score.top1:.4g}, odd='odd')"


def test_settings_without_an_effect_are_refused(tmp_path: Path) -> None:
    write_npz(tmp_path, "x", make_worlds(n=40, m=30)["a"])
    file = f"npz:{tmp_path / 'x.npz'}"
    for alone in ({"limit": 3}, {"class_map": "sorted"}, {"limit": 3, "class_map": "sorted"}):
        with pytest.raises(ConfigError, match="have an effect only with --data"):
            check_networks([file], **alone)
    with pytest.raises(ConfigError, match="--data has no effect on networks that bring their own"):
        check_networks([file], data="fashion-mnist:eval")


def test_networks_of_both_kinds_on_some_of_the_images(tmp_path: Path) -> None:
    """Each on what it knows; nobody looks on, and nothing need be shown."""
    write_npz(tmp_path, "x", make_worlds(n=40, m=30)["a"])
    sources = ["mini:nasnet", f"npz:{tmp_path / 'x.npz'}"]
    mini, file = check_networks(sources, data="fashion-mnist:eval", limit=7)
    assert (mini.network.name, file.network.name) == ("nasnet", "x")
    assert (mini.score and mini.score.n, file.score and file.score.n) == (7, 30)
    assert mini.left_out == {}
    assert "left out" not in mini.rows()
    assert [check.score for check in check_networks(sources[:1])] == [None]


def test_a_class_map_may_not_contradict_the_names(tmp_path: Path) -> None:
    names = [f"kind {k}" for k in range(CLASSES)]
    meta = {**META, "class_names": names[::-1]}
    source = f"onnx:{save(gemm_net(), tmp_path / 'net', meta=meta)}"
    for name in names:
        (tmp_path / "val" / name).mkdir(parents=True)
        Image.new("RGB", (16, 16)).save(tmp_path / "val" / name / "a.png")
    (tmp_path / "map.csv").write_text(
        "\n".join(["name,index", *(f"{name},{k}" for k, name in enumerate(names))])
    )
    data = str(tmp_path / "val")
    with pytest.raises(LabelError, match="not numbered as net numbers its classes"):
        check_networks([source], data=data, class_map=str(tmp_path / "map.csv"))
    (check,) = check_networks([source], data=data, class_map="sorted")
    assert check.rows()["labels"].startswith("Labels of 'val' follow the names of the classes")


def test_labels_that_the_head_does_not_have_are_refused(tmp_path: Path) -> None:
    pixels = np.zeros((2, 28, 28), np.uint8)
    np.savez(tmp_path / "own.npz", images=pixels, labels=np.array([0, 10]))
    with pytest.raises(LabelError, match="labels from 0 to 10, but nasnet has 10 classes"):
        check_networks(["mini:nasnet"], data=str(tmp_path / "own.npz"))


def test_facts_of_features_from_outside(tmp_path: Path) -> None:
    world = make_worlds(n=40, m=30)["a"]
    write_npz(tmp_path, "x", world)
    (check,) = check_networks([f"npz:{tmp_path / 'x.npz'}"])
    rows = check.rows()
    assert (rows["features"], rows["classes"], rows["rows"]) == ("8", "5", "40 fit, 30 eval")
    logits = world["eval_features"] @ world["head_weight"].T + world["head_bias"]
    right = int(np.sum(logits.argmax(axis=1) == world["eval_labels"]))
    assert rows["own top-1"] == f"{100 * right / 30:.2f} % ({right} of 30)"
    assert not {"parameters", "input", "runtime", "split"} & set(rows)


def test_a_network_is_scored_on_labelled_images_that_can_be_read(tmp_path: Path) -> None:
    source = f"onnx:{save(gemm_net(), tmp_path / 'net')}"
    pixels = np.random.default_rng(0).integers(0, 256, (CLASSES, 6, 16, 16, 3), dtype=np.uint8)
    for label, images in enumerate(pixels):
        (tmp_path / "val" / str(label)).mkdir(parents=True)
        for k, image in enumerate(images):
            Image.fromarray(image).save(tmp_path / "val" / str(label) / f"{k}.png")
    (tmp_path / "val" / "0" / "0.png").write_bytes(b"no picture")
    told: list[tuple[str, int]] = []
    done: list[int] = []

    class Seen:
        def task(self, description: str, total: int) -> Advance:
            told.append((description, total))
            return done.append

    data = str(tmp_path / "val")
    (check,) = check_networks([source], data=data, class_map="sorted", progress=Seen())
    network = load(source)
    assert isinstance(network, ImageNetwork)
    shown = (pixels.reshape(-1, 16, 16, 3)[1:].transpose(0, 3, 1, 2) / 255 - 0.5) / 0.25
    said = network.head.logits(network.backend.features(shown.astype(np.float32)))
    labels = np.repeat(np.arange(CLASSES), 6)[1:]
    assert check.score is not None
    assert (check.score.n, list(check.left_out)) == (6 * CLASSES - 1, ["0/0.png"])
    assert check.score.correct == int((said.argmax(1) == labels).sum())
    left_out = check.rows()["left out"]
    assert left_out.startswith("1 image that can't be read: 0/0.png, not an image, or of none of")
    assert check.rows()["own top-5"] == f"{check.score.top5:.2f} %"
    ((description, total),) = told
    assert description.startswith("net on ")
    assert total == sum(done) == 6 * CLASSES


def test_labels_that_count_from_one_are_said(tmp_path: Path) -> None:
    world = make_worlds(n=40, m=300)["a"]
    logits = world["eval_features"] @ world["head_weight"].T + world["head_bias"]
    said = logits.argmax(axis=1)
    keep = said < 4  # so that every label has a class
    features = world["eval_features"][keep]
    write_npz(tmp_path, "x", world, eval_features=features, eval_labels=said[keep] + 1)
    (check,) = check_networks([f"npz:{tmp_path / 'x.npz'}"])
    warning = check.rows()["warning"]
    assert warning.startswith("Labels look permuted for x: as labelled it is right on 0 of ")
    assert "lie 1 below the labels: the labels may count from 1" in warning
    write_npz(tmp_path, "y", world, eval_features=features, eval_labels=said[keep])
    (check,) = check_networks([f"npz:{tmp_path / 'y.npz'}"])
    assert "warning" not in check.rows()


def test_class_names_in_order_must_be_as_many_as_classes(tmp_path: Path) -> None:
    """Else one that is missing shifts all behind it, and a perfect network scores little."""
    source = f"onnx:{save(gemm_net(), tmp_path / 'net')}"
    for k in range(CLASSES):
        (tmp_path / f"val/class{k}").mkdir(parents=True)
    Image.new("RGB", (16, 16)).save(tmp_path / "val/class1/a.png")
    (tmp_path / "val/notes.txt").touch()
    (check,) = check_networks([source], data=str(tmp_path / "val"), class_map="sorted")
    assert check.rows()["images"] == "took 1 image; passed over 1 .txt"
    (tmp_path / "val/class0").rmdir()
    with pytest.raises(LabelError, match=rf"{CLASSES - 1} class names.* has {CLASSES} classes"):
        check_networks([source], data=str(tmp_path / "val"), class_map="sorted")


def test_where_no_image_can_be_read_the_reason_is_said(tmp_path: Path) -> None:
    source = f"onnx:{save(gemm_net(), tmp_path / 'net')}"
    (tmp_path / "val/0").mkdir(parents=True)
    for name in ("a.png", "b.png"):
        (tmp_path / "val/0" / name).touch()
    says = r"val holds 2 images that can't be read, among them 0/a\.png: the file is empty"
    with pytest.raises(UnreadableImageError, match=says):
        check_networks([source], data=str(tmp_path / "val"))


def test_a_run_says_why_no_image_can_be_read(tmp_path: Path) -> None:
    """A message about maps, from moments without rows, would help nobody."""
    sources = [f"onnx:{save(gemm_net(), tmp_path / name)}" for name in ("one", "two")]
    for part in ("fit", "eval"):
        (tmp_path / part / "0").mkdir(parents=True)
    Image.new("RGB", (16, 16)).save(tmp_path / "eval/0/a.png")
    (tmp_path / "fit/0/a.png").touch()
    raw = {"networks": sources, "data": {"fit": "fit", "eval": "eval"}, "methods": ["ols"]}
    says = r"fit holds 1 image that can't be read: 0/a\.png, the file is empty"
    for store in (True, False):
        study = Study(parse_config({**raw, "store": store}), out=tmp_path / "out", base=tmp_path)
        with pytest.raises(UnreadableImageError, match=says):
            study.fit()
