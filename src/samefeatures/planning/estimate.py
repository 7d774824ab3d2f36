"""From sizes and rates to stages: pure arithmetic, no clock and no file."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from samefeatures.planning.algebra import AlgebraRates, method_work
from samefeatures.planning.done import Done
from samefeatures.planning.needs import Size
from samefeatures.planning.rates import FeatureRates
from samefeatures.study.methods import MethodConfig

SURE, ROUGH, GUESS = 1.5, 2.0, 3.0
"""The factor that a stage is expected to be right within."""
STORE = "store features"
"""The stage that writes features."""
CELL_SECONDS = 0.012
"""Tables and figures of one cell, on the machine that the benchmarks ran on."""
RESULT_SECONDS = 0.3, 0.003
"""Writing results: once, and for each cell; on the same machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One source of images: ``kind`` is ``fit`` or ``eval``."""

    kind: str
    name: str
    images: int
    views: int = 1

    @property
    def rows(self) -> int:
        return self.images * self.views


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """Everything about a study that decides what it takes.

    Attributes:
        dims: Features by network.
        seen: Networks that see images, in order; the others bring features.
        sources: Of images.
        rows: Fit rows and eval rows.
        classes: Of every head.
        methods: As in the study file.
        controls: Whether they are taken.
        device: Of the networks; on ``cpu`` decoding and networks share the processor.
        stored: Whether features are stored.
        batch_size: Rows per forward pass.
    """

    dims: Mapping[str, int]
    seen: tuple[str, ...]
    sources: tuple[Source, ...]
    rows: tuple[int, int]
    classes: int
    methods: tuple[MethodConfig, ...]
    controls: bool = False
    device: str = "cpu"
    stored: bool = True
    batch_size: int = 32

    @property
    def size(self) -> Size:
        """The same as plain sizes."""
        return Size(
            dims=tuple(self.dims.values()),
            fit_rows=self.rows[0],
            eval_rows=self.rows[1],
            methods=tuple(entry.name for entry in self.methods),
            classes=self.classes,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What one stage takes.

    Attributes:
        name: Short.
        seconds: Of what is still to be done.
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
    return _stage(f"network {network}", rows / rate, kept / rows, note=f"{rate:,.0f} rows/s")


def _write(extent: Extent, rates: FeatureRates, done: Done) -> Iterator[Stage]:
    """With ``store: false`` the eval side alone is stored."""
    sources = [s for s in extent.sources if extent.stored or s.kind == "eval"]
    if not sources:
        return
    seconds = left_seconds = disk = left = 0.0
    for source in sources:
        for net in extent.seen:
            size = 4.0 * source.rows * extent.dims[net]
            lacks = 1 - done.rows(source.kind, source.name, net)
            took = rates.write.at(size, calls=math.ceil(source.rows / 256))
            seconds, left_seconds = seconds + took, left_seconds + took * lacks
            disk += size * rates.stored[net]
            left += size * rates.stored[net] * lacks
    share = disk / max(1.0, sum(4.0 * s.rows * extent.dims[n] for s in sources
                                for n in extent.seen))  # fmt: skip
    yield Stage(
        name=STORE, seconds=left_seconds, whole=seconds, bytes=round(disk),
        left=round(left), note=f"{100 * share:.0f}% of float32 after compression",
    )  # fmt: skip


def _read_seconds(extent: Extent, rates: FeatureRates, kind: str) -> float:
    """One pass over stored features; none where they are in memory anyway."""
    if not extent.stored and kind == "fit":
        return 0.0
    rows = extent.rows[0 if kind == "fit" else 1]
    calls = len(extent.seen) * rows / 256
    total = sum(extent.dims[name] for name in extent.seen)
    return rates.read.at(4.0 * rows * total, calls=calls)


def _moments(
    extent: Extent, features: FeatureRates, algebra: AlgebraRates, done: Done
) -> Iterator[Stage]:
    size = extent.size
    for kind, rows in zip(("fit", "eval"), extent.rows, strict=True):
        work = rows * size.total**2 / 2
        seconds = algebra.moments.at(work) + _read_seconds(extent, features, kind)
        note = f"{rows:,} rows of {size.total:,} features"
        bytes_ = 8 * size.total**2
        share = done.moments.get(kind, 0.0)
        yield _stage(f"moments of the {kind} set", seconds, share, bytes_, note=note)


def _maps(extent: Extent, rates: AlgebraRates, done: Done) -> Iterator[Stage]:
    size = extent.size
    for entry in extent.methods:
        share = done.maps.get(entry.label, 0.0)
        method = entry.build()
        seconds = rates.maps[entry.label].at(method_work(size, method), calls=size.hybrids)
        note = "; ".join(filter(None, (f"{size.hybrids} maps", method.note(size))))
        factor = GUESS if method.needs_rows else ROUGH
        yield _stage(
            f"maps: {entry.label}", seconds, share, 8 * size.pairs, factor=factor, note=note
        )


def _scores(extent: Extent, features: FeatureRates, rates: AlgebraRates, done: Done) -> Stage:
    size = extent.size
    hybrids = size.hybrids * len(extent.methods)
    shares = [done.scores.get(entry.label, 0.0) for entry in extent.methods]
    passes = len(extent.methods) + 1
    score = rates.score.at(size.eval_rows * (hybrids + len(size.dims)))
    score += passes * _read_seconds(extent, features, "eval")
    judge = rates.judge.at(size.closeness_work(), calls=hybrids)
    tests = rates.compare.at(float(hybrids * size.eval_rows), calls=hybrids)
    once, each = RESULT_SECONDS
    tests += once + each * len(extent.methods) * len(size.dims) ** 2
    return Stage(
        name="scores",
        seconds=score * (1 - sum(shares) / len(shares)) + judge + tests,
        whole=score + judge + tests,
        bytes=size.prediction_bytes(),
        left=size.prediction_bytes(),
        factor=ROUGH,
        note=f"{hybrids + len(size.dims)} heads on {size.eval_rows:,} rows",
    )


def _controls(extent: Extent, features: FeatureRates, rates: AlgebraRates) -> Iterator[Stage]:
    """One more network with random weights, and four groups of hybrids out of one source."""
    if not extent.controls or len(extent.dims) < 2:
        return
    size, one = extent.size, 1 / len(extent.dims)
    seconds = 0.0
    if extent.seen:
        rows = sum(s.rows for s in extent.sources)
        seconds += sum(s.images / features.decode[s.name] for s in extent.sources)
        seconds += rows * sum(1 / features.forward[n] for n in extent.seen) / len(extent.seen)
    targets = len(size.dims) - 1
    seconds += rates.score.at(targets * (4.0 * size.eval_rows + size.fit_rows))
    seconds += 3 * rates.moments.at(2 * one * size.fit_rows * size.total**2 / 2)
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
    """The stage that takes longest."""
    return max(stages, key=lambda stage: stage.seconds)
