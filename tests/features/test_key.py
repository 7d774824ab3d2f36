"""What decides a feature: the network and the images, and no label."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import zarr
from worlds_images import NumpyBackend, made_images, tiny_network

from samefeatures.base.digests import digest
from samefeatures.features.extract import extract
from samefeatures.features.key import feature_key, find_store
from samefeatures.features.place import Root
from samefeatures.features.store import FeatureStore
from samefeatures.images.imageset import ImageSet
from samefeatures.images.thinning import thinned
from samefeatures.images.views import Views
from samefeatures.networks.arithmetic import Effect
from samefeatures.networks.proof import probe_images
from samefeatures.networks.record import ImageNetwork, SplitProof


def labelled(images: ImageSet, labels: np.ndarray | None) -> ImageSet:
    """The same images, with the fingerprints that a source gives them."""
    return ImageSet.of(
        images.fingerprint, name=images.name, ids=images.ids, labels=labels, read=images.read
    )


def stores(root: Path) -> set[str]:
    return {path.name for path in root.glob("*.zarr")}


def test_a_corrected_label_computes_nothing(tmp_path: Path) -> None:
    images, reads = made_images(20)
    wrong = np.arange(20) % 3
    right = wrong.copy()
    right[7] = 2
    network = tiny_network("a")
    (first,) = extract([network], labelled(images, wrong), tmp_path)
    (second,) = extract([network], labelled(images, right), tmp_path)
    assert len(reads) == 20
    assert first.fingerprint == second.fingerprint
    assert first.labels is not None
    assert second.labels is not None
    assert first.labels.tolist() == wrong.tolist()
    assert second.labels.tolist() == right.tolist()
    assert "labels" not in zarr.open_group(next(tmp_path.glob("*.zarr")))


def test_the_same_images_are_extracted_once_with_labels_and_without(tmp_path: Path) -> None:
    images, reads = made_images(20)
    network = tiny_network("a")
    (fit,) = extract([network], labelled(images, None), tmp_path)
    (evaluation,) = extract([network], labelled(images, np.arange(20)), tmp_path)
    assert len(reads) == 20
    assert len(stores(tmp_path)) == 1
    assert fit.labels is None
    assert evaluation.labels is not None
    extract([network], labelled(images, None), tmp_path, views=Views(count=1))
    assert len(reads) == 40, "views are other rows"


def test_labels_follow_their_images_where_some_are_left_out(tmp_path: Path) -> None:
    images, _ = made_images(6, broken=(1, 4))
    (plain,) = extract([tiny_network("a")], labelled(images, np.arange(6)), tmp_path)
    assert plain.labels is not None
    assert plain.labels.tolist() == [0, 2, 3, 5]
    two = Views(count=2)
    (rows,) = extract([tiny_network("a")], labelled(images, np.arange(6)), tmp_path, views=two)
    assert rows.labels is not None
    assert rows.labels.tolist() == [0, 0, 2, 2, 3, 3, 5, 5]


def before(images: ImageSet, root: Root) -> FeatureStore:
    """A store as they were when labels were part of the key, and lay beside the features."""
    assert images.labelled_fingerprint is not None
    then = replace(images, fingerprint=images.labelled_fingerprint, labelled_fingerprint=None)
    (rows,) = extract([tiny_network("a")], then, root)
    rows.store._group.create_array("labels", data=np.asarray(images.labels))
    return rows.store


@pytest.mark.parametrize("also_without", [True, False])
def test_a_store_whose_key_has_labels_is_used(tmp_path: Path, also_without: bool) -> None:
    images, reads = made_images(20)
    images = labelled(images, np.arange(20) % 3)
    store = before(images, tmp_path)
    if also_without:  # the same images were the fit set too
        extract([tiny_network("a")], labelled(images, None), tmp_path)
    reads.clear()
    (rows,) = extract([tiny_network("a")], images, tmp_path)
    assert reads == []
    assert rows.store.digest == rows.fingerprint == store.digest, "what hangs on it holds, too"
    key = feature_key(tiny_network("a"), images, None)
    assert find_store(tmp_path, "a", key, images) == (store.place, store.digest)


def test_a_store_of_before_with_other_labels_is_not(tmp_path: Path) -> None:
    """Whether only labels differ, its name does not say; what comes after holds for all labels."""
    images, reads = made_images(20)
    base = labelled(images, np.arange(20) % 3)
    before(base, tmp_path)
    reads.clear()
    for shift in (1, 2):
        (rows,) = extract(
            [tiny_network("a")], labelled(images, np.arange(20) % 3 + shift), tmp_path
        )
        assert len(reads) == 20
    assert rows.labels is not None
    assert rows.labels.max() == 4


def test_thinned_sets_keep_their_names(tmp_path: Path) -> None:
    """Golden: the digests that an npz of ten images had when labels were in them."""
    images, _ = made_images(10)
    few = thinned(labelled(images, np.arange(10)), 5)
    content, labels = (digest(images.fingerprint, part) for part in (b"", np.arange(10).tobytes()))
    assert few.fingerprint == digest(content, "limit 5")
    assert few.labelled_fingerprint == digest(labels, "limit 5")


def by_other_code(factor: float, *, effect: Effect | None = None) -> ImageNetwork:
    """The tiny network with features that were multiplied, and nothing else that a key sees."""
    net = tiny_network("a")
    backend = NumpyBackend(net.backend.matrix * np.float32(factor))
    found = backend.features(probe_images(net.preprocessing))
    return replace(net, backend=backend, split=SplitProof("head", 0.0, probe=found), effect=effect)


def test_features_of_other_code_are_not_taken_for_those_of_now(tmp_path: Path) -> None:
    images, reads = made_images(20)
    (first,) = extract([by_other_code(1.0)], images, tmp_path)
    assert first.fingerprint == feature_key(tiny_network("a"), images, None).digest
    (second,) = extract([by_other_code(1.01)], images, tmp_path)
    assert len(reads) == 40
    assert second.fingerprint != first.fingerprint
    np.testing.assert_allclose(second.span(0, 20), 1.01 * first.span(0, 20), rtol=1e-5)
    reads.clear()
    for factor, store in ((1.0, first), (1.01, second), (1 + 1e-6, first)):
        (again,) = extract([by_other_code(factor)], images, tmp_path)
        assert again.fingerprint == store.fingerprint
    assert reads == [], "both are kept, and rounding makes no third"


def test_mixed_precision_may_round_more(tmp_path: Path) -> None:
    images, reads = made_images(20)
    effect = Effect(
        precision="bfloat16",
        compile=False,
        probes=3,
        features_max=0.01,
        features_mean=1e-3,
        logits_max=0.01,
        logits_mean=1e-3,
        agreement=1.0,
    )
    for factor in (1.0, 1.01):
        extract([by_other_code(factor, effect=effect)], images, tmp_path)
    assert len(reads) == 20


def test_stores_of_before_and_networks_without_a_probe_are_used(tmp_path: Path) -> None:
    images, reads = made_images(20)
    extract([tiny_network("a")], images, tmp_path)
    extract([by_other_code(1.01)], images, tmp_path)
    assert len(reads) == 20
