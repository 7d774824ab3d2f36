"""Classes of heads and labels of images are matched by name, or it is said that they are not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from onnx_nets import CLASSES, META, gemm_net, save
from samefeatures.base.errors import LabelError
from samefeatures.images.imageset import ImageSet
from samefeatures.images.labels import imagenet_index
from samefeatures.networks.load import load
from samefeatures.networks.record import Head, ImageNetwork
from samefeatures.study.checking import check_networks
from samefeatures.study.config import parse_config
from samefeatures.study.label_space import by_name, check_labels, check_names
from samefeatures.study.study import Study

NAMES = tuple(f"Kind_{chr(ord('a') + k)}" for k in range(CLASSES))


def network(folder: Path, *names: str, name: str = "net") -> ImageNetwork:
    found = load(f"onnx:{save(gemm_net(), folder / name)}", name=name)
    assert isinstance(found, ImageNetwork)
    return replace(found, class_names=names)


def images(*names: str) -> ImageSet:
    """Two of each, numbered in sorted order."""
    order = sorted(names)
    labels = np.array([order.index(name) for name in names for _ in range(2)])
    return ImageSet.of(
        "made",
        name="val",
        ids=[f"{name}/{k}.png" for name in names for k in range(2)],
        labels=labels,
        read=lambda _: b"",
        in_order=len(order),
        label_names=dict(enumerate(order)),
    )


@pytest.mark.parametrize("write", [str, str.upper, lambda name: name.replace("_", " - ")])
def test_names_decide(tmp_path: Path, write) -> None:
    """Whatever the order of the folders, and however words are parted."""
    backwards = tuple(reversed(NAMES))
    net = network(tmp_path, *backwards)
    found, note = by_name(images(*map(write, NAMES)), [net], mapped=False)
    assert found.labels is not None
    expected = [backwards.index(name) for name in NAMES for _ in range(2)]
    assert found.labels.tolist() == expected
    assert note is not None
    assert f"is class {CLASSES - 1} of net, not 0" in note
    check_labels(found, net)


def test_some_of_the_classes_are_enough(tmp_path: Path) -> None:
    """A folder that is missing shifts nothing, and the number of names is no matter."""
    net = network(tmp_path, *NAMES)
    found, note = by_name(images(*NAMES[2:]), [net], mapped=False)
    assert found.labels is not None
    assert found.labels.tolist() == [k for k in range(2, CLASSES) for _ in range(2)]
    assert note is not None
    check_labels(found, net)
    with pytest.raises(LabelError, match="class that is missing here shifts all behind it"):
        check_labels(images(*NAMES[2:]), replace(net, class_names=()))
    same, nothing = by_name(images(*NAMES), [net], mapped=False)
    assert (same.labels is not None and same.labels.tolist(), nothing) == (
        [k for k in range(CLASSES) for _ in range(2)],
        None,
    )


def test_a_class_map_may_not_say_other_than_the_names(tmp_path: Path) -> None:
    net = network(tmp_path, *reversed(NAMES))
    with pytest.raises(LabelError, match=r"not numbered as net numbers.*Give a class map"):
        by_name(images(*NAMES), [net], mapped=True)


@pytest.mark.parametrize("mapped", [True, False])
def test_a_name_that_no_class_has(tmp_path: Path, mapped: bool) -> None:
    net = network(tmp_path, *NAMES)
    other_word = images(*NAMES[:-1], "zebra")  # where all others are in their places
    found, note = by_name(other_word, [net], mapped=mapped)
    assert found is other_word
    assert note is not None
    assert f"'zebra' is label {CLASSES - 1}, which net calls '{NAMES[-1]}' (1 of {CLASSES}" in note
    with pytest.raises(
        LabelError, match=rf"{CLASSES - 1} of {CLASSES - 1} names differ, 1 are not"
    ):
        by_name(images("Aardvark", *NAMES[:-1]), [network(tmp_path, *NAMES)], mapped=mapped)
    others = images("zebra", "yak", NAMES[0])  # of another kind: nothing is concluded
    assert by_name(others, [net], mapped=False) == (others, None)


def test_names_that_stand_twice_tell_no_place(tmp_path: Path) -> None:
    """As ImageNet's two cranes do: at its own place such a name is right, else nothing is known."""
    twice = (NAMES[0], *NAMES[1:-1], NAMES[0])
    net = network(tmp_path, *twice)
    labels = images(*NAMES[:-1])
    assert by_name(replace(labels, in_order=None), [net], mapped=False)[1] is None
    shifted = network(tmp_path, *reversed(twice))
    with pytest.raises(LabelError, match="1 are not its own"):
        by_name(labels, [shifted], mapped=False)


def test_networks_in_other_orders_are_refused(tmp_path: Path) -> None:
    first = network(tmp_path, *NAMES, name="first")
    swapped = (NAMES[0], NAMES[2], NAMES[1], *NAMES[3:])
    second = network(tmp_path, *swapped, name="second")
    check_names([first, first, network(tmp_path, name="nameless")])
    check_names([first, network(tmp_path, *(f"w{k}" for k in range(CLASSES)), name="other")])
    with pytest.raises(LabelError, match=r"class 1 of first, '.*', is class 2 of second \(2 of"):
        check_names([first, second])


@pytest.mark.parametrize("classes", [512, 11_821, 21_843])
def test_heads_of_other_spaces_are_not_read_by_imagenets_numbers(tmp_path: Path, classes) -> None:
    net = network(tmp_path)
    head = Head(np.zeros((classes, net.dim), np.float32), np.zeros(classes, np.float32))
    large = replace(net, head=head)
    synsets = sorted(imagenet_index())[:3]
    val = replace(images(*synsets), in_order=None)
    with pytest.raises(LabelError, match=f"has {classes:,} classes, of which no name is known"):
        check_labels(val, large)
    names = [f"n9{k:07d}" for k in range(classes)]
    names[7], names[400], names[44] = synsets
    known = replace(large, class_names=tuple(names))
    found, _ = by_name(val, [known], mapped=False)
    check_labels(found, known)
    assert found.labels is not None
    assert found.labels.tolist() == [7, 7, 400, 400, 44, 44]
    mapped = replace(val, label_names={k + 5: name for k, name in val.label_names.items()})
    check_labels(mapped, large)  # by a class map of the user's


def test_the_network_that_shares_most_names_decides(tmp_path: Path) -> None:
    """Wherever it stands; those without names say nothing."""
    other = network(tmp_path, *(f"w{k}" for k in range(CLASSES)), name="other")
    knows = network(tmp_path, *reversed(NAMES), name="knows")
    for networks in ([other, knows], [knows, other], [network(tmp_path, name="none"), knows]):
        found, note = by_name(images(*NAMES), networks, mapped=False)
        assert note == (
            f"Labels of 'val' follow the names of the classes: '{NAMES[0]}' is class "
            f"{CLASSES - 1} of knows, not 0."
        )
        assert found.label_names == {CLASSES - 1 - k: name for k, name in enumerate(NAMES)}
        assert found.in_order is None


def test_without_names_or_labels_nothing_is_renumbered(tmp_path: Path) -> None:
    net, val = network(tmp_path, *reversed(NAMES)), images(*NAMES)
    for networks, given in (
        ([], val),
        ([network(tmp_path)], val),
        ([net], replace(val, label_names={})),
        ([net], replace(val, labels=None)),
    ):
        assert by_name(given, networks, mapped=False) == (given, None)


def test_names_must_be_shared_by_more_than_half(tmp_path: Path) -> None:
    net = network(tmp_path, *NAMES)
    half = images(NAMES[3], NAMES[4], "yak", "zebra")
    assert by_name(half, [net], mapped=True) == (half, None)
    with pytest.raises(LabelError, match=f"'{NAMES[2]}' is its class 2, not 0 .3 of 3 names diff"):
        by_name(images(*NAMES[2:], "yak", "zebra"), [net], mapped=False)
    in_place, note = by_name(images(*NAMES), [net], mapped=True)
    assert (in_place.in_order, note) == (None, None)


def test_the_first_of_the_unknown_names_is_said(tmp_path: Path) -> None:
    net = network(tmp_path, *NAMES)
    val = replace(images(*NAMES), label_names=dict(enumerate([*NAMES[:3], "yak", "zebra"])))
    found, note = by_name(val, [net], mapped=False)
    assert found is val
    assert note == (
        f"'val' has names that net does not have: 'yak' is label 3, which net calls '{NAMES[3]}' "
        "(2 of 5 names). Check that they are the same classes."
    )
    more = replace(val, label_names=dict(enumerate([*NAMES, "zebra"])))
    _, note = by_name(more, [net], mapped=False)
    assert note is not None
    assert f"'zebra' is label {CLASSES}, which net calls 'no class' (1 of 6 names)" in note


def test_labels_are_of_the_classes_of_the_head(tmp_path: Path) -> None:
    net, val = network(tmp_path), replace(images(*NAMES), in_order=None)
    assert val.labels is not None
    check_labels(val, net)
    check_labels(replace(val, in_order=CLASSES), net)
    with pytest.raises(LabelError, match=r"'val' has labels from -1 to 3, but net has 5 classes"):
        check_labels(replace(val, labels=val.labels - 1), net)
    with pytest.raises(LabelError, match=r"'val' has labels from 1 to 5, .*5 classes \(0 to 4\)"):
        check_labels(replace(val, labels=val.labels + 1), net)
    with pytest.raises(LabelError, match="'val' has no labels"):
        check_labels(replace(val, labels=None), net)
    with pytest.raises(LabelError, match=r"'val' has 3 class names, .* but net has 5 classes"):
        check_labels(replace(val, in_order=3), net)


@pytest.mark.parametrize("classes", [1000, 1001])
def test_synsets_are_read_by_imagenets_numbers_where_a_head_has_as_many(
    tmp_path: Path, classes: int
) -> None:
    net = network(tmp_path)
    head = Head(np.zeros((classes, net.dim), np.float32), np.zeros(classes, np.float32))
    val = replace(images(*sorted(imagenet_index())[:3]), in_order=None)
    check_labels(val, replace(net, head=head))


def test_orders_are_compared_where_half_of_the_names_are_the_same(tmp_path: Path) -> None:
    """Of the shorter list; a name that stands twice counts in neither."""
    head = Head(np.zeros((6, 8), np.float32), np.zeros(6, np.float32))

    def named(name: str, *names: str) -> ImageNetwork:
        return replace(network(tmp_path, name=name), head=head, class_names=names)

    first = named("first", "z", "y", "x", "p", "q", "r")
    half = named("half", "z", "x", "y", "a", "b", "c")
    with pytest.raises(LabelError, match=r"class 1 of first, 'y', is class 2 of half \(2 of 3 dif"):
        check_names([first, named("between", *"abcdef"), half])
    check_names([first, named("less", "x", "y", "a", "b", "c", "d")])
    shorter = named("shorter", "x", "y", "a", "a", "b", "b")
    with pytest.raises(LabelError, match=r"class 2 of first, 'x', is class 0 of shorter \(1 of 2"):
        check_names([first, shorter])


def folders(root: Path, names) -> Path:
    rng = np.random.default_rng(0)
    for name in names:
        (root / name).mkdir(parents=True)
        for k in range(4):
            pixels = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / name / f"{k}.png")
    return root


def test_check_and_run_say_what_decided(tmp_path: Path) -> None:
    names = [f"kind {k}" for k in reversed(range(CLASSES))]
    meta = {**META, "class_names": names}
    source = f"onnx:{save(gemm_net(), tmp_path / 'net', meta=meta)}"
    data = folders(tmp_path / "val", names)
    (check,) = check_networks([source], data=str(data), class_map="sorted")
    assert check.numbering is not None
    assert "follow the names of the classes" in check.numbering
    assert check.rows()["labels"] == check.numbering
    config = parse_config(
        {
            "networks": [source, {"name": "twin", "load": source}],
            "data": {"fit": str(data), "eval": {"source": str(data), "class_map": "sorted"}},
            "methods": ["ols"],
        }
    )
    results = Study(config, out=tmp_path / "out", base=tmp_path).score()
    assert any("follow the names of the classes" in text for text in results.warnings)
    assert check.score is not None
    assert results.networks[0].top1 == check.score.top1
