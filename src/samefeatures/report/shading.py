"""How dark a cell is: one scale for every table, method and medium."""

from __future__ import annotations

import math

LEVELS = 32
TICKS: tuple[float, ...] = (0, 0.5, 1, 2, 5, 10, 20, 50, 100)

INK = "#10141c"
# On the middle shades only pure black reaches the contrast of 4.5 that the standard asks for.
BLACK = "#000000"
PAPER = "#ffffff"

# Lightness falls steadily along both, so that the order survives a black-and-white printer.
_LIGHT = ("#ffffff", "#d6e4f2", "#9fc1e0", "#5f94c6", "#33669f", "#1d3f73", "#0c1a3a")
_DARK = ("#66749a", "#4a5b92", "#34457f", "#243166", "#171f45", "#0f142c", "#080a12")


def shade(penalty: float) -> float:
    """Darkness in [0, 1] of a penalty in percent: ``log(1 + 4 penalty) / log(401)``.

    The scale is fixed, so that two tables can be compared at a glance; it is logarithmic, so that
    0.5 % and 2 % differ to the eye beside a control that loses everything. A gain, and NaN, is 0.
    """
    if not penalty > 0:
        return 0.0
    return min(1.0, math.log1p(4 * penalty) / math.log1p(400.0))


def level(penalty: float) -> int | None:
    """``shade`` as a whole number from 0 (no penalty) to ``LEVELS``; a penalty is at least 1.

    None of NaN: what is not known is neither a loss nor none.
    """
    if math.isnan(penalty):
        return None
    darkness = shade(penalty)
    return 0 if darkness == 0 else max(1, round(darkness * LEVELS))


def background(darkness: float, *, dark_page: bool = False) -> str:
    """``#rrggbb`` of a darkness in [0, 1]; ``dark_page`` starts from slate instead of white."""
    stops = _DARK if dark_page else _LIGHT
    place = min(max(darkness, 0.0), 1.0) * (len(stops) - 1)
    first = min(int(place), len(stops) - 2)
    low, high, share = _rgb(stops[first]), _rgb(stops[first + 1]), place - first
    mixed = (round(a + (b - a) * share) for a, b in zip(low, high, strict=True))
    return "#" + "".join(f"{value:02x}" for value in mixed)


def text_on(colour: str) -> str:
    """Black or white, whichever stands out more on ``colour``."""
    return max((BLACK, PAPER), key=lambda text: contrast(text, colour))


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two ``#rrggbb`` colours, 1 to 21 (WCAG 2.2, section 1.4.3)."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    linear = [
        v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4
        for v in (channel / 255 for channel in _rgb(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
