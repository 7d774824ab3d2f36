"""The N x N study: extract, fit, score, each going on where it was stopped."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from samefeatures.data.imageset import digest
from samefeatures.errors import ConfigError, MapError
from samefeatures.features.extract import ExtractOptions, extract
from samefeatures.features.rows import ArrayRows, FeatureRows, JoinedRows, check_same_images
from samefeatures.features.store import StoredFeatures
from samefeatures.files import write_whole, writing
from samefeatures.maps import AffineMap, RowMethod, SourceProblem
from samefeatures.moments import Moments
from samefeatures.networks.network import ImageNetwork
from samefeatures.progress import Progress, Silent
from samefeatures.study.accumulate import accumulate, moments_key
from samefeatures.study.classes import class_changes, count_classes, write_classes
from samefeatures.study.config import MethodConfig, StudyConfig, read_config
from samefeatures.study.control_stage import controls_of
from samefeatures.study.curves import curve_summary
from samefeatures.study.inputs import Part, StudyInputs, feature_file_networks, open_inputs
from samefeatures.study.results import CurveSummary, DataSummary, LeftOut, StudyResults
from samefeatures.study.scoring import Scorer
from samefeatures.study.summaries import (
    label_warnings,
    method_summary,
    network_summary,
    study_warnings,
    versions,
)
from samefeatures.study.tables import write_cells, write_controls, write_predictions

MAPS_VERSION = 1
"""Raised whenever a change in ``maps`` changes a fitted value."""


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """Features of every network on one of the two image sets, in the order of the study."""

    rows: dict[str, FeatureRows]
    summary: DataSummary


class Study:
    """One study in one folder.

    ``extract``, ``fit`` and ``score`` each do what is missing of the stages before them, and of
    their own, and nothing twice.

    Args:
        config: What to do.
        out: Folder for everything that comes out; created.
        base: Where relative paths of the config start.
        progress: Shows how far it is.
    """

    def __init__(
        self, config: StudyConfig, *, out: Path, base: Path, progress: Progress | None = None
    ) -> None:
        self.config = config
        self.out = out
        self.base = base
        self.progress = progress or Silent()
        with writing(out):
            out.mkdir(parents=True, exist_ok=True)

    @cached_property
    def inputs(self) -> StudyInputs:
        """The loaded networks and listed images."""
        return open_inputs(self.config, base=self.base, progress=self.progress)

    @cached_property
    def features(self) -> tuple[Side, Side]:
        """Fit side and eval side, extracted if need be."""
        inputs = self.inputs
        fit = self._side("fit", inputs.fit)
        return fit, self._side("eval", inputs.eval)

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

    def _side(self, kind: str, parts: Sequence[Part]) -> Side:
        stores = [self._extract_part(kind, part, self.inputs.image_networks) for part in parts]
        rows = {
            network.name: _joined(parts, stores, network.name)
            for network in self.inputs.image_networks
        }
        for network in feature_file_networks(self.inputs):
            is_fit = kind == "fit"
            rows[network.name] = ArrayRows(
                name=network.name,
                values=network.fit_features if is_fit else network.eval_features,
                fingerprint=network.fingerprint,
                ids=network.fit_ids if is_fit else network.eval_ids,
                labels=None if is_fit else network.eval_labels,
            )
        ordered = {name: rows[name] for name in self.inputs.networks}
        check_same_images(list(ordered.values()))
        return Side(ordered, _summary(parts, stores, next(iter(ordered.values()))))

    def extract_another(self, network: ImageNetwork) -> tuple[FeatureRows, FeatureRows]:
        """Fit rows and eval rows of a network that is not of the study, e.g. for a control."""
        sides = []
        for kind, parts in (("fit", self.inputs.fit), ("eval", self.inputs.eval)):
            stores = [self._extract_part(kind, part, [network]) for part in parts]
            sides.append(_joined(parts, stores, network.name))
        return sides[0], sides[1]

    def _extract_part(
        self, kind: str, part: Part, networks: Sequence[ImageNetwork]
    ) -> dict[str, StoredFeatures]:
        total = len(part.images) * (part.views.count if part.views else 1)
        bars = {
            net.name: self.progress.task(f"{kind}: {part.images.name}: {net.name}", total)
            for net in networks
        }
        stores = extract(
            networks,
            part.images,
            self.out / "features",
            views=part.views,
            options=ExtractOptions(
                batch_size=self.config.batch_size,
                workers=self.config.workers,
                strict=self.config.strict,
            ),
            on_rows=lambda name, rows: bars[name](rows),
        )
        return {net.name: store for net, store in zip(networks, stores, strict=True)}

    def fit(self) -> None:
        """All maps of all methods, saved as ``maps/LABEL/SOURCE--TARGET.safetensors``."""
        fit, _ = self.features
        todo = {m.label: self._missing_maps(m, fit) for m in self.config.methods}
        total = sum(map(len, todo.values()))
        if total == 0:
            return
        moments = accumulate(
            list(fit.rows.values()), self.out / "moments", kind="fit", progress=self.progress
        )
        advance = self.progress.task("fit maps", total)
        for source in self.inputs.networks:
            problem = SourceProblem(source, self.inputs.networks, moments)
            for entry in self.config.methods:
                targets = [b for a, b in todo[entry.label] if a == source]
                for fitted in self._fitted(entry, problem, targets, fit):
                    self._keep_map(entry.label, fitted)
                    advance(1)

    def _fitted(
        self, entry: MethodConfig, problem: SourceProblem, targets: Sequence[str], fit: Side
    ) -> Iterator[AffineMap]:
        method = entry.build()
        if not isinstance(method, RowMethod):
            return method.fit(problem, targets)
        return method.fit_rows(
            problem,
            fit.rows,
            targets,
            checkpoint=self.out / "maps" / entry.label / f"{problem.source}.checkpoint.npz",
            progress=self.progress,
        )

    def _keep_map(self, label: str, fitted: AffineMap) -> None:
        path = self.map_path(label, fitted.source, fitted.target)
        with writing(path):
            if fitted.curve is not None:  # before the map, whose presence means done
                fitted.curve.save(self.curve_path(label, fitted.source, fitted.target))
            fitted.save(path)

    def map_path(self, label: str, source: str, target: str) -> Path:
        """Where a map of this study is saved."""
        return self.out / "maps" / label / f"{source}--{target}.safetensors"

    def curve_path(self, label: str, source: str, target: str) -> Path:
        """Where the loss of an iterative fit lies, beside its map."""
        return self.out / "maps" / label / f"{source}--{target}.curve.npz"

    def check_cell(self, label: str, source: str, target: str) -> None:
        """Refuse a method or a network that this study does not have.

        Raises:
            MapError: naming those that it has.
        """
        known = {
            "method": [entry.label for entry in self.config.methods],
            "source": list(self.inputs.networks),
            "target": list(self.inputs.networks),
        }
        for what, value in {"method": label, "source": source, "target": target}.items():
            if value not in known[what]:
                raise MapError(
                    f"This study has no {what} '{value}'. It has: {', '.join(known[what])}."
                )
        if source == target:
            raise MapError(
                f"There is no map from {source} to itself: on the diagonal stands the network "
                "unmapped. Name two networks."
            )

    def load_map(self, label: str, source: str, target: str) -> AffineMap:
        """A saved map.

        Raises:
            MapError: when the study has no such method or network, or it was not fitted.
        """
        self.check_cell(label, source, target)
        return AffineMap.load(self.map_path(label, source, target))

    def _missing_maps(self, entry: MethodConfig, fit: Side) -> list[tuple[str, str]]:
        """Pairs without a map; maps of other settings are removed first."""
        key = self.map_key(entry, fit)
        folder = self.out / "maps" / entry.label
        manifest = folder / "key.json"
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            if _read_key(manifest) != key:
                for stale in [*folder.glob("*.safetensors"), *folder.glob("*.npz")]:
                    stale.unlink(missing_ok=True)
                record = {"key": key, "method": entry.name, "options": entry.options}
                write_whole(manifest, (json.dumps(record, indent=1) + "\n").encode())
        names = list(self.inputs.networks)
        pairs = [(a, b) for a in names for b in names if a != b]
        return [(a, b) for a, b in pairs if not self.map_path(entry.label, a, b).exists()]

    def map_key(self, entry: MethodConfig, fit: Side) -> str:
        """Everything that decides the maps of a method."""
        method = entry.build()
        return digest(
            str(MAPS_VERSION),
            method.name,
            json.dumps(dict(method.options), sort_keys=True),
            moments_key(list(fit.rows.values())),
            *(net.fingerprint for net in self.inputs.networks.values()),
        )

    def eval_moments(self) -> Moments:
        """Moments of the eval set, for R² and cosine."""
        _, evaluation = self.features
        return accumulate(
            list(evaluation.rows.values()),
            self.out / "moments",
            kind="eval",
            progress=self.progress,
        )

    def score(self) -> StudyResults:
        """Score every cell; writes ``results.*``, ``predictions.parquet`` and ``study.json``."""
        self.fit()
        fit, evaluation = self.features
        scorer = Scorer(
            networks=self.inputs.networks,
            rows=evaluation.rows,
            moments=self.eval_moments(),
            folder=self.out / "scores",
        )
        keys = {entry.label: self.map_key(entry, fit) for entry in self.config.methods}
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
            settings=json.loads(self.config.model_dump_json(exclude_none=True)),
            versions=versions(),
            classes=tuple(class_changes(per_class)),
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
                    path = self.curve_path(entry.label, source, target)
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
            target: self.load_map(label, source, target)
            for target in self.inputs.networks
            if target != source
        }


def _read_key(manifest: Path) -> str | None:
    """The key of the maps in a folder; None when there is none that can be read."""
    try:
        return str(json.loads(manifest.read_text())["key"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _joined(
    parts: Sequence[Part], stores: Sequence[Mapping[str, StoredFeatures]], name: str
) -> FeatureRows:
    """Rows of one network on all parts."""
    mine: list[FeatureRows] = [by_name[name] for by_name in stores]
    return mine[0] if len(mine) == 1 else JoinedRows(mine, [part.images.name for part in parts])


def _summary(
    parts: Sequence[Part], stores: Sequence[Mapping[str, StoredFeatures]], rows: FeatureRows
) -> DataSummary:
    if not parts:
        return DataSummary(
            name="features from npz files",
            images=len(rows),
            rows=len(rows),
            fingerprint=rows.fingerprint,
        )
    left_out = [
        LeftOut(id=f"{part.images.name}/{name}" if len(parts) > 1 else name, reason=reason)
        for part, by_name in zip(parts, stores, strict=True)
        for name, reason in next(iter(by_name.values())).left_out.items()
    ]
    views = {part.images.name: part.views.as_dict() for part in parts if part.views}
    return DataSummary(
        name=", ".join(part.images.name for part in parts),
        images=int(np.sum([len(part.images) for part in parts])),
        rows=len(rows),
        fingerprint=digest(*(part.images.fingerprint for part in parts)),
        views=views or None,
        left_out=tuple(left_out),
    )


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
