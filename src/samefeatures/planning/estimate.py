"""From sizes and rates to stages: pure arithmetic, no clock and no file."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from samefeatures.planning.algebra import AlgebraRates, measure_work, method_work
from samefeatures.planning.done import Done
from samefeatures.planning.extent import Extent
from samefeatures.planning.rates import FeatureRates
from samefeatures.similarity import MEASURES

SURE, ROUGH, GUESS = 1.5, 2.0, 3.0
"""The factor that a stage is expected to be right within."""
STORE = "store features"
"""The stage that writes features."""
CELL_SECONDS = 0.012
"""Tables and figures of one cell, on the machine that the benchmarks ran on."""
RESULT_SECONDS = 0.3, 0.003
"""Writing results: once, and for each cell; on the same machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What one stage takes.

    Attributes:
        name: Short.
        seconds: Of what is still to be done; NaN where a rate is.
        whole: Seconds from nothing.
        bytes: On disk when it is done.
        left: Bytes still to be written.
        factor: The figure is expected to be right within this factor.
        note: What it rests on.
    """

    name: str
    seconds: float
    whole: float
    bytes: int = 0
    left: int = 0
    factor: float = SURE
    note: str = ""


def estimate(
    extent: Extent, features: FeatureRates, algebra: AlgebraRates, done: Done
) -> tuple[Stage, ...]:
    """All stages of ``samefeatures run``, in order."""
    return (
        *_extraction(extent, features, done),
        *_moments(extent, features, algebra, done),
        *_maps(extent, algebra, done),
        _scores(extent, features, algebra, done),
        *_measures(extent, algebra),
        *_controls(extent, features, algebra),
        _report(extent),
    )


def _stage(
    name: str, whole: float, share: float, size: float = 0, *, factor: float = SURE, note: str = ""
) -> Stage:
    """A stage of which ``share`` is done."""
    left = 1 - share
    return Stage(
        name=name,
        seconds=whole * left,
        whole=whole,
        bytes=round(size),
        left=round(size * left),
        factor=factor,
        note=note,
    )


def _extraction(extent: Extent, rates: FeatureRates, done: Done) -> Iterator[Stage]:
    sources = extent.sources
    if not sources:
        return
    # Where one network lacks an image, it is decoded for it.
    lacks = {s: max(1 - done.rows(s.kind, s.name, net) for net in extent.seen) for s in sources}
    decode = {s: s.images / rates.decode[s.name] for s in sources}
    left = {s: decode[s] * lacks[s] for s in sources}
    forward = [_forward(extent, rates, done, net) for net in extent.seen]
    beside = extent.device != "cpu"
    whole, rest = sum(decode.values()), sum(left.values())
    note = f"{sum(s.images for s in sources) / whole:,.0f} images/s" if whole else ""
    if beside:  # decoding goes on while the networks run: only what is longer counts
        whole = max(0.0, whole - sum(stage.whole for stage in forward))
        rest = max(0.0, rest - sum(stage.seconds for stage in forward))
        note += ", beside the networks"
    yield Stage(name="decode and crop", seconds=rest, whole=whole, note=note)
    yield from forward
    yield from _write(extent, rates, done)


def _forward(extent: Extent, rates: FeatureRates, done: Done, network: str) -> Stage:
    rate = rates.forward[network]
    rows = sum(s.rows for s in extent.sources)
    kept = sum(s.rows * done.rows(s.kind, s.name, network) for s in extent.sources)
    note = f"{rate:,.0f} rows/s" if math.isfinite(rate) else "not timed"
    return _stage(f"network {network}", rows / rate, kept / rows, note=note)


def _write(extent: Extent, rates: FeatureRates, done: Done) -> Iterator[Stage]:
    """With ``store: false`` the eval side alone is stored."""
    sources = [s for s in extent.sources if extent.stored or s.kind == "eval"]
    if not sources:
        return
    seconds = left_seconds = disk = left = plain = 0.0
    for source in sources:
        for net in extent.seen:
            size = 4.0 * source.rows * extent.dims[net]
            lacks = 1 - done.rows(source.kind, source.name, net)
            took = rates.store.write.at(size, calls=math.ceil(source.rows / 256))
            seconds, left_seconds = seconds + took, left_seconds + took * lacks
            disk += size * rates.store.shares[net]
            left += size * rates.store.shares[net] * lacks
            plain += size
    share = disk / max(1.0, plain)
    note = "" if share == 1 else f"{100 * share:.0f}% of float32 after compression"
    yield Stage(
        name=STORE, seconds=left_seconds, whole=seconds, bytes=round(disk), left=round(left),
        note=note,
    )  # fmt: skip


def _read_seconds(extent: Extent, rates: FeatureRates, kind: str) -> float:
    """One pass over stored features; none where they are in memory anyway."""
    if not extent.stored and kind == "fit":
        return 0.0
    rows = extent.rows[0 if kind == "fit" else 1]
    calls = len(extent.seen) * rows / 256
    total = sum(extent.dims[name] for name in extent.seen)
    return rates.store.read.at(4.0 * rows * total, calls=calls)


def _moments(
    extent: Extent, features: FeatureRates, algebra: AlgebraRates, done: Done
) -> Iterator[Stage]:
    total = extent.sizes.total
    for kind, rows in zip(("fit", "eval"), extent.rows, strict=True):
        seconds = algebra.moments.at(rows * total**2 / 2) + _read_seconds(extent, features, kind)
        note = f"{rows:,} rows of {total:,} features"
        share = done.moments.get(kind, 0.0)
        yield _stage(f"moments of the {kind} set", seconds, share, extent.moment_bytes, note=note)


def _maps(extent: Extent, rates: AlgebraRates, done: Done) -> Iterator[Stage]:
    sizes = extent.sizes
    for entry in extent.methods:
        share = done.maps.get(entry.label, 0.0)
        method = entry.build()
        seconds = rates.maps[entry.label].at(method_work(sizes, method), calls=sizes.hybrids)
        note = "; ".join(filter(None, (f"{sizes.hybrids} maps", method.note(sizes))))
        factor = GUESS if method.needs_rows else ROUGH
        yield _stage(
            f"maps: {entry.label}", seconds, share, 8 * sizes.pairs, factor=factor, note=note
        )


def _scores(extent: Extent, features: FeatureRates, rates: AlgebraRates, done: Done) -> Stage:
    hybrids, rows, networks = extent.hybrids, extent.rows[1], len(extent.dims)
    shares = [done.scores.get(entry.label, 0.0) for entry in extent.methods]
    passes = len(extent.methods) + 1
    score = rates.score.at(rows * (hybrids + networks))
    score += passes * _read_seconds(extent, features, "eval")
    judge = rates.judge.at(extent.judging, calls=hybrids)
    tests = rates.compare.at(float(hybrids * rows), calls=hybrids)
    once, each = RESULT_SECONDS
    tests += once + each * len(extent.methods) * networks**2
    return Stage(
        name="scores",
        seconds=score * (1 - sum(shares) / len(shares)) + judge + tests,
        whole=score + judge + tests,
        bytes=extent.prediction_bytes,
        left=extent.prediction_bytes,
        factor=ROUGH,
        note=f"{hybrids + networks} heads on {rows:,} rows",
    )


def _measures(extent: Extent, rates: AlgebraRates) -> Iterator[Stage]:
    """Those beside R² and cosine, which are among the scores."""
    for name, rate in rates.measures.items():
        work, values = measure_work(extent.sizes, MEASURES.get(name)())
        seconds = rate.at(work, calls=values)
        note = f"{values} values"
        yield Stage(
            name=f"measure: {name}", seconds=seconds, whole=seconds, factor=ROUGH, note=note
        )


def _controls(extent: Extent, features: FeatureRates, rates: AlgebraRates) -> Iterator[Stage]:
    """One more network with random weights, and four groups of hybrids out of one source."""
    if not extent.controls or len(extent.dims) < 2:
        return
    (fit_rows, eval_rows), total, one = extent.rows, extent.sizes.total, 1 / len(extent.dims)
    seconds = 0.0
    if extent.seen:
        rows = sum(s.rows for s in extent.sources)
        seconds += sum(s.images / features.decode[s.name] for s in extent.sources)
        seconds += rows * sum(1 / features.forward[n] for n in extent.seen) / len(extent.seen)
    seconds += rates.score.at((len(extent.dims) - 1) * (4.0 * eval_rows + fit_rows))
    seconds += 3 * rates.moments.at(2 * one * fit_rows * total**2 / 2)
    seconds += 3 * _read_seconds(extent, features, "fit")
    yield Stage(
        name="controls", seconds=seconds, whole=seconds, factor=GUESS,
        note="one network with random weights, shuffled pairs, the fit set",
    )  # fmt: skip


def _report(extent: Extent) -> Stage:
    cells = len(extent.methods) * len(extent.dims) ** 2
    seconds = 1.0 + CELL_SECONDS * cells
    return Stage(
        name="report", seconds=seconds, whole=seconds, factor=GUESS,
        note=f"{cells} cells; not measured here",
    )  # fmt: skip


def total(stages: Sequence[Stage]) -> float:
    """Seconds of everything that is still to be done."""
    return sum(stage.seconds for stage in stages)


def dominating(stages: Sequence[Stage]) -> Stage:
    """The stage that takes longest, of those whose time is known."""
    return max(stages, key=lambda stage: stage.seconds if math.isfinite(stage.seconds) else -1)
