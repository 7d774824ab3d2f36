"""What the stages of a study stand on: networks, rows, moments, places, each made on first use."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from samefeatures.algebra import Algebra, open_algebra
from samefeatures.base.arrays import Int64
from samefeatures.base.display import Display, ProgressChoice
from samefeatures.base.errors import ConfigError, LabelError
from samefeatures.base.files import writing
from samefeatures.base.memory import give_back
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
from samefeatures.study.by_rows.sizes import check_listed, methods_of
from samefeatures.study.config import StudyConfig
from samefeatures.study.control_inputs import ControlInputs
from samefeatures.study.controls_config import ControlsConfig
from samefeatures.study.fit_labels import fit_labels
from samefeatures.study.headless import possible
from samefeatures.study.inputs import StudyInputs, open_inputs
from samefeatures.study.made_spaces import MadeSpaces, make_spaces
from samefeatures.study.map_files import MapFiles, map_keys
from samefeatures.study.measuring import Measuring
from samefeatures.study.methods import MethodConfig
from samefeatures.study.runner import LocalRunner, Runner, extract_options, feature_root
from samefeatures.study.sides import Side, eval_side, fit_side, rows_of_others, streamed_side
from samefeatures.study.task_images import TaskImages, open_task_images


class StudyParts:
    """What the stages of a study stand on, each made on first use; arguments as ``Study`` says."""

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
        networks, chosen = self.inputs.networks, self.config.chosen_controls
        return ControlInputs(
            networks=networks,
            fit=fit.rows,
            evaluation=evaluation.rows,
            labels=self.eval_labels,
            fit_labels=lambda: fit_labels(
                data, fit.ids, networks=networks.values(), base=self.base
            ),
            # In this process: other machines know the networks of the study's file alone.
            extract=lambda networks: rows_of_others(self.inputs, self._local, networks),
            folder=self.out,
            chosen=chosen or ControlsConfig(),
            measures=self.measuring.of_spaces,
            sample=self._sample.count,
            precision=self.config.algebra.precision,
            algebra=self.algebra,
            progress=self.progress,
        )

    @cached_property
    def task_images(self) -> dict[str, TaskImages]:
        """Images that tasks bring themselves, listed."""
        return open_task_images(self.config.tasks, self.inputs, base=self.base)

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

    @cached_property
    def made_spaces(self) -> MadeSpaces:
        """Control spaces, and the moments of them with the networks."""
        return make_spaces(self.control_inputs)

    def let_spaces_go(self) -> None:
        """Forget the moments of control spaces: what comes now asks for none, and has no room."""
        self.__dict__.pop("made_spaces", None)
        give_back()

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
