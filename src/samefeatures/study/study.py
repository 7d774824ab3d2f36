"""The N x N study: its stages in their order, each done on first use and kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from samefeatures.algebra.pools import one_pool
from samefeatures.base.brief import brief
from samefeatures.maps import METHODS, AffineMap
from samefeatures.scores.heads import Score
from samefeatures.study.by_rows.judge import Judge
from samefeatures.study.by_rows.run import ByRowsInputs, tables_by_rows
from samefeatures.study.by_rows.sizes import sizes_of
from samefeatures.study.canonical.inputs import CanonicalInputs
from samefeatures.study.canonical.kept import kept_canonical
from samefeatures.study.control_files import kept_controls
from samefeatures.study.controls_config import ANSWERS
from samefeatures.study.curve_config import CurveConfig
from samefeatures.study.fitting import fit_maps
from samefeatures.study.kept_similarity import results_of
from samefeatures.study.parts import StudyParts
from samefeatures.study.ranks import RankInputs, kept_ranks
from samefeatures.study.results import CanonicalResults, Similarity, StudyResults
from samefeatures.study.results_files import write_results
from samefeatures.study.scoring import Scored, Scorer
from samefeatures.study.shared import shared_images
from samefeatures.study.sides import Side, fingerprint_of
from samefeatures.study.similarity import chosen_measures, measured
from samefeatures.study.spectra import SpectraInputs, kept_spectra
from samefeatures.study.summaries import settings_of
from samefeatures.study.tasks import TaskInputs, run_tasks


class Study(StudyParts):
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

    def extract(self) -> tuple[Side, Side]:
        """Features of all networks on all images: fit side and eval side.

        Raises:
            SamefeaturesError: any of its kinds; what is stored stays.
        """
        with one_pool(), self.progress:
            return self.fit_features, self.eval_features

    def fit(self) -> None:
        """All maps of all methods, saved as ``maps/LABEL/SOURCE--TARGET.safetensors``."""
        # What is not there is said before hours of extraction.
        algebra, _, _ = self.algebra, self.task_images, self.followed
        with one_pool(), self.progress:
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
        with one_pool(), self.progress:
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
                    self.results_path,
                    settings_of(self.config),
                    self.inputs.networks,
                    side.summary,
                    fit=fingerprint_of(self.inputs.fit) if self.inputs.fit else None,
                ),
                algebra=self.algebra,
                progress=self.progress,
            )

    def score(self) -> StudyResults:
        """Score every cell; writes ``results.*``, ``predictions.parquet`` and ``study.json``."""
        with one_pool(), self.progress:
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
        controls = (
            kept_controls(self.control_inputs, lambda: self.made_spaces, scored.own)
            if self.config.chosen_controls
            else None
        )
        ranks = kept_ranks(self._rank_inputs(scored.own)) if self.config.ranks else None
        self.let_spaces_go()
        return write_results(
            self.possible,
            self.inputs,
            scored,
            measuring=self.measuring,
            fit_data=self.fit_features.summary,
            evaluation=self.eval_features,
            controls=controls,
            canonical=self._canonical(scored),
            tasks=run_tasks(self.config.tasks, self.task_inputs) if self.config.tasks else (),
            spectra=kept_spectra(self._spectra_inputs) if self.config.spectra else None,
            ranks=ranks,
            by_rows=tables_by_rows(self.by_rows_inputs) if self.config.curve else None,
            shared=shared_images(
                self.inputs,
                self.fit_features,
                self.eval_features,
                path=self.out / "scores" / "shared.json",
            ),
            folder=self.out,
        )

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
                folder=self.out,
                precision=self.config.algebra.precision,
                algebra=self.algebra,
                progress=self.progress,
            )
        )
