"""When row 0 of a head is left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from onnx_nets import D, Net, gemm, save
from samefeatures.base.digests import digest
from samefeatures.base.errors import NetworkError
from samefeatures.networks.background import background_rows
from samefeatures.networks.kinds import KINDS
from samefeatures.networks.load import load
from samefeatures.networks.record import ImageNetwork
from samefeatures.networks.source import parse_source


def rows(query: str, name: str | None, classes: int) -> tuple[int, str | None]:
    return background_rows(parse_source(f"hf:a/b{query}"), name, classes)


@pytest.mark.parametrize(
    ("query", "name", "classes", "expected", "said"),
    [
        ("", "background", 1001, 1, "?background=keep keeps it"),
        ("", "Background", 1001, 1, "1,000 classes remain"),
        ("?background=drop", "background", 1001, 1, "background"),
        ("?background=keep", "background", 1001, 0, None),
        ("", None, 1001, 0, "?background=drop leaves it out"),
        ("?background=drop", None, 1001, 1, "unnamed"),
        ("?background=keep", None, 1001, 0, None),
        ("", "background", 257, 0, "?background=drop leaves it out"),
        ("?background=drop", "background", 257, 1, "256 classes remain"),
        ("", "tench", 1001, 0, None),
        ("", "tench", 1000, 0, None),
        ("", None, 1000, 0, None),
        ("?background=drop", None, 11, 1, "10 classes remain"),
    ],
)
def test_the_rule(
    query: str, name: str | None, classes: int, expected: int, said: str | None
) -> None:
    count, note = rows(query, name, classes)
    assert count == expected
    if said is None:
        assert note is None
    else:
        assert note is not None
        assert said in note


@pytest.mark.parametrize(
    ("wish", "name", "called"),
    [
        ("drop", "tench", "is 'tench'"),
        ("keep", "tench", "is 'tench'"),
        ("keep", None, "has no name"),
    ],
)
def test_an_option_without_effect_is_refused(wish: str, name: str | None, called: str) -> None:
    with pytest.raises(NetworkError, match=f"no effect: of 1000 classes, class 0 {called}"):
        rows(f"?background={wish}", name, 1000)


def test_another_word() -> None:
    with pytest.raises(NetworkError, match="background is 'no'; use 'drop' or 'keep'"):
        rows("?background=no", "background", 1001)


# --- the option of every kind ---------------------------------------------------------------------


def toy(classes: int, folder: Path, kind: str) -> str:
    """A network of so many classes as one of several kinds; its source."""
    rng = np.random.default_rng(classes)
    w = rng.normal(size=(classes, D)).astype(np.float32)
    b = rng.normal(size=classes).astype(np.float32)
    if kind == "onnx":
        net = Net()
        return f"onnx:{save(net.model(gemm(net, w, b)), folder)}"
    if kind == "npz":
        x = rng.normal(size=(4, D)).astype(np.float32)
        labels = np.array([0, 1, 2, classes - 2])
        np.savez(
            folder / "a.npz",
            fit_features=x,
            eval_features=x,
            eval_labels=labels,
            head_weight=w,
            head_bias=b,
        )
        return f"npz:{folder}/a.npz"
    (folder / f"toy_of_{classes}.py").write_text(
        "import torch\n"
        "from samefeatures.images.preprocess import Preprocessing\n"
        "def make():\n"
        "    torch.manual_seed(0)\n"
        "    body = [torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()]\n"
        f"    net = torch.nn.Sequential(*body, torch.nn.Linear(3, {classes})).eval()\n"
        "    return net, Preprocessing(input_size=(3, 8, 8), mean=(0.5,) * 3, std=(0.2,) * 3)\n"
    )
    return f"python:toy_of_{classes}:make"


@pytest.mark.parametrize("kind", ["onnx", "npz", "python"])
@pytest.mark.parametrize("classes", [1001, 11])
def test_every_kind_of_source_can_leave_row_0_out(tmp_path: Path, kind: str, classes: int) -> None:
    source = toy(classes, tmp_path, kind)
    whole = load(source, base=tmp_path)
    less = load(f"{source}?background=drop", base=tmp_path)
    np.testing.assert_array_equal(less.head.weight, whole.head.weight[1:])
    np.testing.assert_array_equal(less.head.bias, whole.head.bias[1:])
    assert less.fingerprint == digest(whole.fingerprint, "without the first 1 classes")
    noted = (
        f"{classes:,} classes, class 0 is unnamed: if it is a background class, ?background=drop"
    )
    if isinstance(whole, ImageNetwork) and isinstance(less, ImageNetwork):
        assert any(noted in note for note in whole.notes) == (classes == 1001)
        assert f"{classes - 1:,} classes remain" in less.notes[-1]
    if classes == 1001:
        kept = load(f"{source}?background=keep", base=tmp_path)
        assert (kept.fingerprint, kept.head.classes) == (whole.fingerprint, 1001)
        assert not isinstance(kept, ImageNetwork) or kept.notes == ()
    with pytest.raises(NetworkError, match="use 'drop' or 'keep'"):
        load(f"{source}?background=no", base=tmp_path)


def test_labels_that_count_the_background_are_seen(tmp_path: Path) -> None:
    source = toy(11, tmp_path, "npz")
    with np.load(tmp_path / "a.npz") as file:
        arrays = dict(file)
    arrays["eval_labels"][0] = 10
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(NetworkError, match="run to 10, so that they count the background class"):
        load(f"{source}?background=drop")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_all_kinds_take_the_option(kind: str) -> None:
    source = parse_source(f"{kind}:name?background=drop")
    assert source.query == {"background": "drop"}
