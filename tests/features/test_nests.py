"""An order of rows: by ids alone, views together, nested."""

from __future__ import annotations

import numpy as np

from samefeatures.features.nests import places_of

IDS = [f"class{i // 50}/{i}.png" for i in range(200)]


def test_places_are_an_order() -> None:
    assert sorted(places_of(IDS, seed=0)) == list(range(200))


def test_places_hang_on_ids_alone() -> None:
    some = dict(zip(IDS[::-1], places_of(IDS[::-1], seed=3), strict=True))
    assert some == dict(zip(IDS, places_of(IDS, seed=3), strict=True))
    assert not np.array_equal(places_of(IDS, seed=0), places_of(IDS, seed=1))


def test_the_first_places_are_of_all_classes() -> None:
    first = np.flatnonzero(places_of(IDS, seed=0) < 40)
    per_class = np.bincount(first // 50, minlength=4)
    assert per_class.min() >= 4


def test_views_of_an_image_are_neighbours() -> None:
    ids = [f"{i}.png#{view}" for i in range(30) for view in range(4)]
    places = places_of(ids, seed=0).reshape(30, 4)
    assert (np.diff(places, axis=1) == 1).all()


def test_without_ids_places_count() -> None:
    assert np.array_equal(places_of(5, seed=0), places_of(list("01234"), seed=0))
