"""Labels of the fit rows, by the ids that the rows have."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onnx_nets import CLASSES, META, gemm_net, save
from samefeatures.images.imageset import ImageSet
from samefeatures.images.labels import imagenet_index
from samefeatures.images.source import ImageSource
from samefeatures.images.sources import open_images
from samefeatures.images.views import Views
from samefeatures.networks.load import load
from samefeatures.networks.record import Network
from samefeatures.study import fit_labels as module
from samefeatures.study.config import parse_config
from samefeatures.study.data_config import DataConfig
from samefeatures.study.fit_labels import fit_labels
from samefeatures.study.inputs import Part

TEST = "fashion-mnist:eval"  # the half that has labels


@pytest.fixture(scope="module")
def networks() -> list[Network]:
    """Of the ten classes of the images."""
    return [load("mini:nasnet")]


def data_of(*parts: dict[str, Any]) -> DataConfig:
    raw = {"networks": ["mini:vgg"], "data": {"fit": list(parts), "eval": TEST}}
    data = parse_config(raw).data
    assert data is not None
    return data


def known(limit: int) -> ImageSet:
    return open_images(ImageSource(source=TEST, limit=limit), labelled=True)


def labels_of(images: ImageSet) -> dict[str, int]:
    assert images.labels is not None
    return dict(zip(images.ids, images.labels.tolist(), strict=True))


def test_parts_and_views_in_the_order_of_the_rows(tmp_path: Path, networks: list[Network]) -> None:
    """Ids of rows are ``PART/NAME#VIEW`` where there are parts and views."""
    data = data_of(
        {"source": TEST, "name": "some", "limit": 7, "views": 3},
        {"source": TEST, "name": "more", "limit": 11},
    )
    some, more = labels_of(known(7)), labels_of(known(11))
    expected = {f"some/{name}#{view}": k for name, k in some.items() for view in range(3)}
    expected |= {f"more/{name}": k for name, k in more.items()}
    ids = np.random.default_rng(0).permutation(list(expected)).tolist()
    found = fit_labels(data, ids, networks=networks, base=tmp_path)
    assert not isinstance(found, str)
    assert found.dtype == np.int64
    assert found.tolist() == [expected[name] for name in ids]


def test_one_part_alone_has_no_name_in_ids(tmp_path: Path, networks: list[Network]) -> None:
    images = known(9)
    found = fit_labels(
        data_of({"source": TEST, "limit": 9}), images.ids, networks=networks, base=tmp_path
    )
    np.testing.assert_array_equal(found, images.labels)


def test_relative_paths_start_at_the_base(tmp_path: Path, networks: list[Network]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 6, 6, 3), dtype=np.uint8)
    np.savez(tmp_path / "own.npz", images=pixels, labels=np.array([2, 0, 1, 2]))
    data = data_of({"source": "own.npz"})
    found = fit_labels(data, ["0", "1", "3"], networks=networks, base=tmp_path)
    assert not isinstance(found, str)
    assert found.tolist() == [2, 0, 2]


@pytest.mark.parametrize(("data", "ids"), [(None, ["0"]), (data_of({"source": TEST}), None)])
def test_rows_from_files_have_none(data: DataConfig | None, ids: list[str] | None) -> None:
    found = fit_labels(data, ids, networks=[], base=Path())
    assert found == "the fit features come from files without labels"


def test_images_without_labels_are_said_in_a_part_of_a_sentence(networks: list[Network]) -> None:
    found = fit_labels(
        data_of({"source": "fashion-mnist:fit"}), ["0"], networks=networks, base=Path()
    )
    assert isinstance(found, str)
    assert found.startswith("the fit images have no labels that could be used: ")
    assert "'labels'" in found
    assert not found.endswith(".")


def test_images_that_were_not_extracted_so_are_not_guessed(networks: list[Network]) -> None:
    images = known(5)
    data = data_of({"source": TEST, "limit": 5})
    found = fit_labels(data, [*images.ids, "another"], networks=networks, base=Path())
    assert found == "the fit images with labels are not those that were extracted"


def test_labels_that_are_no_classes_of_some_network_are_said(
    networks: list[Network], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images, data = known(3), data_of({"source": TEST, "limit": 3})
    five = load(f"onnx:{save(gemm_net(), tmp_path / 'net')}")

    def found(labels: list[int] | None, *others: Network) -> Any:
        changed = None if labels is None else np.array(labels)
        parts = (Part(replace(images, labels=changed), Views(count=1)),)
        monkeypatch.setattr(module, "open_parts", lambda *_, **__: parts)
        ids, asked = [f"{name}#0" for name in images.ids], [*networks, *others]
        return fit_labels(data, ids, networks=asked, base=Path())

    assert found([0, 9, 1]).tolist() == [0, 9, 1]
    says = "the fit images have no labels that could be used: 'fashion-mnist-eval' has "
    assert found([0, 9, 1], five).startswith(f"{says}labels from 0 to 9, but net has 5 classes")
    assert found([2, -1, 3]).startswith(f"{says}labels from -1 to 3, but nasnet has 10 classes")
    assert found(None).startswith(f"{says}no labels")


def test_names_of_classes_decide_as_for_eval_labels(tmp_path: Path) -> None:
    """The fault: eval labels followed the networks' names, and fit labels ImageNet's numbers."""
    synsets = sorted(imagenet_index())[3 : 3 + CLASSES]
    meta = {**META, "class_names": synsets[::-1]}
    named = load(f"onnx:{save(gemm_net(), tmp_path / 'net', meta=meta)}")
    for synset in synsets:
        (tmp_path / "fit" / synset).mkdir(parents=True)
        (tmp_path / "fit" / synset / "a.png").touch()
    data, ids = data_of({"source": "fit"}), [f"{synset}/a.png" for synset in synsets]
    found = fit_labels(data, ids, networks=[named], base=tmp_path)
    assert not isinstance(found, str)
    assert found.tolist() == list(range(CLASSES))[::-1]
