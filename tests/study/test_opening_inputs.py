"""Networks and images of a study: what is opened how, and what is refused before anything runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from npz_worlds import CLASSES, make_worlds, write_npz
from onnx_nets import CLASSES as OF_ONNX
from onnx_nets import META, gemm_net, save
from samefeatures.base.errors import ConfigError, LabelError, MapError
from samefeatures.base.progress import Silent
from samefeatures.images.views import Views
from samefeatures.networks.arithmetic import Effect
from samefeatures.networks.load import load
from samefeatures.networks.record import FeatureFile, ImageNetwork
from samefeatures.study import inputs as module
from samefeatures.study.config import parse_config
from samefeatures.study.inputs import (
    StudyInputs,
    feature_file_networks,
    named_images,
    open_inputs,
    open_networks,
)
from watching import Told

WORLDS = make_worlds(n=40, m=30)
IMAGES = {
    "fit": {"source": "fashion-mnist:fit", "limit": 6},
    "eval": {"source": "fashion-mnist:eval", "limit": 5},
}
EFFECT = Effect(
    precision="bfloat16", compile=True, probes=2, features_max=0.0, features_mean=0.0,
    logits_max=0.0, logits_mean=0.0, agreement=1.0,
)  # fmt: skip


def files(folder: Path, lacks: dict[str, tuple[str, ...]] | None = None) -> list[str]:
    """Three networks known by features, some arrays left out."""
    sources = []
    for name, world in WORLDS.items():
        kept = {k: v for k, v in world.items() if k not in (lacks or {}).get(name, ())}
        sources.append(write_npz(folder, name, kept))
    return sources


def opened(folder: Path, networks: list[Any], **keys: Any) -> StudyInputs:
    config = parse_config({"networks": networks, "methods": ["ols"], **keys})
    return open_inputs(config, base=folder, progress=Silent())


def test_files_alone_have_no_images(tmp_path: Path) -> None:
    found = opened(tmp_path, files(tmp_path), class_names=list("vwxyz"))
    assert list(found.networks) == ["a", "b", "c"]
    assert (found.fit, found.eval, found.notes) == ((), (), ())
    assert found.class_names == tuple("vwxyz")
    assert found.classes == CLASSES
    assert found.image_networks == []
    assert feature_file_networks(found) == list(found.networks.values())


def test_classes_are_those_of_whoever_has_a_head(tmp_path: Path) -> None:
    bare = ("head_weight", "head_bias")
    (tmp_path / "names.txt").write_text("\n".join("vwxyz"))
    found = opened(tmp_path, files(tmp_path, {"a": bare}), class_names="names.txt")
    assert (found.classes, found.class_names) == (CLASSES, tuple("vwxyz"))
    with pytest.raises(ConfigError, match="names 4 classes, but the networks have 5"):
        opened(tmp_path, files(tmp_path, {"a": bare}), class_names=list("vwxy"))
    assert opened(tmp_path, files(tmp_path, dict.fromkeys("abc", bare))).classes == 0
    said = opened(tmp_path, files(tmp_path, {"a": bare}), methods=["ols", "logit"])
    assert said.notes == ("logit is left out: it is made of heads, and a has none.",)
    assert said.class_names == ()


def test_images_and_files_side_by_side(tmp_path: Path) -> None:
    """A file without a head has no classes for the labels to be held against."""
    rng = np.random.default_rng(0)
    sides = {f"{side}_features": rng.normal(size=(5, 4)) for side in ("fit", "eval")}
    network = ["mini:nasnet", write_npz(tmp_path, "bare", sides)]
    found = opened(
        tmp_path, network, data=IMAGES, methods=["ols", "logit"], class_names=list("0123456789")
    )
    assert [type(net) for net in found.networks.values()] == [ImageNetwork, FeatureFile]
    assert [net.name for net in found.image_networks] == ["nasnet"]
    assert [net.name for net in feature_file_networks(found)] == ["bare"]
    assert [len(part.images) for part in (*found.fit, *found.eval)] == [6, 5]
    (fit,), (evaluation,) = found.fit, found.eval
    assert fit.images.labels is None
    assert evaluation.images.labels is not None
    assert found.class_names == tuple("0123456789")
    assert found.notes == ("logit is left out: it is made of heads, and bare has none.",)
    assert repr(found) == "StudyInputs(networks=['nasnet', 'bare'], fit_images=6, eval_images=5)"


def test_parts_are_named_in_ids_where_there_are_several(tmp_path: Path) -> None:
    first = {"source": "fashion-mnist:fit", "limit": 3, "views": 4, "name": "one"}
    second = {"source": "fashion-mnist:fit", "limit": 2, "name": "two"}
    found = opened(tmp_path, ["mini:nasnet"], data={"fit": [first, second], "eval": IMAGES["eval"]})
    one, two = found.fit
    assert (one.prefix, one.views, one.views_per_image, one.rows) == ("one", Views(count=4), 4, 12)
    assert (two.prefix, two.views, two.views_per_image, two.rows) == ("two", None, 1, 2)
    (alone,) = found.eval
    assert alone.prefix is None
    assert [(name, part.images.name, i) for name, part, i in named_images(found.fit)] == [
        *((f"one/{name}", "one", i) for i, name in enumerate(one.images.ids)),
        *((f"two/{name}", "two", i) for i, name in enumerate(two.images.ids)),
    ]
    assert [name for name, _, _ in named_images(found.eval)] == list(alone.images.ids)


def test_relative_paths_start_at_the_base(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), dtype=np.uint8)
    np.savez(tmp_path / "fit.npz", images=pixels)
    np.savez(tmp_path / "eval.npz", images=pixels[:3], labels=np.array([0, 4, 1]))
    save(gemm_net(), tmp_path / "net")
    data = {"fit": "fit.npz", "eval": "eval.npz"}
    found = opened(tmp_path, ["onnx:net/model.onnx"], data=data)
    assert [len(part.images) for part in (*found.fit, *found.eval)] == [4, 3]
    np.savez(tmp_path / "eval.npz", images=pixels[:3], labels=np.array([0, OF_ONNX, 1]))
    with pytest.raises(LabelError, match="has labels from 0 to 5, but net has 5 classes"):
        opened(tmp_path, ["onnx:net/model.onnx"], data=data)


def named_net(folder: Path, name: str, classes: list[str]) -> dict[str, str]:
    path = save(gemm_net(), folder / name, meta={**META, "class_names": classes})
    return {"load": f"onnx:{path}", "name": name}


def test_labels_follow_the_names_of_classes_unless_a_map_says_otherwise(tmp_path: Path) -> None:
    classes = [f"kind {k}" for k in range(OF_ONNX)]
    for kind in classes:
        (tmp_path / "val" / kind).mkdir(parents=True)
        (tmp_path / "val" / kind / "a.png").touch()
    network = named_net(tmp_path, "net", classes[::-1])
    part = {"source": "val", "class_map": "sorted"}
    found = opened(tmp_path, [network], data={"fit": "val", "eval": part})
    (evaluation,) = found.eval
    assert evaluation.images.labels is not None
    assert evaluation.images.labels.tolist() == list(range(OF_ONNX))[::-1]
    (note,) = found.notes
    assert note.startswith("Labels of 'val' follow the names of the classes: 'kind 0' is class 4")
    lines = ["name,index", *(f"{kind},{k}" for k, kind in enumerate(classes))]
    (tmp_path / "map.csv").write_text("\n".join(lines))
    part = {"source": "val", "class_map": "map.csv"}
    with pytest.raises(LabelError, match="not numbered as net numbers its classes"):
        opened(tmp_path, [network], data={"fit": "val", "eval": part})
    second = named_net(tmp_path, "second", [*classes[:3], classes[4], classes[3]])
    with pytest.raises(LabelError, match="net and second have their classes in other orders"):
        opened(tmp_path, [network, second], data={"fit": "val", "eval": part})


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"methods": [{"rank": {"rank": 50}}]}, "Maps of rank 50 were asked for, but a has 8"),
        ({"ranks": [1, 9]}, "9 is above the 8 features that the widest pair"),
        ({"networks": [{"load": "npz:a.npz", "name": "a/b"}]}, r"npz:a\.npz: the name 'a/b' can't"),
        ({"networks": ["npz:a.npz", "npz:a.npz"]}, r"the name 'a' stands twice \(npz:a\.npz\)"),
        ({"data": IMAGES}, "'data'"),
        ({"networks": ["mini:nasnet"]}, "data: missing"),
        (
            {"networks": ["mini:nasnet", "mini:pnasnet"], "data": IMAGES, "precision": "bfloat16"},
            r"^precision bfloat16 needs .*; mini:nasnet, mini:pnasnet do not",
        ),
        (
            {"networks": ["mini:nasnet", "mini:pnasnet"], "data": IMAGES, "compile": True},
            "^compile needs .*; mini:nasnet, mini:pnasnet do not",
        ),
    ],
)
def test_what_can_not_run_is_refused(tmp_path: Path, keys: dict[str, Any], says: str) -> None:
    networks = files(tmp_path)[:2]
    with pytest.raises((ConfigError, MapError), match=says):
        opened(tmp_path, **{"networks": networks, **keys})


def test_networks_of_other_classes_are_studied_apart(tmp_path: Path) -> None:
    world = WORLDS["b"]
    few = {k: world[k][:4] for k in ("head_weight", "head_bias")}
    few["eval_labels"] = world["eval_labels"] % 4
    sources = [write_npz(tmp_path, "a", WORLDS["a"]), write_npz(tmp_path, "b", world, **few)]
    sources.append(write_npz(tmp_path, "c", {k: v for k, v in world.items() if "head" not in k}))
    with pytest.raises(LabelError, match=r"different numbers of classes: a 5, b 4\. Labels"):
        opened(tmp_path, sources)


@pytest.mark.parametrize("asked", [{"controls": True}, {"tasks": ["brightness"]}])
def test_names_of_spaces_are_theirs_where_they_stand_beside(
    tmp_path: Path, asked: dict[str, Any]
) -> None:
    a, b, _ = files(tmp_path)
    twin = [a, {"load": b, "name": "a.random2"}]
    with pytest.raises(ConfigError, match=r"'a\.random2' is that of 'a' with random weights\."):
        opened(tmp_path, twin, **asked)
    assert list(opened(tmp_path, twin).networks) == ["a", "a.random2"]
    noise = [a, {"load": b, "name": "noise"}]
    with pytest.raises(ConfigError, match="'noise' is that of a space that controls and tasks use"):
        opened(tmp_path, noise, **asked)
    assert list(opened(tmp_path, [a, {"load": b, "name": "b.random2"}], **asked).networks)


def test_networks_are_loaded_as_the_study_says_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, dict[str, Any]]] = []

    def noted(source: str, **options: Any) -> object:
        asked.append((source, options))
        return load(source, name=options["name"], base=options["base"])

    monkeypatch.setattr(module, "load", noted)
    a, b, _ = files(tmp_path)
    networks = [{"load": a, "name": "first", "crop_pct": 0.5}, b]
    keys = {"threads": 3, "device": "cuda:1", "precision": "float16", "compile": True}
    progress = Told()
    config = parse_config({"networks": networks, "methods": ["ols"], **keys})
    found = open_networks(config, base=tmp_path, progress=progress)
    assert list(found) == ["first", "b"]
    assert asked == [
        (a, {"name": "first", "preprocessing": {"crop_pct": 0.5}, "base": tmp_path, **keys}),
        (b, {"name": None, "preprocessing": None, "base": tmp_path, **keys}),
    ]
    assert progress.tasks == {"load networks": (2, [1, 1])}


def test_a_network_that_was_loaded_has_the_arithmetic_of_the_study() -> None:
    mini = load("mini:nasnet")
    assert isinstance(mini, ImageNetwork)
    # As one that runs on torch: what does not is refused for that alone.
    given = replace(mini, source="module:own", effect=EFFECT)

    def taken(network: ImageNetwork, **keys: Any) -> bool:
        config = parse_config({"networks": [network], "methods": ["ols"], **keys})
        return open_networks(config, base=Path(), progress=Silent())[network.name] is network

    assert taken(mini)
    assert taken(given, precision="bfloat16", compile=True)
    assert taken(replace(given, effect=replace(EFFECT, compile=False)), precision="bfloat16")
    for keys in ({}, {"precision": "bfloat16"}, {"precision": "float16", "compile": True}):
        with pytest.raises(ConfigError, match=r"nasnet was loaded with .* and the study says"):
            taken(given, **keys)
    with pytest.raises(ConfigError, match="nasnet was loaded with"):
        taken(replace(given, effect=None), compile=True)
