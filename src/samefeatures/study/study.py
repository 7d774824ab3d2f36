"""The N x N study: extract, fit, score, each going on where it was stopped."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from samefeatures.algebra import Algebra, open_algebra
from samefeatures.base.errors import ConfigError
from samefeatures.base.files import writing
from samefeatures.base.progress import Progress, Silent
from samefeatures.features.place import Root
from samefeatures.features.rows import FeatureRows
from samefeatures.maps import AffineMap, SourceProblem
from samefeatures.maps.heads import HeadInverses
from samefeatures.moments.record import Moments
from samefeatures.networks.record import ImageNetwork
from samefeatures.study.classes import class_changes, count_classes, write_classes
from samefeatures.study.config import StudyConfig, read_config
from samefeatures.study.control_stage import controls_of
from samefeatures.study.curves import curve_summary
from samefeatures.study.inputs import StudyInputs, open_inputs
from samefeatures.study.map_files import MapFiles, map_key
from samefeatures.study.methods import MethodConfig
from samefeatures.study.results import CurveSummary, StudyResults
from samefeatures.study.runner import LocalRunner, Runner, feature_root
from samefeatures.study.scoring import Scorer
from samefeatures.study.sides import Side, eval_side, fit_side, rows_of_another
from samefeatures.study.streaming import Stream
from samefeatures.study.summaries import (
    label_warnings,
    method_summary,
    network_summary,
    study_warnings,
    versions,
)
from samefeatures.study.tables import write_cells, write_controls, write_predictions


class Study:
    """One study in one folder.

    ``extract``, ``fit`` and ``score`` each do what is missing of the stages before them, and of
    their own, and nothing twice.

    Args:
        config: What to do.
        out: Folder for everything that comes out; created.
        base: Where relative paths of the config start.
        progress: Shows how far it is.
        runner: Where extraction and moments run; None is this process.
    """

    def __init__(
        self,
        config: StudyConfig,
        *,
        out: Path,
        base: Path,
        progress: Progress | None = None,
        runner: Runner | None = None,
    ) -> None:
        self.config = config
        self.out = out
        self.base = base
        self.progress = progress or Silent()
        if runner is not None and config.store is False:
            raise ConfigError(
                "'store: false' keeps no features that several processes could share. Run it in "
                "one process, or say 'store: true'."
            )
        self._local = LocalRunner(config, folder=out, base=base, progress=self.progress)
        self.runner: Runner = runner or self._local
        with writing(out):
            out.mkdir(parents=True, exist_ok=True)

    @cached_property
    def inputs(self) -> StudyInputs:
        """The loaded networks and listed images."""
        return open_inputs(self.config, base=self.base, progress=self.progress)

    @cached_property
    def fit_features(self) -> Side:
        """Rows that maps are fitted on, extracted if need be.

        With ``store: false`` they have gone into moments, and can't be read.
        """
        if self.config.store is False:
            return self.stream.side()
        return fit_side(self.inputs, self.runner)

    @cached_property
    def eval_features(self) -> Side:
        """Rows that hybrids are scored on, extracted if need be."""
        return eval_side(self.inputs, self.runner)

    @property
    def features(self) -> tuple[Side, Side]:
        """Fit side and eval side."""
        return self.fit_features, self.eval_features

    @cached_property
    def stream(self) -> Stream:
        """Extraction straight into moments, for ``store: false``."""
        return Stream(
            self.config,
            self.inputs,
            folder=self.out / "moments",
            algebra=self.algebra,
            progress=self.progress,
            meter=self._local.meter,
        )

    @cached_property
    def algebra(self) -> Algebra:
        """Where moments, maps and scores are computed."""
        return open_algebra(self.config.algebra_device)

    @cached_property
    def maps(self) -> MapFiles:
        """Where the maps lie."""
        labels = [entry.label for entry in self.config.methods]
        return MapFiles(self.out / "maps", labels, list(self.inputs.networks))

    def map_key(self, entry: MethodConfig) -> str:
        """Everything that decides the maps of a method."""
        return map_key(
            entry,
            list(self.fit_features.rows.values()),
            list(self.inputs.networks.values()),
            precision=self.config.algebra.precision,
        )

    @property
    def feature_root(self) -> Root:
        """Where the feature stores lie."""
        return feature_root(self.config, folder=self.out, base=self.base)

    @property
    def classes(self) -> int:
        """Of every network of the study."""
        return next(iter(self.inputs.networks.values())).head.classes

    def extract(self) -> tuple[Side, Side]:
        """Features of all networks on all images.

        Raises:
            SamefeaturesError: any of its kinds; what is stored stays.
        """
        return self.features

    def extract_another(self, network: ImageNetwork) -> tuple[FeatureRows, FeatureRows]:
        """Fit rows and eval rows of a network that is not of the study, e.g. for a control.

        Always in this process: other machines know the networks of the study's file alone.
        """
        return rows_of_another(self.inputs, self._local, network)

    def fit(self) -> None:
        """All maps of all methods, saved as ``maps/LABEL/SOURCE--TARGET.safetensors``."""
        algebra = self.algebra  # a device that is not there is said before hours of extraction
        fit = self.fit_features
        todo = {m.label: self.maps.missing(m, self.map_key(m)) for m in self.config.methods}
        total = sum(map(len, todo.values()))
        if total == 0:
            return
        moments = self.fit_moments()
        advance = self.progress.task("fit maps", total)
        heads = HeadInverses(self.inputs.networks, algebra=algebra)
        for source in self.inputs.networks:
            problem = SourceProblem(
                source,
                self.inputs.networks,
                moments,
                rows=fit.rows,
                algebra=algebra,
                heads=heads,
                progress=self.progress,
            )
            for entry in self.config.methods:
                targets = [b for a, b in todo[entry.label] if a == source]
                kept = problem.keeping(self.maps.checkpoint_path(entry.label, source))
                for fitted in entry.build().fit(kept, targets):
                    self.maps.keep(entry.label, fitted)
                    advance(1)

    def fit_moments(self) -> Moments:
        """Moments of the fit set, of which all closed-form maps are made."""
        if self.config.store is False:
            return self.stream.moments()
        return self.runner.moments(list(self.fit_features.rows.values()), kind="fit")

    def eval_moments(self) -> Moments:
        """Moments of the eval set, for R² and cosine."""
        return self.runner.moments(list(self.eval_features.rows.values()), kind="eval")

    def score(self) -> StudyResults:
        """Score every cell; writes ``results.*``, ``predictions.parquet`` and ``study.json``."""
        self.fit()
        fit, evaluation = self.features
        scorer = Scorer(
            networks=self.inputs.networks,
            rows=evaluation.rows,
            moments=self.eval_moments(),
            folder=self.out / "scores",
            algebra=self.algebra,
        )
        keys = {entry.label: self.map_key(entry) for entry in self.config.methods}
        scored = scorer.run(keys, self.load_maps, self.progress)
        per_class = count_classes(scored.predictions, scorer.labels())
        controls = controls_of(self, scored.own, scorer.labels()) if self.config.controls else None
        results = StudyResults(
            title=self.config.title,
            networks=tuple(
                network_summary(net, scored.own[n]) for n, net in self.inputs.networks.items()
            ),
            methods=tuple(method_summary(entry) for entry in self.config.methods),
            cells=scored.cells,
            fits=scored.fits,
            curves=tuple(self._curves()),
            fit_data=fit.summary,
            eval_data=evaluation.summary,
            settings=settings_of(self.config),
            versions=versions(),
            classes=tuple(class_changes(per_class)),
            class_names=self.inputs.class_names,
            controls=controls,
            warnings=(
                *study_warnings(scored.fits, fit.summary, evaluation.summary),
                *label_warnings(scorer.labels(), self.classes),
            ),
        )
        with writing(self.out):
            write_cells(scored.cells, self.out)
            ids = next(iter(evaluation.rows.values())).ids
            path = self.out / "predictions.parquet"
            write_predictions(ids, scorer.labels(), scored.predictions, path)
            write_classes(per_class, self.out / "per_class.parquet")
            if controls:
                write_controls(controls, self.out / "controls.csv")
            results.save(self.results_path)
        return results

    def _curves(self) -> Iterator[CurveSummary]:
        """Of every map that was fitted step by step."""
        for entry in self.config.methods:
            for source in self.inputs.networks:
                for target, fitted in self.load_maps(entry.label, source).items():
                    path = self.maps.curve_path(entry.label, source, target)
                    curve = curve_summary(entry.label, fitted, path)
                    if curve is not None:
                        yield curve

    @property
    def results_path(self) -> Path:
        """Where ``score`` leaves the record that the report reads."""
        return self.out / "study.json"

    def load_maps(self, label: str, source: str) -> Mapping[str, AffineMap]:
        """All saved maps of one method out of one source, by target."""
        return {
            target: self.maps.load(label, source, target)
            for target in self.inputs.networks
            if target != source
        }


def settings_of(config: StudyConfig) -> dict[str, Any]:
    """All of a config as plain values, but for what changes no result."""
    return dict(json.loads(config.model_dump_json(exclude_none=True, exclude={"cluster"})))


def open_study(
    path: Path, *, out: Path | None = None, strict: bool = False, progress: Progress | None = None
) -> Study:
    """A study from its file; ``out`` and ``strict`` win over what the file says.

    Raises:
        ConfigError: when the file is wrong, or names no folder and none is given.
    """
    config = read_config(path)
    if out is None and config.out is None:
        raise ConfigError(
            f"{path} names no folder for what comes out. Give --out DIR, or 'out: DIR' in the file."
        )
    if strict and not config.strict:
        config = config.model_copy(update={"strict": True})
    folder = out if out is not None else path.parent / str(config.out)
    return Study(config, out=folder, base=path.parent, progress=progress)
