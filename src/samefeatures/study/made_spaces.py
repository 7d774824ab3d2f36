"""Control spaces of a study, made on both sides, and the moments of them with its networks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from samefeatures.base.arrays import Int64
from samefeatures.base.errors import ConfigError, NetworkError
from samefeatures.features.folds import parts_of
from samefeatures.features.rows import FeatureRows
from samefeatures.features.spaces.grey import FirstChannel
from samefeatures.joint.cross import Shuffled
from samefeatures.joint.folded import FoldedMoments, Reading, fold_moments
from samefeatures.joint.views import SecondMoments
from samefeatures.networks.pixels import is_grey, pixel_space
from samefeatures.networks.random_weights import with_random_weights
from samefeatures.networks.record import ImageNetwork
from samefeatures.study.control_inputs import SEED, ControlInputs
from samefeatures.study.controls_config import LABELS, PIXELS, Given
from samefeatures.study.spaces import Spaces, shuffled_of

BLOCKS = 20
"""Blocks of eval images for the jackknife."""
ROWS = 4096


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MadeSpaces:
    """Control spaces and what was summed of them.

    Attributes:
        fit: Of the fit rows.
        evaluation: Of the eval rows.
        summed: Moments of the fit rows, fold by fold.
        judged: Of the eval rows.
        fold_of: (n,) the fold of each fit row.
        part_of: (m,) the part of each eval row, for the jackknife.
        givens: What measures are taken beyond.
        left_out: Why a space could not be made, by its name.
    """

    fit: Spaces
    evaluation: Spaces
    summed: FoldedMoments
    judged: FoldedMoments
    fold_of: Int64
    part_of: Int64
    givens: tuple[Given, ...]
    left_out: Mapping[str, str]

    @property
    def total(self) -> SecondMoments:
        """Of all fit rows, class noise among the spaces."""
        return self.fit.with_class_noise(self.summed.total)

    @property
    def judge(self) -> SecondMoments:
        """Of all eval rows."""
        return self.evaluation.with_class_noise(self.judged.total)

    @property
    def notes(self) -> Iterator[str]:
        """What a reader of the numbers should know."""
        n = len(self.fold_of)
        for name, space in self.fit.by_name.items():
            if name not in self.fit.networks and space.dim >= n:
                yield (
                    f"{name}: {space.dim} columns on {n} fit rows; its least squares are those of "
                    "minimum norm, and fit the rows exactly."
                )
        for name, space in self.fit.answers.items():
            given = np.rint(self.summed.total.n * self.summed.total.mean_of(space.name))
            if (given > 0).sum() == 1:
                yield (
                    f"All fit images are class {int(given.argmax())} to {name}: its answers say "
                    "nothing, and what is shared beyond them is all that is shared."
                )


def make_spaces(inputs: ControlInputs) -> MadeSpaces:
    """All spaces that can be made; those that can't are named with the reason.

    Raises:
        ConfigError: when the study names what can't be made.
    """
    n, m = inputs.counts
    fold_of = parts_of(_ids(inputs.fit) or n, inputs.chosen.folds, seed=SEED)
    part_of = parts_of(_ids(inputs.evaluation) or m, min(BLOCKS, m), seed=SEED)
    fit, evaluation, left_out = _sides(inputs)
    givens = _givens(inputs, fit, left_out)
    fit, evaluation = _with_labels(inputs, givens, fit, evaluation)
    return MadeSpaces(
        fit=fit,
        evaluation=evaluation,
        summed=_moments(inputs, fit.reading(givens, fold_of=fold_of), kind="fit"),
        judged=_moments(inputs, evaluation.reading(givens), kind="eval"),
        fold_of=fold_of,
        part_of=part_of,
        givens=givens,
        left_out=left_out,
    )


def _moments(inputs: ControlInputs, reading: Reading, *, kind: str) -> FoldedMoments:
    return fold_moments(
        reading,
        inputs.folder / "moments",
        kind=kind,
        progress=inputs.progress,
        precision=inputs.precision,
        algebra=inputs.algebra,
    )


def _sides(inputs: ControlInputs) -> tuple[Spaces, Spaces, dict[str, str]]:
    """The spaces of both sides, and why one could not be made."""
    twins, left_out = _twins(inputs)
    image: list[ImageNetwork] = []
    if inputs.chosen.pixels is not False:
        seen = [net for net in inputs.networks.values() if isinstance(net, ImageNetwork)]
        if len(seen) == len(inputs.networks):
            size = None if inputs.chosen.pixels is True else inputs.chosen.pixels
            image = [pixel_space(seen[0].preprocessing, size=size)]
        else:
            left_out[PIXELS] = "some networks bring features from files; their images are not known"
    # Together: each image is decoded once.
    sides = inputs.extract([*twins.values(), *image])
    pixels = _pixels(*(side[PIXELS] for side in sides)) if image else (None, None)
    first, chosen = inputs.source, inputs.chosen
    fit, evaluation = (
        Spaces(
            networks=inputs.networks,
            rows=rows,
            pixels=of_image,
            random={place: side[twin.name] for place, twin in twins.items()},
            shuffled=Shuffled(
                name=shuffled_of(first),
                rows=rows[first],
                folder=inputs.folder / "controls",
                seed=SEED,
            ),
            soft=chosen.answers == "soft",
            columns=chosen.class_noise,
            seed=SEED,
        )
        for rows, side, of_image in zip((inputs.fit, inputs.evaluation), sides, pixels, strict=True)
    )
    return fit, evaluation, left_out


def _twins(inputs: ControlInputs) -> tuple[dict[tuple[str, int], ImageNetwork], dict[str, str]]:
    """Every architecture with random weights, by network and seed, and why one is missing."""
    twins: dict[tuple[str, int], ImageNetwork] = {}
    left_out: dict[str, str] = {}
    for name, network in inputs.networks.items():
        for seed in range(SEED, SEED + inputs.chosen.seeds):
            try:
                twin = with_random_weights(network, seed=seed)
            except NetworkError as error:
                left_out[f"random weights of {name}"] = str(error)
                break
            ending = f"-{seed}" if seed != SEED else ""
            twins[name, seed] = replace(twin, name=twin.name + ending)
    return twins, left_out


def _pixels(fit: FeatureRows, evaluation: FeatureRows) -> tuple[FeatureRows, FeatureRows]:
    """One channel where all fit images are grey: three that are equal say nothing more."""
    if all(is_grey(block) for block in fit.chunks(ROWS)):
        return FirstChannel(fit), FirstChannel(evaluation)
    return fit, evaluation


def _givens(inputs: ControlInputs, fit: Spaces, left_out: Mapping[str, str]) -> tuple[Given, ...]:
    """Those that there are; what the study file itself names must be there."""
    chosen = inputs.chosen
    missing = [given for given in chosen.given if PIXELS in given and fit.pixels is None]
    if missing and chosen.says("given"):
        raise ConfigError(
            f"controls: given names 'pixels', which are not there: "
            f"{left_out.get(PIXELS, 'pixels: false leaves them out')}. Leave them out of 'given'."
        )
    return tuple(given for given in chosen.given if given not in missing)


def _with_labels(
    inputs: ControlInputs, givens: tuple[Given, ...], fit: Spaces, evaluation: Spaces
) -> tuple[Spaces, Spaces]:
    """With true labels beside them where they are given, and only then."""
    if not any(LABELS in given for given in givens):
        return fit, evaluation
    labels = inputs.fit_labels()
    if isinstance(labels, str):
        raise ConfigError(
            f"controls: given names 'labels', which are not there: {labels}. Leave them out of "
            "'given', or give fit images with labels."
        )
    return replace(fit, labels=labels), replace(evaluation, labels=inputs.labels)


def _ids(rows: Mapping[str, FeatureRows]) -> list[str] | None:
    return next((list(part.ids) for part in rows.values() if part.ids is not None), None)
