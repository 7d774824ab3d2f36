"""Control spaces of a study: made, mapped into every network, and what is shared beyond them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from samefeatures.base.arrays import Int64
from samefeatures.base.errors import NetworkError
from samefeatures.features.folds import parts_of
from samefeatures.features.rows import FeatureRows
from samefeatures.features.spaces.grey import FirstChannel
from samefeatures.moments.folded import FoldedMoments, fold_moments
from samefeatures.networks.pixels import is_grey, pixel_space
from samefeatures.networks.random_weights import with_random_weights
from samefeatures.networks.record import ImageNetwork
from samefeatures.study.beyond import Evidence, beyond_rows
from samefeatures.study.control_rows import answers_rows, space_rows
from samefeatures.study.results.spaces import BeyondRow, SpaceFindings, SpaceRow
from samefeatures.study.space_inputs import SEED, SpaceInputs
from samefeatures.study.spaces import PIXELS, Spaces, answers_of

FOLDS = 5
BLOCKS = 20
"""Blocks of eval images for the jackknife."""
ROWS = 4096


def random_of(network: str) -> str:
    """What the untrained twin of a network is called where it can't be made."""
    return f"random weights of {network}"


def find_spaces(inputs: SpaceInputs) -> SpaceFindings:
    """Rows of every control space, and R² beyond answers, and beyond answers and pixels."""
    fit, evaluation, left_out = _made(inputs)
    n, m = (len(next(iter(side.rows.values()))) for side in (fit, evaluation))
    fold_of = parts_of(_ids(inputs.fit) or n, FOLDS, seed=SEED)
    part_of = parts_of(_ids(inputs.evaluation) or m, min(BLOCKS, m), seed=SEED)
    summed = _moments(inputs, fit, fold_of, kind="fit")
    judged = _moments(inputs, evaluation, np.zeros(m, np.int64), kind="eval")
    total, judge = fit.with_class_noise(summed.total), evaluation.with_class_noise(judged.total)
    evidence = Evidence(
        fit=total,
        folds=[fit.with_class_noise(fold) for fold in summed.folds],
        judge=judge,
        rows=evaluation.by_name,
        part_of=part_of,
    )
    advance = inputs.progress.task("control spaces", 2 * len(inputs.networks))
    rows: list[SpaceRow] = []
    for kind, of, space in _sources(evaluation):
        rows += space_rows(
            space,
            kind=kind,
            of=of,
            networks=inputs.networks,
            fit=total,
            judge=judge,
            own=inputs.own,
            labels=inputs.labels,
            algebra=inputs.algebra,
        )
    advance(len(inputs.networks))
    beyond: list[BeyondRow] = []
    for name in inputs.networks:
        beyond += beyond_rows(name, list(inputs.networks), evidence, algebra=inputs.algebra)
        advance(1)
    return SpaceFindings(
        rows=tuple(rows),
        answers=tuple(
            row
            for name in inputs.networks
            for row in answers_rows(name, answers_of(name), inputs.networks, total)
        ),
        beyond=tuple(beyond),
        left_out=left_out,
    )


def _moments(inputs: SpaceInputs, spaces: Spaces, fold_of: Int64, *, kind: str) -> FoldedMoments:
    return fold_moments(
        spaces.reading(fold_of),
        inputs.folder,
        kind=kind,
        progress=inputs.progress,
        algebra=inputs.algebra,
    )


def _made(inputs: SpaceInputs) -> tuple[Spaces, Spaces, dict[str, str]]:
    """The spaces of both sides, and why one could not be made."""
    random: dict[str, ImageNetwork] = {}
    left_out: dict[str, str] = {}
    for name, network in inputs.networks.items():
        try:
            random[name] = with_random_weights(network, seed=SEED)
        except NetworkError as error:
            left_out[random_of(name)] = str(error)
    seen = [net for net in inputs.networks.values() if isinstance(net, ImageNetwork)]
    image = [pixel_space(seen[0].preprocessing)] if len(seen) == len(inputs.networks) else []
    if not image:
        left_out[PIXELS] = "some networks bring features from files; their images are not known"
    sides = inputs.extract([*random.values(), *image])  # together: each image is decoded once
    pixels = _pixels(*(side[PIXELS] for side in sides)) if image else (None, None)
    fit, evaluation = (
        Spaces(
            networks=inputs.networks,
            rows=rows,
            pixels=of_image,
            random={name: side[twin.name] for name, twin in random.items()},
            seed=SEED,
        )
        for rows, side, of_image in zip((inputs.fit, inputs.evaluation), sides, pixels, strict=True)
    )
    return fit, evaluation, left_out


def _pixels(fit: FeatureRows, evaluation: FeatureRows) -> tuple[FeatureRows, FeatureRows]:
    """One channel where all fit images are grey: three that are equal say nothing more."""
    if all(is_grey(block) for block in fit.chunks(ROWS)):
        return FirstChannel(fit), FirstChannel(evaluation)
    return fit, evaluation


def _sources(spaces: Spaces) -> list[tuple[str, str | None, FeatureRows]]:
    """Kind, network and rows of every control space that stands in a source's place."""
    found: list[tuple[str, str | None, FeatureRows]] = []
    found += [("answers", name, space) for name, space in spaces.answers.items()]
    found += [("class noise", name, space) for name, space in spaces.class_noise.items()]
    found += [("random weights", name, rows) for name, rows in spaces.random.items()]
    found += [("pixels", None, spaces.pixels)] if spaces.pixels is not None else []
    return found


def _ids(rows: Mapping[str, FeatureRows]) -> list[str] | None:
    return next((list(part.ids) for part in rows.values() if part.ids is not None), None)
