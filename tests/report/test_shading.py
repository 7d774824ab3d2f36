"""The scale that all tables share."""

from __future__ import annotations

import itertools
import math

import pytest

from samefeatures.report.shading import (
    BLACK,
    LEVELS,
    PAPER,
    TICKS,
    background,
    contrast,
    level,
    shade,
    text_on,
)


def test_gains_and_missing_values_are_not_shaded() -> None:
    for penalty in (0.0, -0.01, -50.0):
        assert shade(penalty) == 0
        assert level(penalty) == 0
    assert shade(math.nan) == 0
    assert level(math.nan) is None


def test_darkness_follows_the_formula_and_ends_at_one() -> None:
    assert shade(1) == pytest.approx(math.log(5) / math.log(401))
    assert shade(100) == 1
    assert shade(1000) == 1
    values = [shade(tick) for tick in TICKS]
    assert values == sorted(set(values))


def test_any_loss_is_shaded_at_least_a_little() -> None:
    assert level(1e-6) == 1
    assert level(100) == LEVELS


@pytest.mark.parametrize("dark_page", [False, True])
def test_a_darker_cell_always_means_a_greater_penalty(dark_page: bool) -> None:
    greys = [contrast(background(i / 100, dark_page=dark_page), "#000000") for i in range(101)]
    assert all(a > b for a, b in itertools.pairwise(greys))


@pytest.mark.parametrize("dark_page", [False, True])
def test_text_is_readable_on_every_shade(dark_page: bool) -> None:
    for i in range(201):
        colour = background(i / 200, dark_page=dark_page)
        assert contrast(text_on(colour), colour) >= 4.5, colour


def test_contrast_agrees_with_the_values_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert text_on("#ffffff") == BLACK
    assert text_on("#0c1a3a") == PAPER
