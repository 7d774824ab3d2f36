"""Random regions: the same for every network, and spread as torchvision spreads them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from PIL import Image

from preps import imagenet
from samefeatures.base.errors import ConfigError
from samefeatures.images.views import Region, Views

IDS = [f"n01440764/{i}.JPEG" for i in range(400)]


def test_the_region_is_a_function_of_seed_id_and_view_alone() -> None:
    views = Views(count=3, seed=7)
    forward = {(i, v): views.region(i, v, 320, 240) for i in IDS for v in range(3)}
    again = Views(count=3, seed=7)
    backward = {(i, v): again.region(i, v, 320, 240) for v in (2, 1, 0) for i in reversed(IDS)}
    assert forward == backward
    assert len(set(forward.values())) == len(forward), "no two views are alike"
    more = Views(count=50, seed=7)
    assert more.region(IDS[0], 2, 320, 240) == forward[IDS[0], 2], "more views add, change nothing"
    other = Views(count=3, seed=8)
    assert not {other.region(i, 0, 320, 240) for i in IDS} & set(forward.values())


def test_known_draws() -> None:
    """Pinned: another draw would silently mix with features that were stored before."""
    region = Views(count=1).region("a.png", 0, 100, 100)
    shown = [round(v, 6) for v in (region.left, region.top, region.right, region.bottom)]
    assert shown == [0.046065, 0.075328, 0.920938, 0.963398]
    assert region.flip is False


@pytest.mark.parametrize("size", [(320, 240), (100, 100), (64, 500), (499, 31), (1000, 20)])
def test_scale_and_ratio_bounds(size: tuple[int, int]) -> None:
    width, height = size
    views = Views(count=2, scale=(0.2, 0.9), ratio=(0.7, 1.5))
    fallback = 0
    for image, view in itertools.product(IDS, range(2)):
        r = views.region(image, view, width, height)
        assert -1e-9 <= r.left < r.right <= 1 + 1e-9
        assert -1e-9 <= r.top < r.bottom <= 1 + 1e-9
        w, h = (r.right - r.left) * width, (r.bottom - r.top) * height
        assert 0.7 - 1e-9 <= w / h <= 1.5 + 1e-9
        share = w * h / (width * height)
        if share < 0.2 - 1e-9:  # only where no crop of this ratio is large enough
            fallback += 1
        assert share <= 0.9 + 1e-9 or np.isclose(min(w / width, h / height), 1)
    assert fallback == (2 * len(IDS) if max(size) / min(size) > 5 else 0)


def test_spread_agrees_with_torchvisions_random_resized_crop() -> None:
    torch = pytest.importorskip("torch")
    transforms = pytest.importorskip("torchvision.transforms")
    views = Views(count=5)
    crop = transforms.RandomResizedCrop(8, scale=views.scale, ratio=views.ratio)
    image = Image.new("RGB", (300, 200))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        theirs = np.array(
            [crop.get_params(image, crop.scale, crop.ratio) for _ in range(2000)]
        )  # top, left, height, width
    regions = [views.region(i, v, 300, 200) for i in IDS for v in range(5)]
    ours = np.array(
        [
            (r.top * 200, r.left * 300, (r.bottom - r.top) * 200, (r.right - r.left) * 300)
            for r in regions
        ]
    )
    for column in range(4):
        for q in (10, 25, 50, 75, 90):
            a, b = (np.percentile(x[:, column], q) for x in (ours, theirs))
            assert abs(a - b) < 9, (column, q, a, b)
    assert 0.45 < np.mean([r.flip for r in regions]) < 0.55


def test_flip_off_changes_the_mirror_alone() -> None:
    on, off = Views(count=1), Views(count=1, flip=False)
    pairs = [(on.region(i, 0, 90, 60), off.region(i, 0, 90, 60)) for i in IDS]
    assert all((a.left, a.top, a.right, a.bottom) == (b.left, b.top, b.right, b.bottom)
               for a, b in pairs)  # fmt: skip
    assert not any(b.flip for _, b in pairs)
    assert any(a.flip for a, _ in pairs)


def test_networks_of_any_input_size_see_the_same_part() -> None:
    """Left half black, right half white: what share of white is seen tells the region."""
    pixels = np.zeros((200, 200, 3), np.uint8)
    pixels[:, 100:] = 255
    image = Image.fromarray(pixels)
    views = Views(count=1, flip=False)
    for image_id in IDS[:40]:
        region = views.region(image_id, 0, 200, 200)
        share = np.clip((region.right - 0.5) / (region.right - region.left), 0, 1)
        for side in (32, 96, 224):
            prep = imagenet(input_size=(3, side, side))
            seen = prep.pixels(image, region).mean() / 255
            assert abs(seen - share) < 0.02, (image_id, side)


def test_box_is_in_pixels() -> None:
    assert Region(0.1, 0.2, 0.5, 1.0).box(200, 50) == pytest.approx((20, 10, 100, 50))


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"count": 0}, "views is 0"),
        ({"count": 1, "scale": (0.5, 0.2)}, "scale"),
        ({"count": 1, "scale": (0.0, 1.0)}, "scale"),
        ({"count": 1, "scale": (0.5, 1.5)}, "scale"),
        ({"count": 1, "ratio": (2.0, 1.0)}, "ratio"),
        ({"count": 1, "ratio": (0.0, 1.0)}, "ratio"),
    ],
)
def test_settings_that_are_wrong(settings: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        Views(**settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [0, -1, 1001, 10**12])
def test_how_many_views_there_may_be(count: int) -> None:
    with pytest.raises(ConfigError, match="must be from 1 to 1,000"):
        Views(count=count)
