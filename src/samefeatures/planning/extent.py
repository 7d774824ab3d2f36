"""Everything about a study that decides what it takes: pure numbers, no clock and no file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from samefeatures.features.sample import SAMPLE
from samefeatures.maps import Sizes
from samefeatures.networks.record import FeatureFile
from samefeatures.planning.analyses import NO_ANALYSES, Analyses
from samefeatures.planning.controls import ControlWork
from samefeatures.planning.images import Images
from samefeatures.planning.tasks import TaskSize, task_sizes
from samefeatures.study.config import StudyConfig
from samefeatures.study.controls_config import ControlsConfig
from samefeatures.study.inputs import StudyInputs
from samefeatures.study.methods import MethodConfig
from samefeatures.study.task_images import TaskImages


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """A study in numbers.

    Attributes:
        dims: Features by network.
        seen: Networks that see images, in order; the others bring features.
        images: Of all sets.
        rows: Fit rows and eval rows.
        classes: Of every head.
        methods: As in the study file.
        controls: Which control spaces are taken; None: none.
        tasks: Questions that are asked.
        device: Of the networks; on ``cpu`` decoding and networks share the processor.
        stored: Whether features are stored.
        sample: Eval rows that measures of rows are shown, at most.
        spectra: Whether they are taken of all spaces and maps.
        analyses: Of fewer rows, of ranks, and of directions that all networks share.
    """

    dims: Mapping[str, int]
    seen: tuple[str, ...]
    images: tuple[Images, ...]
    rows: tuple[int, int]
    classes: int
    methods: tuple[MethodConfig, ...]
    controls: ControlsConfig | None = None
    tasks: tuple[TaskSize, ...] = ()
    device: str = "cpu"
    stored: bool = True
    sample: int = SAMPLE
    spectra: bool = False
    analyses: Analyses = NO_ANALYSES

    @property
    def sizes(self) -> Sizes:
        """What the cost of a method follows from."""
        return Sizes(
            dims=tuple(self.dims.values()),
            fit_rows=self.rows[0],
            classes=self.classes,
            sample=min(self.sample, self.rows[1]),
        )

    @property
    def hybrids(self) -> int:
        """Of all methods."""
        return len(self.methods) * self.sizes.hybrids

    @property
    def control_work(self) -> ControlWork | None:
        """Where controls are taken of two networks or more."""
        if self.controls is None or len(self.dims) < 2:
            return None
        dims = tuple(self.dims.values())
        return ControlWork(
            chosen=self.controls, dims=dims, classes=self.classes, seen=len(self.seen)
        )

    @property
    def control_bytes(self) -> int:
        """Of the moments of control spaces, and of the networks' by fold."""
        return self.control_work.moment_bytes if self.control_work else 0

    @property
    def control_memory(self) -> int:
        """Bytes while they are taken; they are gone before other analyses."""
        return self.control_work.memory if self.control_work else 0

    @property
    def moment_bytes(self) -> int:
        """float64, of one side."""
        return 8 * self.sizes.total**2

    @property
    def folds(self) -> frozenset[int]:
        """Numbers of folds whose moments methods read; a pass over the fit rows each."""
        return frozenset(entry.build().needs_folds for entry in self.methods) - {0}

    @property
    def fold_bytes(self) -> int:
        """Of their moments, all in memory together."""
        return sum(self.folds) * self.moment_bytes

    @property
    def prediction_bytes(self) -> int:
        """int32, once to resume from and once as the result."""
        return 2 * 4 * self.rows[1] * (len(self.dims) + self.hybrids)

    @property
    def judging(self) -> float:
        """Multiply-adds in float64: R² of each map, and its folding into a head."""
        sizes = self.sizes
        return len(self.methods) * (sizes.products + sizes.pairs * self.classes)


def extent_of(
    inputs: StudyInputs, config: StudyConfig, own: Mapping[str, TaskImages] | None = None
) -> Extent:
    """Sizes of a study that is open.

    Args:
        inputs: Networks and images.
        config: Of the study.
        own: Images that tasks bring themselves, by their name.
    """
    sides = {"fit": inputs.fit, "eval": inputs.eval}
    images = tuple(
        Images(kind=kind, name=p.images.name, count=len(p.images), views=p.views_per_image)
        for kind, parts in sides.items()
        for p in parts
    )
    first = next(iter(inputs.networks.values()))
    fit, evaluation = (sum(i.rows for i in images if i.kind == kind) for kind in sides)
    if isinstance(first, FeatureFile) and not images:
        fit, evaluation = len(first.fit_features), len(first.eval_features)
    dims = {name: net.dim for name, net in inputs.networks.items()}
    return Extent(
        dims=dims,
        seen=tuple(net.name for net in inputs.image_networks),
        images=images,
        rows=(fit, evaluation),
        classes=max(1, inputs.classes),  # rates are taken of heads, be there some or none
        methods=config.methods,
        controls=config.chosen_controls,
        tasks=tuple(task_sizes(config.tasks, own or {}, evaluation)),
        device=config.device,
        stored=config.store is not False,
        sample=config.sample or SAMPLE,
        spectra=bool(config.spectra),
        analyses=Analyses.of(config, fit, list(dims.values())),
    )
