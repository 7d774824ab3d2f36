"""Names cut in the middle, so that they still differ."""

from __future__ import annotations

import random

import pytest
from rich.cells import cell_len

from samefeatures.base.shown import cut
from samefeatures.report.short_names import short_names


@pytest.mark.parametrize(
    ("text", "width", "says"),
    [
        ("resnet18", 8, "resnet18"),
        ("efficientnet_b0", 10, "effic…t_b0"),
        ("efficientnet_b0", 2, "e…"),
        ("网络网络网络", 7, "网…网络"),
    ],
)
def test_a_cut_keeps_both_ends(text: str, width: int, says: str) -> None:
    assert cut(text, width) == says
    assert cell_len(says) <= width


def test_where_the_start_is_kept() -> None:
    assert cut("abcdefghij", 6, head=1) == "a…ghij"
    assert cut("abcdefghij", 6, head=4) == "abcd…j"


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["resnet_a", "resnet_b"], ["resnet_a", "resnet_b"]),
        (["efficientnet_lite0", "efficientnet_lite1"], ["effic…lite0", "effic…lite1"]),
        # Both ends are the same: what differs lies in the middle.
        (
            ["x" * 9 + "_one_" + "y" * 9, "x" * 9 + "_two_" + "y" * 9],
            ["xxx…x_one_y", "xxx…x_two_y"],
        ),
        (["same_name_twice_x"] * 2, ["same_…ice_x"] * 2),
    ],
)
def test_names_still_differ(names: list[str], says: list[str]) -> None:
    assert short_names(names, 11) == says


def test_where_no_cut_tells_them_apart_they_are_numbered() -> None:
    names = [f"{'a' * 9}{bits}{'a' * 9}" for bits in ("bb_____bb", "bb_____cc", "cc_____bb")]
    short = short_names(names, 6)
    assert len(set(short)) == 3
    assert all(cell_len(name) <= 6 for name in short)


@pytest.mark.parametrize(("width", "count"), [(4, 999), (5, 1200)])
def test_numbers_keep_the_width(width: int, count: int) -> None:
    """No cut tells these apart: what differs is as far from both ends as can be."""
    names = [f"{'a' * 20}{k:04}{'a' * 20}" for k in range(count)]
    short = short_names(names, width)
    assert len(set(short)) == count
    assert max(map(cell_len, short)) <= width


def test_any_names_differ() -> None:
    draw = random.Random(0)
    for width in (4, 10, 22):
        names = {"".join(draw.choices("ab网", k=draw.randint(1, 40))) for _ in range(40)}
        short = short_names(sorted(names), width)
        assert max(map(cell_len, short)) <= width
        if width > 4:
            assert len(set(short)) == len(names)
