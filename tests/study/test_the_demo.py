"""The demo is the study that the readme and the pages on it speak of."""

from __future__ import annotations

from samefeatures.maps import Cosine
from samefeatures.networks.miniatures.catalogue import NAMES
from samefeatures.study.demo import demo_config


def test_ten_miniatures_on_fashion_mnist() -> None:
    config = demo_config()
    assert [entry.load for entry in config.networks] == [f"mini:{name}" for name in NAMES]
    assert config.data is not None
    for side in ("fit", "eval"):
        (part,) = getattr(config.data, side)
        assert (part.source, part.limit, part.views) == (f"fashion-mnist:{side}", None, None)


def test_every_analysis_that_the_pages_show_is_on() -> None:
    config = demo_config()
    for key in ("controls", "canonical", "ranks", "spectra"):
        assert getattr(config, key) is True, key
    assert config.measures == ("r2", "cosine", "cka", "debiased_cka", "procrustes")


def test_one_order_of_the_images_and_a_looser_end() -> None:
    """Two and a half minutes on two cores are meant."""
    config = demo_config()
    assert config.chosen_curve is not None
    assert config.chosen_curve.seeds == 1
    (cosine,) = (entry.build() for entry in config.methods if entry.name == "cosine")
    assert isinstance(cosine, Cosine)
    assert Cosine().tolerance < cosine.tolerance < 0.01
