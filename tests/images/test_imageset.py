"""The record of an image set refuses what would mix up rows."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from samefeatures.base.digests import digest
from samefeatures.base.errors import DataError, DuplicateIdError
from samefeatures.images.imageset import ImageSet, image_id


def image_set(ids: list[str], labels: list[int] | None = None) -> ImageSet:
    array = None if labels is None else np.array(labels, np.int64)
    return ImageSet("made", ids, array, "print", lambda i: ids[i].encode())


def test_a_set() -> None:
    images = image_set(["a", "b"], [3, 4])
    assert len(images) == 2
    assert images.read(1) == b"b"


def test_duplicate_ids_are_named_and_counted() -> None:
    with pytest.raises(DuplicateIdError, match=r"'made' has 2 ids more than once.*a, c.*unique"):
        image_set(["a", "b", "a", "c", "c", "c"])


def test_an_empty_set() -> None:
    with pytest.raises(DataError, match="'made' is empty"):
        image_set([])


def test_labels_of_another_length() -> None:
    with pytest.raises(DataError, match=r"2 ids but labels of shape \(1,\)"):
        image_set(["a", "b"], [0])


def test_digest_minds_boundaries_and_is_sha256() -> None:
    assert digest("ab", "c") != digest("a", "bc")
    assert digest("ab") == digest(b"ab")
    assert digest("ab") == hashlib.sha256((2).to_bytes(8, "little") + b"ab").hexdigest()


def test_fingerprints_of_the_content_and_of_the_labels_too() -> None:
    """These very digests name the stores of before, when labels were part of a key."""
    labels = np.array([2, 0])
    plain, labelled = (
        ImageSet.of("x", b"yz", name="n", ids=["a", "b"], labels=given, read=lambda _: b"")
        for given in (None, labels)
    )
    assert (plain.fingerprint, plain.labelled_fingerprint) == (digest("x", b"yz", b""), None)
    assert labelled.fingerprint == plain.fingerprint
    assert labelled.labelled_fingerprint == digest("x", b"yz", labels.tobytes())


def test_the_id_of_an_image_in_a_study() -> None:
    assert image_id("cat/1.png") == "cat/1.png"
    assert image_id("cat/1.png", view=0) == "cat/1.png#0"
    assert image_id("cat/1.png", part="val") == "val/cat/1.png"
    assert image_id("cat/1.png", part="val", view=3) == "val/cat/1.png#3"
