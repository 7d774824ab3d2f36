"""docs/scaling.png: seconds against size, for each of the three things that grow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib.figure import Figure

OVER = ("networks", "features", "images")
STYLES = {"moments": "o", "OLS maps": "s", "OLS maps, one source": "s", "scores": "^",
          "extraction": "D"}  # fmt: skip
COLOURS = {"moments": "#0072B2", "OLS maps": "#D55E00", "OLS maps, one source": "#D55E00",
           "scores": "#009E73", "extraction": "#555555"}  # fmt: skip


def draw(record: Mapping[str, Any], path: Path) -> Path:
    """Three panels on logarithmic axes; points were measured, lines are the fitted powers."""
    figure = Figure(figsize=(11, 4.1), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    for panel, over in zip(panels, OVER, strict=True):
        for each in (g for g in record["growths"] if g["over"] == over):
            sizes, times = (np.array(each[k], float) for k in ("sizes", "seconds"))
            colour = COLOURS[each["stage"]]
            power, start = np.polyfit(np.log(sizes), np.log(times), 1)
            label = f"{each['stage']}: {power:.2f}"
            panel.plot(sizes, times, STYLES[each["stage"]], color=colour, label=label, ms=6)
            panel.plot(sizes, np.exp(start) * sizes**power, color=colour, lw=1)
        panel.set_xscale("log", base=2)
        panel.set_yscale("log")
        panel.set_xlabel(over)
        panel.xaxis.set_major_formatter(lambda v, _: f"{v:,.0f}")
        panel.set_xticks([2.0**k for k in _powers(panel.get_xlim())])
        panel.minorticks_off()
        panel.grid(alpha=0.25)
        panel.legend(title="fitted exponent", fontsize=8, title_fontsize=8, loc="upper left")
    panels[0].set_ylabel("seconds")
    low, high = panels[0].get_ylim()
    panels[0].set_ylim(low, high * 8)  # room for the legends
    figure.savefig(path, dpi=110)
    return path


def _powers(limits: tuple[float, float]) -> range:
    low, high = np.log2(limits)
    return range(int(np.ceil(low)), int(np.floor(high)) + 1)
