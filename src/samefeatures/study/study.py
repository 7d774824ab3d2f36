"""The N x N study: its stages in their order, each done on first use and kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache

from samefeatures.algebra import Algebra, open_algebra
from samefeatures.base.arrays import Int64
from samefeatures.base.brief import brief
from samefeatures.base.display import Display, ProgressChoice
from samefeatures.base.errors import ConfigError, LabelError
from samefeatures.base.files import writing
from samefeatures.base.partial import clear_tree
from samefeatures.base.paths import PathLike, as_path
from samefeatures.features.direct import DirectRows
from samefeatures.features.folds import SEED, parts_of
from samefeatures.features.place import Root
from samefeatures.features.sample import SAMPLE, StoredSample
from samefeatures.joint.by_fold import moments_by_fold
from samefeatures.joint.folded import FoldedMoments
from samefeatures.joint.kept import kept_moments
from samefeatures.joint.norms import norm_moments
from samefeatures.joint.record import Moments
from samefeatures.joint.stream import Stream
from samefeatures.maps import METHODS, AffineMap
from samefeatures.scores.heads import Score
from samefeatures.study.by_rows.judge import Judge
from samefeatures.study.by_rows.run import ByRowsInputs, tables_by_rows
from samefeatures.study.by_rows.sizes import check_listed, methods_of, sizes_of
from samefeatures.study.canonical.inputs import CanonicalInputs
from samefeatures.study.canonical.kept import kept_canonical
from samefeatures.study.config import StudyConfig
from samefeatures.study.control_files import kept_controls
from samefeatures.study.control_inputs import ControlInputs
from samefeatures.study.controls_config import ANSWERS, ControlsConfig
from samefeatures.study.curve_config import CurveConfig
from samefeatures.study.fit_labels import fit_labels
from samefeatures.study.fitting import fit_maps
from samefeatures.study.headless import possible
from samefeatures.study.inputs import StudyInputs, open_inputs
from samefeatures.study.kept_similarity import results_of
from samefeatures.study.made_spaces import MadeSpaces, make_spaces
from samefeatures.study.map_files import MapFiles, map_keys
from samefeatures.study.measuring import Measuring
from samefeatures.study.methods import MethodConfig
from samefeatures.study.ranks import RankInputs, kept_ranks
from samefeatures.study.results import CanonicalResults, Similarity, StudyResults
from samefeatures.study.runner import LocalRunner, Runner, extract_options, feature_root
from samefeatures.study.scoring import Scored, Scorer
from samefeatures.study.shared import shared_images
from samefeatures.study.sides import Side, eval_side, fit_side, rows_of_others, streamed_side
from samefeatures.study.similarity import chosen_measures, measured
from samefeatures.study.spectra import SpectraInputs, kept_spectra
from samefeatures.study.summaries import settings_of, write_results
from samefeatures.study.task_images import TaskImages, open_task_images
from samefeatures.study.tasks import TaskInputs, run_tasks


class Study:
    """One study in one folder.

    ``extract``, ``fit`` and ``score`` each do what is missing of the stages before them, and of
    their own, and nothing twice.

    Args:
        config: What to do.
        out: Folder for everything that comes out; created.
        base: Where relative paths of the config start; the current folder if left out.
        progress: Shows how far ``extract``, ``fit``, ``map`` and ``score`` are: ``"bar"``,
            ``"quiet"``, or a function that takes a ``ProgressStep``.
        runner: Where extraction and moments run; None is this process.
    """

    def __repr__(self) -> str:
        return brief(
            self,
            title=self.config.title,
            networks=len(self.config.networks),
            methods=[entry.label for entry in self.config.methods],
            out=str(self.out),
        )

    def __init__(
        self,
        config: StudyConfig,
        *,
        out: PathLike,
        base: PathLike = ".",
        progress: ProgressChoice = "quiet",
        runner: Runner | None = None,
    ) -> None:
        if runner is not None and config.store is False:
            raise ConfigError(
                "'store: false' keeps no features that several processes could share. Run it in "
                "one process, or say 'store: true'."
            )
        out, base = as_path(out), as_path(base)
        self.config, self.out, self.base = config, out, base
        self.progress = Display(progress)
        self.results_path = out / "study.json"  # what the report reads
        self._local = LocalRunner(config, folder=out, base=base, progress=self.progress)
        self.runner: Runner = runner or self._local
        with writing(out):
            out.mkdir(parents=True, exist_ok=True)
        clear_tree(out)

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
            return streamed_side(self.inputs, self.stream)
        return fit_side(self.inputs, self.runner)

    @cached_property
    def eval_features(self) -> Side:
        """Rows that hybrids are scored on, extracted if need be."""
        return eval_side(self.inputs, self.runner)

    @cached_property
    def eval_labels(self) -> Int64:
        """(n,) class indices of the rows that hybrids are scored on.

        Raises:
            LabelError: when no network's rows carry them.
        """
        labels = self.eval_features.labels
        if labels is None:
            raise LabelError("The eval set has no labels. Give a labels CSV or class folders.")
        return labels

    @cached_property
    def possible(self) -> StudyConfig:
        """The study as its networks can have it: without methods that ask for heads they lack."""
        return possible(self.config, self.inputs.networks)[0]

    @cached_property
    def stream(self) -> Stream:
        """Extraction straight into moments, for ``store: false``."""
        networks, options = self.inputs.networks.values(), extract_options(self.config)
        return Stream(
            DirectRows(networks, self.inputs.fit, options, self._local.meter),
            precision=self.config.algebra.precision,
            folder=self.out / "moments",
            algebra=self.algebra,
            progress=self.progress,
        )

    @cached_property
    def algebra(self) -> Algebra:
        """Where moments, maps and scores are computed."""
        return open_algebra(self.config.algebra_device)

    def fit_moments(self) -> Moments:
        """Moments of the fit set, of which all closed-form maps are made."""
        if self.config.store is False:
            return self.stream.moments()
        return self._moments(self.fit_features, "fit", lambda: self.made_spaces.summed)

    def fit_folds(self, count: int) -> tuple[Moments, ...]:
        """Moments of each of so many folds of the fit set, by which strengths are chosen."""
        side = self.fit_features
        parts = list(side.rows.values())
        return moments_by_fold(
            parts,
            parts_of(side.ids or len(parts[0]), count, seed=SEED),
            self.out / "moments",
            kind="fit",
            progress=self.progress,
            precision=self.config.algebra.precision,
            algebra=self.algebra,
        )

    @cached_property
    def eval_moments(self) -> Moments:
        """Moments of the eval set, of which all measures are taken."""
        return self._moments(self.eval_features, "eval", lambda: self.made_spaces.judged)

    def _moments(self, side: Side, kind: str, beside: Callable[[], FoldedMoments]) -> Moments:
        """Of one side; where control spaces are summed in this process, in the same pass."""
        parts, precision = list(side.rows.values()), self.config.algebra.precision
        if self.config.chosen_controls is None or self.runner is not self._local:
            return self.runner.moments(parts, kind=kind)
        kept = kept_moments(parts, self.out / "moments", kind=kind, precision=precision)
        return kept or beside().networks

    @cached_property
    def control_inputs(self) -> ControlInputs:
        """What controls are taken of."""
        fit, evaluation, data = self.fit_features, self.eval_features, self.config.data
        classes, chosen = self.inputs.classes, self.config.chosen_controls
        return ControlInputs(
            networks=self.inputs.networks,
            fit=fit.rows,
            evaluation=evaluation.rows,
            labels=self.eval_labels,
            fit_labels=lambda: fit_labels(data, fit.ids, classes=classes, base=self.base),
            # In this process: other machines know the networks of the study's file alone.
            extract=lambda networks: rows_of_others(self.inputs, self._local, networks),
            folder=self.out,
            chosen=chosen or ControlsConfig(),
            measures=self.measuring.of_spaces,
            precision=self.config.algebra.precision,
            algebra=self.algebra,
            progress=self.progress,
        )

    @cached_property
    def task_images(self) -> dict[str, TaskImages]:
        """Images that tasks bring themselves, listed."""
        return open_task_images(self.config.tasks, self.inputs, base=self.base)

    def _rank_inputs(self, own: Mapping[str, Score]) -> RankInputs:
        """What maps of every rank are made of and judged by."""
        ranks, controlled = self.config.ranks, self.config.chosen_controls is not None
        return RankInputs(
            networks=self.inputs.networks,
            fit=self.fit_features.rows,
            evaluation=self.eval_features.rows,
            labels=self.eval_features.labels,
            own=own,
            fit_moments=lru_cache(self.fit_moments),
            eval_moments=lambda: self.eval_moments,
            made=(lambda: self.made_spaces) if controlled else None,
            chosen=ranks if isinstance(ranks, tuple) else None,
            precision=self.config.algebra.precision,
            folder=self.out,
            algebra=self.algebra,
            progress=self.progress,
        )

    @property
    def _spectra_inputs(self) -> SpectraInputs:
        """What spectra are taken of."""
        return SpectraInputs(
            fit=self.fit_features.rows,
            moments=self.fit_moments,
            precision=self.config.algebra.precision,
            maps=self.maps,
            keys=self.map_keys,
            folder=self.out,
            algebra=self.algebra,
            progress=self.progress,
        )

    @property
    def task_inputs(self) -> TaskInputs:
        """What tasks are asked of."""
        methods = self.possible.methods
        labels = [entry.label for entry in methods if METHODS.get(entry.name).uses == "images"]
        return TaskInputs(
            inputs=self.inputs,
            fit=self.fit_features.rows,
            evaluation=self.eval_features.rows,
            labels=self.eval_labels,
            images=self.task_images,
            maps=self.maps,
            keys={label: self.map_keys[label] for label in labels},
            runner=self._local,
            folder=self.out / "tasks",
            algebra=self.algebra,
            progress=self.progress,
        )

    @cached_property
    def followed(self) -> list[MethodConfig]:
        """Methods whose maps are followed over the number of rows; none without ``curve``.

        Raises:
            ConfigError: when ``curve`` names what can't be.
        """
        chosen = self.config.chosen_curve
        if chosen is None:
            return []
        check_listed(chosen, self.inputs)
        return methods_of(chosen, self.possible.methods)

    @property
    def by_rows_inputs(self) -> ByRowsInputs:
        """What maps of fewer rows are made of and judged by."""
        chosen, controls = self.config.chosen_curve or CurveConfig(), self.config.chosen_controls
        fit, dims = self.fit_features.rows, [net.dim for net in self.inputs.networks.values()]
        return ByRowsInputs(
            judge=Judge(
                networks=self.inputs.networks,
                rows=self.eval_features.rows,
                labels=self.eval_features.labels,
                moments=self.eval_moments,
                algebra=self.algebra,
            ),
            fit=fit,
            methods=self.followed,
            keys={entry.label: self.map_keys[entry.label] for entry in self.followed},
            sizes=sizes_of(chosen, len(next(iter(fit.values()))), dims),
            seeds=chosen.seeds,
            beyond=controls is not None and (ANSWERS,) in controls.given,
            folder=self.out,
            precision=self.config.algebra.precision,
            algebra=self.algebra,
            progress=self.progress,
        )

    @cached_property
    def made_spaces(self) -> MadeSpaces:
        """Control spaces, and the moments of them with the networks."""
        return make_spaces(self.control_inputs)

    @cached_property
    def measuring(self) -> Measuring:
        """Takes what is measured of maps and spaces on the eval set."""
        return Measuring(
            self.config.measures,
            lambda: self.eval_moments,
            norms=lambda: self._eval_norms(self.eval_moments),
            sample=self._sample,
            algebra=self.algebra,
        )

    @property
    def _sample(self) -> StoredSample:
        """Of the eval rows."""
        return StoredSample(self.eval_features.rows, self.config.sample or SAMPLE)

    def _eval_norms(self, moments: Moments) -> Moments:
        """Of the eval rows, whose moments these are."""
        parts = list(self.eval_features.rows.values())
        folder = self.out / "moments"
        return norm_moments(parts, moments, folder, kind="eval", progress=self.progress)

    @cached_property
    def maps(self) -> MapFiles:
        """Where the maps lie."""
        labels = [entry.label for entry in self.possible.methods]
        return MapFiles(self.out / "maps", labels, list(self.inputs.networks))

    @property
    def map_keys(self) -> dict[str, str]:
        """Everything that decides the maps of each method, by its label."""
        return map_keys(self.possible, self.fit_features.rows, self.inputs.networks)

    @property
    def feature_root(self) -> Root:
        """Where the feature stores lie."""
        return feature_root(self.config, folder=self.out, base=self.base)

    def extract(self) -> tuple[Side, Side]:
        """Features of all networks on all images: fit side and eval side.

        Raises:
            SamefeaturesError: any of its kinds; what is stored stays.
        """
        with self.progress:
            return self.fit_features, self.eval_features

    def fit(self) -> None:
        """All maps of all methods, saved as ``maps/LABEL/SOURCE--TARGET.safetensors``."""
        # What is not there is said before hours of extraction.
        algebra, _, _ = self.algebra, self.task_images, self.followed
        with self.progress:
            fit_maps(
                self.possible.methods,
                self.map_keys,
                self.maps,
                networks=self.inputs.networks,
                rows=self.fit_features.rows,
                moments=self.fit_moments,
                folds=self.fit_folds,
                algebra=algebra,
                progress=self.progress,
            )

    def map(self, method: str, source: str, target: str) -> AffineMap:
        """One of the maps, fitted if need be.

        Raises:
            MapError: when the study has no such method or network.
        """
        self.maps.check_cell(method, source, target)
        self.fit()  # nothing to do unless weights, images or settings have changed since
        return self.maps.load(method, source, target)

    def similarity(self, *, measures: Sequence[str] = ()) -> Similarity:
        """How near all pairs of spaces are on the eval rows; no head, label or map is needed.

        Args:
            measures: Names; those of the study where none is given, or else all of two spaces.

        Raises:
            ConfigError: when there is no such measure, or one network alone.
        """
        chosen = chosen_measures(measures, self.config.measures)
        with self.progress:
            side = self.eval_features
            # Without control spaces, which the moments of a run may be summed with.
            moments = self.runner.moments(list(side.rows.values()), kind="eval")
            return measured(
                chosen,
                moments,
                norms=lambda: self._eval_norms(moments),
                sample=self._sample,
                title=self.config.title,
                results=results_of(
                    self.results_path, settings_of(self.config), self.inputs.networks, side.summary
                ),
                algebra=self.algebra,
                progress=self.progress,
            )

    def score(self) -> StudyResults:
        """Score every cell; writes ``results.*``, ``predictions.parquet`` and ``study.json``."""
        with self.progress:
            self.fit()
            return self._score()

    def _score(self) -> StudyResults:
        scorer = Scorer(
            networks=self.inputs.networks,
            rows=self.eval_features.rows,
            labels=self.eval_features.labels,
            maps=self.maps,
            measuring=self.measuring,
            folder=self.out / "scores",
            algebra=self.algebra,
        )
        scored = scorer.run(self.map_keys, self.progress)
        return write_results(
            self.possible,
            self.inputs,
            scored,
            measures=self.measuring.keys,
            fit_data=self.fit_features.summary,
            evaluation=self.eval_features,
            controls=kept_controls(self.control_inputs, lambda: self.made_spaces, scored.own)
            if self.config.chosen_controls
            else None,
            canonical=self._canonical(scored),
            tasks=run_tasks(self.config.tasks, self.task_inputs) if self.config.tasks else (),
            spectra=kept_spectra(self._spectra_inputs) if self.config.spectra else None,
            ranks=kept_ranks(self._rank_inputs(scored.own)) if self.config.ranks else None,
            by_rows=tables_by_rows(self.by_rows_inputs) if self.config.curve else None,
            shared=shared_images(
                self.inputs,
                self.fit_features,
                self.eval_features,
                path=self.out / "scores" / "shared.json",
            ),
            folder=self.out,
        )

    def _canonical(self, scored: Scored) -> CanonicalResults | None:
        """What the networks share, where the study asks for it."""
        chosen = self.config.chosen_canonical
        if chosen is None:
            return None
        labels = self.eval_features.labels
        own = None if labels is None else {k: score.correct for k, score in scored.own.items()}
        return kept_canonical(
            CanonicalInputs(
                networks=self.inputs.networks,
                fit=self.fit_features.rows,
                evaluation=self.eval_features.rows,
                labels=labels,
                own=own,
                take_fit=self.fit_moments,
                take_eval=lambda: self.eval_moments,
                chosen=chosen,
                answers=bool(self.config.controls),
                folder=self.out,
                precision=self.config.algebra.precision,
                algebra=self.algebra,
                progress=self.progress,
            )
        )
