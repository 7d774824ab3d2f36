"""Control spaces mapped into every network of a study, and what is shared beyond them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from samefeatures.base.memory import give_back
from samefeatures.features.rows import FeatureRows
from samefeatures.scores.heads import Score
from samefeatures.study.beyond import Evidence, beyond_rows
from samefeatures.study.control_inputs import SEED, ControlInputs
from samefeatures.study.control_rows import answers_rows, space_rows
from samefeatures.study.made_spaces import MadeSpaces
from samefeatures.study.results.spaces import BeyondRow, SpaceFindings, SpaceRow
from samefeatures.study.spaces import Spaces, answers_of

Source = tuple[str, str | None, int, FeatureRows]
"""Kind, network, seed and eval rows of a control space that stands in a source's place."""


Kept = Callable[[str, Callable[[], Iterable[BeyondRow]]], Sequence[BeyondRow]]
"""Given a source's name and what finds its rows: these, or those of a run that was stopped."""


def taken(_source: str, take: Callable[[], Iterable[BeyondRow]]) -> Sequence[BeyondRow]:
    """Found now, and kept nowhere."""
    return tuple(take())


def find_spaces(
    inputs: ControlInputs, made: MadeSpaces, own: Mapping[str, Score], *, kept: Kept = taken
) -> SpaceFindings:
    """Rows of every control space, and R² beyond what is given.

    Args:
        inputs: The study.
        made: Its spaces.
        own: Scores of the networks with their own heads on the eval rows.
        kept: Keeps what is shared beyond controls, source by source: with many features one takes
            minutes.
    """
    evidence = Evidence.of(made, sample=inputs.sample, algebra=inputs.algebra)
    sources = _sources(made.evaluation)
    advance = inputs.progress.task("control spaces", len(sources))
    rows: list[SpaceRow] = []
    for kind, of, seed, space in sources:
        rows += space_rows(
            space,
            kind=kind,
            of=of,
            seed=seed,
            networks=inputs.networks,
            fit=evidence.fit,
            judge=evidence.judge,
            own=own,
            labels=inputs.labels,
            algebra=inputs.algebra,
        )
        advance(1)
    advance = inputs.progress.task("shared beyond them", len(inputs.networks))
    beyond: list[BeyondRow] = []
    for name in inputs.networks:
        beyond += kept(
            name,
            partial(
                beyond_rows,
                name,
                made.givens,
                evidence,
                measures=inputs.measures,
                algebra=inputs.algebra,
            ),
        )
        evidence.forget()
        give_back()
        advance(1)
    return SpaceFindings(
        rows=tuple(rows),
        answers=tuple(
            row
            for name in inputs.networks
            for row in answers_rows(name, answers_of(name), inputs.networks, evidence.fit)
        ),
        beyond=tuple(beyond),
        notes=tuple(made.notes),
        left_out=made.left_out,
    )


def _sources(spaces: Spaces) -> list[Source]:
    found: list[Source] = [("answers", n, SEED, space) for n, space in spaces.answers.items()]
    found += [("soft answers", name, SEED, s) for name, s in spaces.soft_answers.items()]
    found += [("class noise", name, SEED, s) for name, s in spaces.class_noise.items()]
    found += [("random weights", name, seed, s) for (name, seed), s in spaces.random.items()]
    found += [("pixels", None, SEED, spaces.pixels)] if spaces.pixels is not None else []
    return found
