"""From sizes and rates to stages: pure arithmetic, no clock and no file."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from samefeatures.planning.algebra import AlgebraRates, measure_work, method_work
from samefeatures.planning.analyses import analysis_costs
from samefeatures.planning.controls import ControlWork
from samefeatures.planning.done import Done
from samefeatures.planning.extent import Extent
from samefeatures.planning.images import Images
from samefeatures.planning.rates import FeatureRates
from samefeatures.planning.tasks import RULE_COLUMNS
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
    """All stages of ``samefeatures run``, in order: from nothing, and from what is done."""
    whole = _Run(extent, features, algebra, Done()).costs()
    left = _Run(extent, features, algebra, done).costs()
    return tuple(
        Stage(
            name=all_of_it.name,
            seconds=rest.seconds,
            whole=all_of_it.seconds,
            bytes=round(all_of_it.bytes),
            left=round(rest.bytes),
            factor=all_of_it.factor,
            note=all_of_it.note,
        )
        for all_of_it, rest in zip(whole, left, strict=True)
    )


@dataclass(frozen=True, slots=True)
class _Cost:
    """Of a stage, from where a run stands."""

    name: str
    seconds: float
    bytes: float = 0.0
    factor: float = SURE
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Run:
    """A run from where it stands."""

    extent: Extent
    features: FeatureRates
    algebra: AlgebraRates
    done: Done

    def costs(self) -> Iterator[_Cost]:
        """Of all stages, in order."""
        if self.extent.images:
            networks = list(self._networks())
            yield self._decoding(sum(network.seconds for network in networks))
            yield from networks
            yield from self._storing()
        yield from self._moments()
        if self.extent.folds:
            yield self._by_fold()
        yield from self._maps()
        yield self._scores()
        for cost in self._behind_scores():
            yield replace(cost, seconds=0.0, bytes=0.0) if self.done.finished else cost
        cells = len(self.extent.methods) * len(self.extent.dims) ** 2
        note = f"{cells} cells; not measured here"
        yield _Cost("report", 1.0 + CELL_SECONDS * cells, factor=GUESS, note=note)

    def _behind_scores(self) -> Iterator[_Cost]:
        """What is kept with the results."""
        yield from self._measures()
        if self.extent.spectra:
            yield self._spectra()
        yield from self._analyses()
        if self.extent.control_work is not None:
            yield from self._controls(self.extent.control_work)
        if self.extent.tasks:
            yield from self._tasks()

    def _lacks(self, images: Images, network: str) -> float:
        return 1 - self.done.rows(images.kind, images.name, network)

    def _decoding(self, networks: float) -> _Cost:
        """Where one network lacks an image, it is decoded for it."""
        images, seen, rates = self.extent.images, self.extent.seen, self.features.decode
        seconds = sum(
            s.count / rates[s.name] * max(self._lacks(s, net) for net in seen) for s in images
        )
        note = f"{sum(s.count for s in images) / seconds:,.0f} images/s" if seconds else ""
        if self.extent.device != "cpu":  # it goes on while the networks run: what is longer counts
            seconds, note = max(0.0, seconds - networks), f"{note}, beside the networks"
        return _Cost("decode and crop", seconds, note=note)

    def _networks(self) -> Iterator[_Cost]:
        for net in self.extent.seen:
            rate = self.features.forward[net]
            rows = sum(s.rows * self._lacks(s, net) for s in self.extent.images)
            note = f"{rate:,.0f} rows/s" if math.isfinite(rate) else "not timed"
            yield _Cost(f"network {net}", rows / rate, note=note)

    def _storing(self) -> Iterator[_Cost]:
        """With ``store: false`` the eval side alone is stored."""
        images = [s for s in self.extent.images if self.extent.stored or s.kind == "eval"]
        if not images:
            return
        seconds = disk = plain = 0.0
        for part in images:
            for net in self.extent.seen:
                lacks = self._lacks(part, net)
                size = 4.0 * part.rows * self.extent.dims[net]
                calls = math.ceil(part.rows / 256)
                seconds += self.features.store.write.at(size, calls=calls) * lacks
                disk += size * self.features.store.shares[net] * lacks
                plain += size * lacks
        share = disk / plain if plain else 1
        note = "" if share == 1 else f"{100 * share:.0f}% of float32 after compression"
        yield _Cost(STORE, seconds, disk, note=note)

    def _reading(self, kind: str) -> float:
        """Seconds of a pass over stored features; none where they are in memory anyway."""
        extent = self.extent
        if not extent.stored and kind == "fit":
            return 0.0
        rows = extent.rows[0 if kind == "fit" else 1]
        total = sum(extent.dims[name] for name in extent.seen)
        calls = len(extent.seen) * rows / 256
        return self.features.store.read.at(4.0 * rows * total, calls=calls)

    def _moments(self) -> Iterator[_Cost]:
        total = self.extent.sizes.total
        for kind, rows in zip(("fit", "eval"), self.extent.rows, strict=True):
            lacks = 1 - self.done.moments.get(kind, 0.0)
            seconds = self.algebra.moments.at(rows * total**2 / 2) + self._reading(kind)
            note = f"{rows:,} rows of {total:,} features"
            disk = self.extent.moment_bytes * lacks
            yield _Cost(f"moments of the {kind} set", seconds * lacks, disk, note=note)

    def _by_fold(self) -> _Cost:
        """A pass for each number of folds, while a map that is chosen by them is missing."""
        extent, rows = self.extent, self.extent.rows[0]
        asking = [e.label for e in extent.methods if e.build().needs_folds]
        passes = len(extent.folds) * any(self.done.maps.get(label, 0.0) < 1 for label in asking)
        work = rows * extent.sizes.total**2 / 2
        seconds = passes * (self.algebra.moments.at(work) + self._reading("fit"))
        note = f"{rows:,} rows in {' and '.join(map(str, sorted(extent.folds)))} folds"
        return _Cost("moments by fold", seconds, factor=ROUGH, note=note)

    def _maps(self) -> Iterator[_Cost]:
        sizes = self.extent.sizes
        for entry in self.extent.methods:
            method, rate = entry.build(), self.algebra.maps[entry.label]
            lacks = 1 - self.done.maps.get(entry.label, 0.0)
            seconds = rate.at(method_work(sizes, method), calls=sizes.hybrids) * lacks
            note = "; ".join(filter(None, (f"{sizes.hybrids} maps", method.note(sizes))))
            factor = GUESS if method.needs_rows else ROUGH
            yield _Cost(f"maps: {entry.label}", seconds, 8 * sizes.pairs * lacks, factor, note)

    def _scores(self) -> _Cost:
        """Of what is kept, tests alone are done anew."""
        extent, rates = self.extent, self.algebra
        hybrids, rows, networks = extent.hybrids, extent.rows[1], len(extent.dims)
        methods = len(extent.methods)
        lacks = 1 - sum(self.done.scores.get(e.label, 0.0) for e in extent.methods) / methods
        kept = rates.score.at(rows * (hybrids + networks)) + (methods + 1) * self._reading("eval")
        kept += rates.judge.at(extent.judging, calls=hybrids)
        tests = rates.compare.at(float(hybrids * rows), calls=hybrids)
        once, each = RESULT_SECONDS
        writing = once + each * methods * networks**2
        note = f"{hybrids + networks} heads on {rows:,} rows"
        seconds, disk = kept * lacks + tests + writing, extent.prediction_bytes * lacks
        return _Cost("scores", seconds, disk, ROUGH, note)

    def _measures(self) -> Iterator[_Cost]:
        """Those beside R² and cosine, which are among the scores."""
        for name, rate in self.algebra.measures.items():
            measure = MEASURES.get(name)()
            work, values = measure_work(self.extent.sizes, measure)
            seconds, note = rate.at(work, calls=values), f"{values} values"
            if measure.reads != "moments":
                seconds += self._reading("eval")
            yield _Cost(f"measure: {name}", seconds, factor=ROUGH, note=note)

    def _spectra(self) -> _Cost:
        """Eigenvalues of every space, and what every map makes of its source's moments."""
        extent, sizes = self.extent, self.extent.sizes
        spaces = 10.0 * sum(d**3 for d in sizes.dims)
        maps = 3.0 * len(extent.methods) * sizes.products
        seconds = self.algebra.moments.at(spaces + maps)
        note = f"{len(sizes.dims)} spaces, {len(extent.methods) * sizes.hybrids} maps"
        return _Cost("spectra", seconds, factor=GUESS, note=note)

    def _analyses(self) -> Iterator[_Cost]:
        extent = self.extent
        for cost in analysis_costs(
            extent.analyses,
            extent.sizes,
            extent.rows[1],
            self.algebra,
            reading=self._reading("fit"),
        ):
            yield _Cost(cost.name, cost.seconds, factor=GUESS, note=cost.note)

    def _controls(self, work: ControlWork) -> Iterator[_Cost]:
        """More networks, more columns of the moments, and what is measured beyond them."""
        extent, features, algebra = self.extent, self.features, self.algebra
        (fit_rows, eval_rows), count = extent.rows, len(extent.dims)
        seeds = work.chosen.seeds
        if extent.seen and (seeds or work.pixels):
            rows = sum(s.rows for s in extent.images)
            seconds = sum(s.count / features.decode[s.name] for s in extent.images)
            seconds += seeds * rows * sum(1 / features.forward[n] for n in extent.seen)
            disk = 4.0 * rows * (seeds * sum(extent.dims[n] for n in extent.seen) + work.pixels)
            note = f"{seeds * len(extent.seen)} networks with random weights, and pixels"
            yield _Cost("controls: networks", seconds, disk, GUESS, note)
        seconds = algebra.moments.at(work.moments * (fit_rows + eval_rows))
        note = f"beside the networks, in {work.chosen.folds} folds"
        disk = float(extent.control_bytes)
        yield _Cost("controls: moments", seconds, disk, GUESS, note)
        seconds = algebra.score.at((count - 1) * (4.0 * eval_rows + 2 * fit_rows))
        seconds += algebra.score.at(count * (count - 1) * (2.0 + seeds) * eval_rows)
        seconds += algebra.moments.at(work.beyond(eval_rows)) + 3 * self._reading("fit")
        note = "hybrids of every space, and R² beyond what is given"
        yield _Cost("controls", seconds, factor=GUESS, note=note)
        yield from self._beyond(work)

    def _beyond(self, work: ControlWork) -> Iterator[_Cost]:
        """Measures of two spaces, of what is left beyond all that is given."""
        extent, readings = self.extent, len(work.chosen.given) * len(self.extent.dims)
        calls = readings * (len(extent.dims) - 1) * (2 if work.chosen.class_noise else 1)
        read = {"moments": 0, "norms": extent.rows[1], "rows": extent.sizes.sample}
        passes = {"moments": 0, "norms": readings, "rows": 1}
        for name, rate in self.algebra.measures.items():
            measure = MEASURES.get(name)()
            if measure.judges != "spaces":
                continue
            seconds = rate.at(work.measured(measure, extent.sizes), calls=calls)
            seconds += self.algebra.moments.at(work.read(read[measure.reads]))
            seconds += passes[measure.reads] * self._reading("eval")
            note = f"{calls} values beyond what is given, nulls among them"
            yield _Cost(f"controls: {name}", seconds, factor=GUESS, note=note)

    def _tasks(self) -> Iterator[_Cost]:
        """Images of their own through all networks, rules on the eval images; then the probes."""
        extent, features = self.extent, self.features
        own = [images for task in extent.tasks for images in task.images]
        ruled = [] if all(task.images for task in extent.tasks) else extent.images
        asked = [images for images in ruled if images.kind == "eval"]
        rows = sum(images.rows for images in own)
        seconds = sum(s.count / features.decode[s.name] for s in (*own, *asked))
        seconds += rows * sum(1 / features.forward[name] for name in extent.seen)
        disk = 4.0 * rows * sum(extent.dims[name] for name in extent.seen)
        disk += 4.0 * RULE_COLUMNS * sum(images.rows for images in asked)
        note = f"{rows:,} images of their own" if own else "rules on the eval images"
        yield _Cost("tasks: images", seconds, disk, GUESS, note)
        methods = sum(entry.build().uses == "images" for entry in extent.methods)
        count = len(extent.dims)
        work = sum(task.scored(count, methods, extent.classes) for task in extent.tasks)
        seconds = self.algebra.score.at(work) + self._reading("fit")
        note = f"{len(extent.tasks) * count} probes, and hybrids into them"
        yield _Cost("tasks", seconds, factor=GUESS, note=note)


def total(stages: Sequence[Stage]) -> float:
    """Seconds of everything that is still to be done."""
    return sum(stage.seconds for stage in stages)


def dominating(stages: Sequence[Stage]) -> Stage:
    """The stage that takes longest, of those whose time is known."""
    return max(stages, key=lambda stage: stage.seconds if math.isfinite(stage.seconds) else -1)
